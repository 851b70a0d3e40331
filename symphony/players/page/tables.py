"""Tables as HTML: sorted by a click on a heading, filtered by typing, cut after some rows until asked for more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from symphony.players.page.wording import number
from symphony.players.tables.columns import columns_of

Row = Mapping[str, Any]


class Column(NamedTuple):
    """One column of a table.

    Attributes:
        key: the column of the row.
        title: the heading.
        show: gives the HTML of a cell, already escaped; left out: the value as text.
        right: whether the column is set flush right, as numbers are.
        by: the value to sort by; left out: the value itself.
    """

    key: str
    title: str
    show: Callable[[Row], str] | None = None
    right: bool = False
    by: Callable[[Row], Any] | None = None


def table(
    rows: Sequence[Row],
    columns: Sequence[Column],
    *,
    caption: str = "",
    shown: int = 15,
    most: int = 2000,
    filtered: bool = True,
) -> str:
    """Draw a table.

    Args:
        rows: what to draw.
        columns: how.
        caption: what the table is, for people who hear it.
        shown: rows visible before "show all" is asked for; without scripts all are.
        most: rows drawn at all; a line below says how many more there are.
        filtered: whether there is a field to filter by.
    """
    if not rows:
        return '<p class="none">Nothing to show.</p>'
    heads = "".join(
        f'<th scope="col"{_right(c)}><button type="button">{escape(c.title)}</button></th>' for c in columns
    )
    body = "".join("<tr>" + "".join(_cell(row, c) for c in columns) + "</tr>" for row in rows[:most])
    more = f'<p class="none">{len(rows) - most:,} more rows are left out here.</p>' if len(rows) > most else ""
    search = (
        f'<input type="search" placeholder="Filter {len(rows[:most]):,} rows" '
        f'aria-label="Filter {escape(caption or "rows")}">'
        if filtered and len(rows) > 8
        else ""
    )
    return (
        f'<div class="table" data-shown="{shown}">{search}<div class="scroll">'
        f"<table><caption>{escape(caption)}</caption>"
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>{more}</div>"
    )


def _right(column: Column) -> str:
    return ' class="n"' if column.right else ""


def _cell(row: Row, column: Column) -> str:
    value = row.get(column.key)
    shown = column.show(row) if column.show else escape(number(value))
    key = column.by(row) if column.by else value
    text = "" if key is None else str(key)
    sort = f' data-v="{escape(text)}"' if text != shown else ""
    return f"<td{_right(column)}{sort}>{shown}</td>"


def plain_columns(rows: Sequence[Row], names: Sequence[str] = ()) -> list[Column]:
    """Columns for any rows: numbers flush right, maps and lists as short text."""
    return [_plain(rows, name) for name in names or columns_of(rows)]


def _plain(rows: Sequence[Row], name: str) -> Column:
    values = [row.get(name) for row in rows[:200]]
    numeric = any(_is_number(v) for v in values) and all(v is None or _is_number(v) for v in values)
    return Column(name, name.replace("_", " "), lambda row: _shown(row.get(name)), right=numeric)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    if isinstance(value, (list, tuple)) and value and isinstance(value[0], (Mapping, list, tuple)):
        return escape(f"{len(value):,} entries")
    if isinstance(value, (list, tuple)):
        return escape(", ".join(map(str, value[:8])) + (f" and {len(value) - 8} more" if len(value) > 8 else ""))
    if isinstance(value, Mapping):
        return escape(", ".join(f"{k}: {number(v)}" for k, v in list(value.items())[:6]))
    return escape(number(value))


def meter(share: float, text: str, hue: int = 1) -> str:
    """A number with a small bar below it; `share` from 0 to 1."""
    width = max(0.0, min(1.0, share)) * 100
    return f'<span class="meter" style="--w:{width:.0f}%;--h:var(--c{hue})">{escape(text)}</span>'
