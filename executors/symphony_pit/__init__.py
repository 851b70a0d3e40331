"""The Pit: the local executor."""
