"""How numbers, dates and sizes are written for people."""

from __future__ import annotations

import datetime
import math
from typing import Any

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def number(value: Any, digits: int = 3) -> str:
    """``1,234``; ``0.0123``; text as it is. Floating numbers get `digits` significant digits."""
    if isinstance(value, bool) or value is None:
        return "" if value is None else ("yes" if value else "no")
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        if not math.isfinite(value):
            return str(value)
        if value.is_integer() and abs(value) < 1e15:
            return f"{int(value):,}"
        return (
            f"{value:,.{max(0, digits - 1 - math.floor(math.log10(abs(value))))}f}"
            if 1e-4 <= abs(value) < 1e15
            else f"{value:.{digits}g}"
        )
    return str(value)


def short(value: float) -> str:
    """A number for an axis: ``950``, ``1.2k``, ``3M``."""
    for limit, sign in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:.3g}{sign}"
    return f"{value:.3g}"


def size(count: int) -> str:
    """``512 B``, ``1.4 MB``."""
    for limit, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= limit:
            return f"{count / limit:.3g} {unit}"
    return f"{count} B"


def percent(share: float) -> str:
    """``12%``; less than one in a hundred is ``<1%``, all but less than one ``>99%``."""
    if 0 < share < 0.01 or 0.99 < share < 1:
        return "<1%" if share < 0.5 else ">99%"
    return f"{share * 100:.0f}%"


def day(moment: str) -> str:
    """``31 Jan 2024`` from an ISO 8601 time; empty stays empty."""
    if not moment:
        return ""
    when = datetime.datetime.fromisoformat(moment)
    return f"{when.day} {_MONTHS[when.month - 1]} {when.year}"


def span(first: str, last: str) -> str:
    """The time between two moments: ``7 years``, ``5 months``, ``3 days``."""
    if not first or not last:
        return "-"
    days = (datetime.datetime.fromisoformat(last) - datetime.datetime.fromisoformat(first)).days
    for length, unit in ((365.25, "year"), (30.44, "month")):
        if days >= 2 * length or (unit == "year" and days >= length):
            count = days / length
            text = f"{count:.1f}".removesuffix(".0") if count < 10 and unit == "year" else f"{count:.0f}"
            return f"{text} {unit}{'' if text == '1' else 's'}"
    return f"{days} day{'' if days == 1 else 's'}"
