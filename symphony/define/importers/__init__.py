"""Workflows of other tools as melodies: text in, a melody and a report out; nothing of the file runs."""
