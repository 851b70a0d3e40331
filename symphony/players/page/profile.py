"""What is in a table, as a page: a card per column with its type, gaps, spread and distribution."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from symphony.players.page import charts
from symphony.players.page.document import chart, document, section, tile
from symphony.players.page.tables import Column, meter, table
from symphony.players.page.wording import number, percent, short

Row = Mapping[str, Any]


def profile_page(profile: Mapping[str, Any], title: str) -> str:
    """Build the page from what `csv.profile` gave. Everything in it is escaped."""
    columns = profile["columns"]
    cells = profile["rows"] * len(columns)
    missing = sum(c["missing"] for c in columns)
    tiles = "".join(
        (
            tile(number(profile["rows"]), "rows"),
            tile(number(len(columns)), "columns"),
            tile(percent(missing / cells) if cells else "0%", f"missing: {missing:,} of {cells:,} cells"),
            tile(number(profile["duplicates"]), "rows that repeat an earlier one"),
        )
    )
    body = [
        _overview(profile),
        section("columns", "Columns", f'<div class="columns">{"".join(_card(c) for c in columns)}</div>'),
    ]
    return document(
        title,
        "\n".join(body),
        lead=f'<div class="tiles">{tiles}</div>',
        links=[("overview", "Overview"), ("columns", "Columns")],
        footer="Made by Symphony's melody csv_profile.",
    )


def _overview(profile: Mapping[str, Any]) -> str:
    rows = max(1, profile["rows"])
    columns = [
        Column("name", "column"),
        Column("type", "type"),
        Column("missing", "missing", lambda r: meter(r["missing"] / rows, number(r["missing"]), 3), right=True),
        Column("distinct", "distinct", right=True),
        Column("min", "least", lambda r: escape(number(r.get("min"))), right=True),
        Column("mean", "mean", lambda r: escape(number(r.get("mean"))), right=True),
        Column("max", "greatest", lambda r: escape(number(r.get("max"))), right=True),
        Column("top", "most frequent", lambda r: escape(_first(r))),
    ]
    notes = _notes(profile)
    found = f'<ul class="findings">{notes}</ul>' if notes else ""
    return section("overview", "Overview", found + table(profile["columns"], columns, caption="Columns", shown=60))


def _first(column: Row) -> str:
    if not column["top"] or column["distinct"] == column["count"] - column["missing"]:
        return "all different" if column["top"] else ""
    return f"{_value(column['top'][0]['value'])[:40]} ({column['top'][0]['count']:,})"


def _notes(profile: Mapping[str, Any]) -> str:
    """What is odd enough to say in a sentence."""
    rows = profile["rows"]
    notes: list[tuple[str, str, str]] = []
    if profile["duplicates"]:
        notes.append(("look", "Repeated rows", f"{profile['duplicates']:,} of {rows:,} rows repeat an earlier one."))
    empty = [c["name"] for c in profile["columns"] if c["type"] == "empty"]
    if empty:
        notes.append(("look", "Empty columns", ", ".join(empty[:8])))
    gaps = [c for c in profile["columns"] if c["type"] != "empty" and rows and c["missing"] / rows > 0.2]
    if gaps:
        notes.append(
            ("look", "Many gaps", ", ".join(f"{c['name']} ({percent(c['missing'] / rows)})" for c in gaps[:8]))
        )
    constant = [c["name"] for c in profile["columns"] if c["distinct"] == 1 and rows > 1 and not c["missing"]]
    if constant:
        notes.append(("note", "One value only", ", ".join(constant[:8])))
    keys = [
        c["name"] for c in profile["columns"] if rows > 1 and c["distinct"] == rows and c["type"] in ("integer", "text")
    ]
    if keys:
        notes.append(("good", "Could be a key", ", ".join(keys[:8])))
    mixed = [c["name"] for c in profile["columns"] if c["type"] == "mixed"]
    if mixed:
        notes.append(("look", "Mixed types", ", ".join(mixed[:8])))
    signs = {"look": "⚠", "note": "•", "good": "✓"}
    return "".join(
        f'<li class="{level}"><b>{signs[level]} {escape(head)}.</b> {escape(text)}</li>' for level, head, text in notes
    )


def _card(column: Row) -> str:
    head = f'<h3>{escape(column["name"])}<span class="tag">{escape(column["type"])}</span></h3>'
    return f'<div class="column">{head}{_drawing(column)}<dl>{"".join(_facts(column))}</dl></div>'


def _drawing(column: Row) -> str:
    bins = column.get("histogram")
    if bins and len(bins) > 1:
        whole = column["type"] == "integer" and all(float(b["low"]).is_integer() for b in bins)
        narrow = whole and all(b["high"] - b["low"] == 1 for b in bins)
        labels = [short(b["low"]) if narrow else f"{short(b['low'])} to {short(b['high'])}" for b in bins]
        shown = charts.thinned([short(b["low"]) for b in bins], 5)
        drawing = charts.bars(
            labels,
            [b["count"] for b in bins],
            title=f"Distribution of {column['name']}",
            unit="rows",
            width=340,
            height=150,
            shown=shown,
            gap=0.08,
        )
        return chart(drawing, wide=False)
    top = [t for t in column["top"][:6] if column["distinct"] < column["count"] - column["missing"]]
    if not top:
        return ""
    drawing = charts.rows(
        [_value(t["value"]) for t in top],
        [t["count"] for t in top],
        title=f"Most frequent values of {column['name']}",
        unit="rows",
        width=340,
        hues=[2] * len(top),
    )
    return chart(drawing, wide=False)


def _facts(column: Row) -> list[str]:
    facts: list[tuple[str, str]] = [
        ("missing", f"{column['missing']:,} ({percent(column['missing'] / max(1, column['count']))})"),
        ("distinct", number(column["distinct"])),
    ]
    if "mean" in column:
        facts += [
            ("least", number(column["min"])),
            ("greatest", number(column["max"])),
            ("mean", number(column["mean"], 4)),
            ("deviation", number(column["deviation"], 4)),
            ("median", number(column["quantiles"]["p50"], 4)),
            ("middle 90%", f"{number(column['quantiles']['p5'])} to {number(column['quantiles']['p95'])}"),
        ]
        facts += [(name, number(column[name])) for name in ("zeros", "negative") if column[name]]
    elif column["type"] == "date":
        facts += [("first", column["min"]), ("last", column["max"])]
    elif column["type"] == "text":
        facts.append(("length", f"{column['shortest']:,} to {column['longest']:,} characters"))
    return [f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts]


def _value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
