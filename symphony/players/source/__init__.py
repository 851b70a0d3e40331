"""Measuring source files: which language, which lines are what, how involved the code is."""
