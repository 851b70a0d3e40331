"""Sorts the lines of a file into code, comment and blank."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from symphony.players.source.languages import Language


class Lines(NamedTuple):
    """How many lines of each sort. They add up to all lines."""

    code: int
    comments: int
    blank: int


def sort_lines(lines: Sequence[str], language: Language, inside: frozenset[int] | set[int] = frozenset()) -> Lines:
    """Count the lines of each sort.

    Args:
        lines: the file.
        language: how comments look.
        inside: numbers of lines, from 1, known to be comments (the docstrings of Python).
    """
    if language.block:
        return _with_blocks(lines, language.line, language.block[0], language.block[1])
    blank = comments = 0
    marks = language.line
    for number, line in enumerate(lines, 1):
        bare = line.strip()
        if not bare:
            blank += 1
        elif (marks and bare.startswith(marks)) or number in inside:
            comments += 1
    return Lines(len(lines) - blank - comments, comments, blank)


def _with_blocks(lines: Sequence[str], marks: tuple[str, ...], opens: str, closes: str) -> Lines:
    blank = comments = 0
    within = False
    for line in lines:
        bare = line.strip()
        if not bare:
            blank += 1
            continue
        if within:
            comments += 1
            within = closes not in bare
            continue
        if bare.startswith(opens):
            rest = bare.find(closes, len(opens))
            within = rest < 0
            if within or rest + len(closes) >= len(bare):
                comments += 1
            continue
        if marks and bare.startswith(marks):
            comments += 1
            continue
        at = bare.find(opens)
        if at > 0 and bare.find(closes, at + len(opens)) < 0 and not is_quoted(bare[:at]):
            within = True  # code, then a comment that goes on
    return Lines(len(lines) - blank - comments, comments, blank)


def is_quoted(before: str) -> bool:
    """Whether what follows stands inside a text: an odd number of quotes comes before it."""
    return any(before.count(q) % 2 for q in "\"'`")
