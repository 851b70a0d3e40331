"""The ``symphony`` program: one file per group of commands."""
