"""Artifacts by content, the key table and the journal of runs: one SQLite file and one folder of objects."""
