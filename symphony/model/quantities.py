"""Durations, sizes and counts as people write them: ``20ms 1s 5m 2h 1d``, ``512KB 2GB 1GiB``, ``3 tasks``."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from math import inf, isfinite

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")
_SECONDS = {"ms": Fraction(1, 1000), "s": Fraction(1), "m": Fraction(60), "h": Fraction(3600), "d": Fraction(86400)}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)")
_BYTES = {
    "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
}  # fmt: skip


def parse_duration_s(value: str | int | float) -> float:
    """Read a duration as seconds. Plain numbers are seconds; ``1h 30m`` adds up. Nothing is lost but by the last rounding.

    Raises:
        ValueError: the text is no duration, or the duration is negative or beyond what a number holds.
    """
    if isinstance(value, bool):
        raise ValueError(f"{value!r} is no duration: write 20ms, 1s, 5m, 2h or 1d")
    if isinstance(value, (int, float)):
        if value < 0:
            raise ValueError(f"a duration cannot be negative: {value!r}")
        return _finite(value, value)
    parts = _DURATION.findall(value)
    if not parts or _DURATION.sub("", value).strip():
        raise ValueError(f"{value!r} is no duration: write 20ms, 1s, 5m, 2h or 1d")
    return _finite(sum(Fraction(number) * _SECONDS[unit] for number, unit in parts), value)


def _finite(seconds: Fraction | float, written: str | float) -> float:
    try:
        found = float(seconds) + 0.0  # there is no negative zero
    except OverflowError:
        found = inf
    if not isfinite(found):
        raise ValueError(f"a duration is a finite number: {str(written)[:40]}")
    return found


def format_duration(seconds: float) -> str:
    """Write seconds as the shortest text in one unit that `parse_duration_s` reads back: 0.02 -> ``20ms``, 3600 -> ``1h``."""
    exact = Fraction(repr(seconds))  # as people see the number: the shortest text that means it
    for unit in ("d", "h", "m", "s"):
        amount = exact / _SECONDS[unit]
        if amount >= 1 and amount.denominator == 1:
            return f"{amount}{unit}"
    number = Decimal(repr(seconds))
    return f"{number:f}s" if seconds >= 1 else f"{number.scaleb(3):f}ms"


def parse_size_bytes(value: str | int) -> int:
    """Read a size as bytes. Plain whole numbers are bytes.

    Raises:
        ValueError: the text is no size.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 0:
            raise ValueError(f"a size cannot be negative: {value!r}")
        return value
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"{value!r} is no size: write 512KB, 2GB or 1GiB")
    return int(Fraction(match[1]) * _BYTES[match[2]])


def format_size(size_bytes: int) -> str:
    """Write bytes as the largest exact unit: 512000000 -> ``512MB``, 1073741824 -> ``1GiB``."""
    for unit in ("TB", "GB", "MB", "KB", "TiB", "GiB", "MiB", "KiB"):
        if size_bytes and size_bytes % _BYTES[unit] == 0:
            return f"{size_bytes // _BYTES[unit]}{unit}"
    return f"{size_bytes}B"


def counted(count: int, noun: str) -> str:
    """Write a count with what is counted: ``1 task``, ``1,200 tasks``. The noun must take an s."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
