"""Finds the expressions of GitHub Actions in text, and tells which context they read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_EXPRESSION = re.compile(r"\$\{\{((?:[^'}]|'(?:[^']|'')*'|\}(?!\}))*)\}\}")
_BRACKETS = re.compile(r"\['([\w-]+)'\]")
_PATH = re.compile(r"[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*")


@dataclass(frozen=True, slots=True)
class Found:
    """One expression in a text.

    Attributes:
        start: the character of the text at which ``${{`` begins.
        end: the character behind ``}}``.
        source: what stands between, without white space around it.
    """

    start: int
    end: int
    source: str

    @property
    def steps(self) -> tuple[str, ...]:
        """The names on the way of a plain path, ``matrix.os`` or ``matrix['os']``; empty for anything else."""
        return path_of(self.source)


def find(text: str) -> tuple[Found, ...]:
    """Every expression in a text, in order."""
    return tuple(Found(m.start(), m.end(), m[1].strip()) for m in _EXPRESSION.finditer(text))


def path_of(source: str) -> tuple[str, ...]:
    """The names on the way of a plain path; empty where the expression is more than a path."""
    plain = _BRACKETS.sub(r".\1", source)
    return tuple(plain.split(".")) if _PATH.fullmatch(plain) else ()


def whole(text: str) -> Found | None:
    """The expression that a text is, or None where it is more or less than one."""
    found = find(text)
    return found[0] if len(found) == 1 and not (text[: found[0].start] + text[found[0].end :]).strip() else None


def has_expression(data: object) -> bool:
    """Whether some text inside of plain data holds an expression."""
    return any("${{" in text for text in _texts(data))


def _texts(data: object) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for value in data.values():
            yield from _texts(value)
    elif isinstance(data, list):
        for value in data:
            yield from _texts(value)
