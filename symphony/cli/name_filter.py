"""The expressions of ``symphony test -k``: parts of names, joined by ``and``, ``or``, ``not`` and brackets."""

from __future__ import annotations

import re
from collections.abc import Callable

from symphony.errors import UsageError

Chooses = Callable[[str], bool]
_WORD = re.compile(r"\s*([()]|[^\s()]+)")


def name_filter(text: str) -> Chooses:
    """Read an expression; it is asked whether a name is chosen. Case does not count, an empty one chooses all.

    Raises:
        UsageError: the text is no expression.
    """
    words = _WORD.findall(text)
    if not words:
        return lambda _: True
    reader = _Reader(text, words)
    chosen = reader.any_of()
    if reader.words:
        reader.refuse()
    return chosen


class _Reader:
    def __init__(self, text: str, words: list[str]) -> None:
        self.text, self.words = text, words

    def refuse(self) -> None:
        found = repr(self.words[0]) if self.words else "its end"
        raise UsageError(
            f"-k {self.text!r} makes no sense at {found}: write parts of names with and, or, not and brackets, as in "
            "-k 'report and not slow'"
        )

    def took(self, word: str) -> bool:
        if self.words[:1] != [word]:
            return False
        self.words.pop(0)
        return True

    def any_of(self) -> Chooses:
        parts = [self.all_of()]
        while self.took("or"):
            parts.append(self.all_of())
        return lambda name: any(part(name) for part in parts)

    def all_of(self) -> Chooses:
        parts = [self.one()]
        while self.took("and"):
            parts.append(self.one())
        return lambda name: all(part(name) for part in parts)

    def one(self) -> Chooses:
        if self.took("not"):
            inner = self.one()
            return lambda name: not inner(name)
        if self.took("("):
            inside = self.any_of()
            if not self.took(")"):
                self.refuse()
            return inside
        if not self.words or self.words[0] in ("and", "or", ")"):
            self.refuse()
        part = self.words.pop(0).lower()
        return lambda name: part in name.lower()
