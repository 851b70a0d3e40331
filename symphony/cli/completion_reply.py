"""Answers a shell that asks what may stand at the cursor: ``symphony __complete SHELL WORD…``."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence

from symphony.cli.completing import Reply, complete, read_table
from symphony.cli.completion_names import names

_BREAKS = ":="
"""Where bash breaks words, though they are one word to it: what it puts in replaces only what comes behind."""


def answer(words: Sequence[str]) -> int:
    """Write the answer in the form that the shell's script reads; an error gives no answer, and no noise.

    The first line says which paths are possible too, then comes one candidate a line: for bash the text, for zsh
    ``text:about``, for fish text, tab and what it is about.

    Args:
        words: the shell, then for bash the line up to the cursor, for others the words behind the program's name.
    """
    try:
        shell, *given = words
        given = split_line(given[0]) if shell == "bash" else given
        reply = complete(given, read_table(), names)
        sys.stdout.write("\n".join([reply.paths, *_lines(shell, reply, given[-1] if given else "")]) + "\n")
    except Exception:
        if os.environ.get("SYMPHONY_DEBUG") == "1":
            raise
        return 1
    return 0


def split_line(line: str) -> list[str]:
    """The words of a command line behind the program's name, the last one as far as it is written.

    An open quote ends at the cursor.
    """
    if (len(line) - len(line.rstrip("\\"))) % 2:
        line = line[:-1]  # it would escape what is not written yet
    for end in ("", '"', "'"):
        try:
            words = shlex.split(line + end)
        except ValueError:
            continue
        fresh = not end and line[-1:].isspace() and not line.endswith("\\ ")
        return [*words, ""][1:] if fresh else words[1:]
    return line.split()[1:]


def _lines(shell: str, reply: Reply, current: str) -> list[str]:
    if shell == "zsh":
        return [f"{value.replace(':', chr(92) + ':')}:{about}" if about else value.replace(":", "\\:")
                for value, about in reply.candidates]  # fmt: skip
    if shell == "fish":
        return [f"{value}\t{about}" for value, about in reply.candidates]
    kept = max(current.rfind(mark) for mark in _BREAKS) + 1
    return [value[kept:] for value, _ in reply.candidates]
