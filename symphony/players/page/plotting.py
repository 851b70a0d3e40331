"""Chooses what a chart of a table's columns shows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from symphony.players.page import charts
from symphony.players.page.charts import Point
from symphony.players.page.wording import number, short
from symphony.players.tables.columns import check_columns
from symphony.players.tables.profiling import histogram

_WIDTH, _HEIGHT, _MOST = 800, 340, 5000


def plot(rows: Sequence[Mapping[str, Any]], *, x: str, y: str, kind: str, title: str, bins: int) -> str:
    """Draw `y` over `x`.

    Raises:
        LookupError: a column does not exist.
        ValueError: a value is no number.
    """
    check_columns(rows, [y, *([x] if x else [])])
    found = [
        (row.get(x, i) if x else i, v)
        for i, row in enumerate(rows[:_MOST], 1)
        if (v := _number(row.get(y), y)) is not None
    ]
    values = [v for _, v in found]
    labels = [number(label) for label, _ in found]
    if kind == "histogram":
        parts = histogram(sorted(values), bins) if values else []
        names = [f"{short(p['low'])} to {short(p['high'])}" for p in parts]
        return charts.bars(
            names,
            [p["count"] for p in parts],
            title=title,
            unit="rows",
            width=_WIDTH,
            height=_HEIGHT,
            shown=charts.thinned([short(p["low"]) for p in parts], 10),
            gap=0.06,
        )
    if kind == "scatter":
        across = [_number(label, x) for label, _ in found]
        points = [
            Point(a, v, f"row {i}", 0.1)
            for i, (a, v) in enumerate(zip(across, values, strict=True), 1)
            if a is not None
        ]
        return charts.scatter(
            points, title=title, x_name=x or "row", y_name=y, width=_WIDTH, height=_HEIGHT, named=0, log=False
        )
    if kind == "line":
        return charts.lines(labels, [("", values)], title=title, width=_WIDTH, height=_HEIGHT, points=len(values) <= 40)
    return charts.bars(labels, values, title=title, width=_WIDTH, height=_HEIGHT)


def _number(value: Any, column: str) -> float | None:
    if value is None or value == "":
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value if math.isfinite(value) else None
    raise ValueError(f"the column {column!r} holds {value!r}, which is no number, so that it cannot be drawn")
