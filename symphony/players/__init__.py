"""The players that ship. Each module named in `FAMILIES` is a family; its functions are players named ``family.function``."""

FAMILIES = ("archive", "code", "csv", "files", "flow", "git", "hash", "html", "http", "json", "shell", "text", "view")
"""The families, sorted. Other modules of this package hold what the players are built from."""
