"""How much room text takes: cells of a terminal, pixels of a picture; and shortening it to fit."""

from __future__ import annotations

import unicodedata

_NARROW = frozenset("iljtfrI.,:;|!'`()[]{}/\\-\"* ")
_WIDE = frozenset("mwMW@%&—…")


def cells(text: str) -> int:
    """The columns that text takes in a terminal: 2 for wide East Asian characters, 0 for combining ones."""
    return len(text) if text.isascii() else sum(_cell(character) for character in text)


def _cell(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def pixels(text: str, size: float = 13.0, *, bold: bool = False) -> float:
    """About how wide text is in a plain sans-serif font of the given size; rather too wide than too narrow."""
    total = 0.0
    for character in text:
        if character in _NARROW:
            total += 0.36
        elif character in _WIDE:
            total += 0.95
        elif character.isupper():
            total += 0.72
        else:
            total += 0.6 * _cell(character) if _cell(character) != 2 else 1.05
    return total * size * (1.06 if bold else 1.0)


def shorten(text: str, most: int) -> str:
    """Cut the middle out of text longer than `most` characters; both ends tell names apart."""
    if len(text) <= most:
        return text
    head = (most - 1 + 1) // 2
    return f"{text[:head]}…{text[len(text) - (most - 1 - head) :] if most - 1 > head else ''}"


def printable(text: str) -> str:
    """Replace what would move or colour a terminal by its escape, ``\\x1b``; tabs and line ends become spaces."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c in "\t\n\r" else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    code = ord(character)
    if unicodedata.category(character) in ("Zs", "Mn", "Me"):
        return character
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
