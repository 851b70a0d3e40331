"""Text for shell scripts: words quoted so that bash, and the reader of melodies, take them as they are."""

from __future__ import annotations

import shlex


def quoted(word: str) -> str:
    """A word that bash reads as exactly this text."""
    return shlex.quote(word).replace("${{", "$''{{")  # a script may not hold the opening of an expression


def comment(text: str) -> str:
    """A comment of one line."""
    return "# " + " ".join(text.split()).replace("${{", "$ {{")


def refusal(reason: str) -> str:
    """A command that fails and says why."""
    return f"echo {quoted(reason)} >&2\nexit 1"


def folder_of(path: str) -> str:
    """The folder of a path; empty for the current one."""
    return path.rpartition("/")[0]
