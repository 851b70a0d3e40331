"""Patterns for paths: ``*``, ``?``, ``[a-z]``, ``{a,b}`` and ``**`` for any number of folders."""

from __future__ import annotations

import re
from functools import lru_cache

EVERYTHING = "**/*"


@lru_cache(maxsize=256)
def compile_glob(pattern: str) -> re.Pattern[str]:
    """Turn a pattern into a regular expression for a relative path with ``/`` between its parts.

    A pattern without ``/`` matches the last part alone, at any depth: ``*.py`` is ``**/*.py``.
    """
    text = pattern.removeprefix("./").removeprefix("/") or EVERYTHING
    if "/" not in text:
        text = "**/" + text
    return re.compile("".join(_translated(text)), re.S)


def _translated(text: str) -> list[str]:
    out: list[str] = []
    at, depth = 0, 0
    while at < len(text):
        char = text[at]
        if text.startswith("**/", at):
            out.append("(?:[^/]+/)*")
            at += 3
            continue
        if text.startswith("**", at):
            out.append(".*")
            at += 2
            continue
        if char == "[" and (end := text.find("]", at + 2)) > 0:
            inner = text[at + 1 : end].replace("\\", r"\\").replace("[", r"\[")
            out.append(f"[^/{inner[1:]}]" if inner[0] in "!^" else f"[{inner}]")
            at = end + 1
            continue
        if char == "{" and "}" in text[at:]:
            out.append("(?:")
            depth += 1
        elif char == "}" and depth:
            out.append(")")
            depth -= 1
        elif char == "," and depth:
            out.append("|")
        else:
            out.append({"*": "[^/]*", "?": "[^/]"}.get(char) or re.escape(char))
        at += 1
    out.extend(")" * depth)
    return out


def matches(pattern: str, path: str) -> bool:
    """Whether a relative path matches a pattern.

    Raises:
        ValueError: the pattern cannot be read; says which.
    """
    try:
        return compile_glob(pattern).fullmatch(path) is not None
    except re.error as error:
        raise ValueError(f"the pattern {pattern!r} cannot be read: {error}") from error
