"""What is in each column of a table: type, missing values, distinct values, spread, distribution."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from typing import Any

from symphony.players.tables.columns import Rows, columns_of
from symphony.players.tables.typing import date_of

_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def profile_rows(rows: Rows, *, bins: int, top: int) -> dict[str, Any]:
    """Describe a table.

    Returns:
        `rows`, `duplicates` (rows equal to an earlier one), `columns`: one description each, see `profile_column`.
    """
    names = columns_of(rows)
    seen = Counter(tuple(repr(row.get(n)) for n in names) for row in rows)
    return {
        "rows": len(rows),
        "duplicates": len(rows) - len(seen),
        "columns": [profile_column(n, [row.get(n) for row in rows], bins=bins, top=top) for n in names],
    }


def profile_column(name: str, values: Sequence[Any], *, bins: int, top: int) -> dict[str, Any]:
    """Describe one column.

    Returns:
        `name`, `type`, `count`, `missing`, `distinct`, `top` (value and count, the most frequent first); numbers also
        `min max mean deviation quantiles zeros negative histogram`, dates `min max`, text `shortest longest`.
    """
    present = [v for v in values if not _is_missing(v)]
    kind = _kind_of(present)
    counts = Counter(v if isinstance(v, (str, int, float, bool)) else repr(v) for v in present)
    frequent = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))[:top]
    described: dict[str, Any] = {
        "name": name,
        "type": kind,
        "count": len(values),
        "missing": len(values) - len(present),
        "distinct": len(counts),
        "top": [{"value": v, "count": n} for v, n in frequent],
    }
    if kind in ("integer", "number"):
        described |= _numbers(list(present), bins)
    elif kind == "date":
        dates = sorted(d for v in present if (d := date_of(v)))
        described |= {"min": dates[0], "max": dates[-1]}
    elif kind == "text":
        lengths = [len(v) for v in present]
        described |= {"shortest": min(lengths), "longest": max(lengths)}
    return described


def _is_missing(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def _kind_of(values: Sequence[Any]) -> str:
    if not values:
        return "empty"
    if all(isinstance(v, bool) for v in values):
        return "boolean"
    if all(isinstance(v, int) and not isinstance(v, bool) for v in values):
        return "integer"
    if all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values):
        return "number"
    if all(date_of(v) for v in values):
        return "date"
    return "text" if all(isinstance(v, str) for v in values) else "mixed"


def _numbers(values: list[float], bins: int) -> dict[str, Any]:
    finite = sorted(v for v in values if math.isfinite(v))
    if not finite:
        return {}
    return {
        "min": finite[0],
        "max": finite[-1],
        "mean": statistics.fmean(finite),
        "deviation": statistics.pstdev(finite) if len(finite) > 1 else 0.0,
        "quantiles": {f"p{round(q * 100)}": quantile(finite, q) for q in _QUANTILES},
        "zeros": sum(1 for v in finite if v == 0),
        "negative": sum(1 for v in finite if v < 0),
        "histogram": histogram(finite, bins),
    }


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which `share` of the ordered values lie, interpolated between neighbours."""
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def histogram(ordered: Sequence[float], bins: int) -> list[dict[str, Any]]:
    """Count values in at most `bins` intervals of equal width; those of whole numbers start at whole numbers.

    Returns:
        `low`, `high` (excluded, except in the last), `count`, in order.
    """
    low, high = ordered[0], ordered[-1]
    if low == high:
        return [{"low": low, "high": high, "count": len(ordered)}]
    whole = all(float(v).is_integer() for v in ordered)
    width = (high - low) / bins
    if whole:
        width = max(1, math.ceil((high - low + 1) / bins))
        bins = math.ceil((high - low + 1) / width)
    counts = [0] * bins
    for v in ordered:
        counts[min(int((v - low) / width), bins - 1)] += 1
    edges = [low + i * width for i in range(bins + 1)]
    return [{"low": edges[i], "high": edges[i + 1], "count": n} for i, n in enumerate(counts)]
