"""Text for shell scripts: words quoted so that bash, and the reader of melodies, take them as they are."""

from __future__ import annotations

import shlex

from symphony.define.importers.new_names import legal
from symphony.define.yaml_task import SHELL_NAMES


def quoted(word: str) -> str:
    """A word that bash reads as exactly this text."""
    return shlex.quote(word).replace("${{", "$''{{")  # a script may not hold the opening of an expression


def comment(text: str) -> str:
    """A comment of one line."""
    return "# " + " ".join(text.split()).replace("${{", "$ {{")


def refusal(reason: str) -> str:
    """A command that fails and says why."""
    return f"echo {quoted(reason)} >&2\nexit 1"


def variable_wish(text: str, lead: str) -> str:
    """A wish for the name of a variable: with `lead` in front where the text alone might mean something to a shell."""
    plain = any(c.islower() for c in text) and SHELL_NAMES.fullmatch(legal(text)) is None
    return text if plain else f"{lead}_{text}"


def folder_of(path: str) -> str:
    """The folder of a path; empty for the current one."""
    return path.rpartition("/")[0]
