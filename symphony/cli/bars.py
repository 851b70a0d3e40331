"""Draws times as bars of text, where the stream can show them."""

from __future__ import annotations

import sys


def bar(start: float, length: float, whole: float, width: int = 40) -> str:
    """A bar that lies where a time lies within the whole: at least one character long, never wider than `width`."""
    if whole <= 0:
        return ""
    first = min(width - 1, int(start / whole * width))
    last = min(width, max(first + 1, round((start + length) / whole * width)))
    return " " * first + _block() * (last - first)


def _block() -> str:
    try:
        "█".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return "#"
    return "█"
