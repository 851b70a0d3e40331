"""Any table as a page, or as a piece of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from symphony.players.page.document import document, section, tile
from symphony.players.page.tables import Column, plain_columns, table
from symphony.players.page.wording import number
from symphony.players.tables.columns import check_columns

_MOST_TILES = 6


def report_page(rows: Sequence[Mapping[str, Any]], *, title: str, note: str, columns: Sequence[str] | None) -> str:
    """Build a page: tiles with the number of rows and the sums of counted columns, then the table."""
    check_columns(rows, columns or ())
    drawn = plain_columns(rows, columns or ())
    tiles = tile(number(len(rows)), "rows") + "".join(_sums(rows, drawn))
    body = section("rows", "All rows", table(rows, drawn, caption=title, shown=40), note=note)
    return document(title, body, lead=f'<div class="tiles">{tiles}</div>', footer="Made by Symphony.")


def _sums(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> list[str]:
    out = []
    for column in columns:
        values = [v for row in rows if (v := row.get(column.key)) is not None]
        if column.right and values and all(isinstance(v, int) and v >= 0 for v in values):
            out.append(tile(number(sum(values)), f"{column.title}, added up"))
    return out[:_MOST_TILES]


def table_html(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] | None, caption: str, limit: int) -> str:
    """Build a piece of HTML with a heading and the table."""
    check_columns(rows, columns or ())
    head = f"<h2>{escape(caption)}</h2>" if caption else ""
    return head + table(rows, plain_columns(rows, columns or ()), caption=caption, shown=25, most=max(1, limit))
