"""Gives the text of a column its type: integers, numbers, booleans, dates, or text as it stands."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "#n/a", "-", "?"})
"""Texts that stand for a missing value in small letters."""
_INTEGER = re.compile(r"[+-]?(0|[1-9]\d{0,17})")  # no leading zero: 007 and 01234 are codes, not numbers
_NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")
_BOOLEAN = {"true": True, "false": False}


def typed_column(texts: Sequence[str]) -> list[Any]:
    """Turn the texts of one column into values of one type; missing ones become None.

    The whole column has one type: integers, else numbers, else booleans, else text, unchanged.
    """
    missing = [t.strip().lower() in MISSING for t in texts]
    present = [t.strip() for t, gone in zip(texts, missing, strict=True) if not gone]
    convert = _converter(present)
    if convert is None:
        return [None if t.strip() == "" else t for t in texts]
    return [None if gone else convert(t.strip()) for t, gone in zip(texts, missing, strict=True)]


def _converter(present: Sequence[str]) -> Callable[[str], Any] | None:
    if not present:
        return None
    if all(_INTEGER.fullmatch(t) for t in present):
        return int
    if all(_NUMBER.fullmatch(t) for t in present) and all(math.isfinite(float(t)) for t in present):
        return float
    if all(t.lower() in _BOOLEAN for t in present):
        return lambda t: _BOOLEAN[t.lower()]
    return None


def date_of(value: Any) -> str | None:
    """Give the ISO form of a value that is a date or a time, or None."""
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    if not isinstance(value, str) or not 8 <= len(value) <= 35 or not value[:4].isdigit():
        return None
    try:
        when = datetime.datetime.fromisoformat(value)
        return when.date().isoformat() if len(value) <= 10 else when.isoformat()
    except ValueError:
        return None
