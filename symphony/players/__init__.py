"""The players that ship: each module named in `FAMILIES` is a family, its players are named ``family.function``."""

FAMILIES = ("archive", "code", "csv", "files", "flow", "git", "hash", "html", "http", "json", "shell", "text", "view")
"""The families, sorted. Other modules of this package hold what the players are built from."""
