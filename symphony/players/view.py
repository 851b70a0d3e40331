"""Motifs: they show an artifact to the eye. Each gives a page or a picture that stands alone."""

from __future__ import annotations

import base64
from html import escape
from typing import Any, Literal

from symphony.define.annotations import Html, Svg, Table
from symphony.define.player import motif


@motif(version="1.0.0", tags=("view", "table"))
def table(rows: Table, title: str = "Table", columns: list[str] | None = None) -> Html:
    """Show a table: sorted by its headings, filtered by typing.

    Args:
        rows: the table.
        title: the heading.
        columns: which columns, in which order; left out: all.

    Raises:
        LookupError: a column does not exist.

    Example:
        ```yaml
        shown:
          player: view.table
          with: {rows: [{name: Ada, age: 36}], title: People}
        ```
    """
    from symphony.players.page.document import document, section  # pages are only loaded where one is made
    from symphony.players.page.report import table_html

    return document(title, section("rows", "Rows", table_html(rows, columns, "", 5000)))


@motif(version="1.0.0", tags=("view", "chart", "bar", "line", "histogram", "scatter", "plot"))
def chart(
    rows: Table,
    y: str,
    x: str = "",
    kind: Literal["bar", "line", "histogram", "scatter"] = "bar",
    title: str = "",
    bins: int = 20,
) -> Svg:
    """Draw a chart of a table's columns, as an SVG picture.

    Args:
        rows: the table; rows whose values are missing are left out.
        y: the column with the values.
        x: the column with the labels, for a scatter chart with the values across; empty: the number of the row.
        kind: `bar`, `line`, `histogram` (of `y` alone) or `scatter`.
        title: what the chart says, for people who hear it.
        bins: how many intervals a histogram has.

    Raises:
        LookupError: a column does not exist.
        ValueError: a value is no number.

    Example:
        ```yaml
        chart:
          player: view.chart
          with: {rows: [{week: a, commits: 3}, {week: b, commits: 5}], x: week, y: commits, title: Commits per week}
        ```
    """
    from symphony.players.page.charts import standalone  # pictures are only loaded where one is drawn
    from symphony.players.page.plotting import plot

    return standalone(
        plot(rows, x=x, y=y, kind=kind, title=title or f"{y} by {x}".removesuffix(" by "), bins=max(1, bins))
    )


@motif(version="1.0.0", tags=("view", "markdown", "text"))
def markdown(text: str, title: str = "") -> Html:
    """Show Markdown as a page. HTML inside the text is shown, not used; links can only lead, not act.

    Args:
        text: the Markdown.
        title: the heading of the page; empty: the heading that the text starts with.

    Example:
        ```yaml
        shown:
          player: view.markdown
          with: {text: "# Notes\\n\\n- one\\n- two"}
        ```
    """
    from symphony.players.page.document import document  # pages are only loaded where one is made
    from symphony.players.page.markdown import markdown_to_html

    head, _, rest = text.lstrip().partition("\n")
    if not title and head.startswith("# "):
        title, text = head[2:].strip(" #"), rest
    return document(title or "Notes", f'<section class="card">{markdown_to_html(text)}</section>')


@motif(version="1.0.0", tags=("view", "image", "picture"))
def image(data: bytes, title: str = "Image", note: str = "") -> Html:
    """Show a picture: PNG, JPEG, GIF, WebP or SVG.

    Args:
        data: the bytes of the picture.
        title: the heading, and what the picture is for people who hear it.
        note: a sentence below the picture.

    Raises:
        ValueError: the bytes are no picture of these kinds.

    Example:
        ```yaml
        shown:
          player: view.image
          with:
            data: ${{ tasks.logo }}
            title: Our logo
        ```
    """
    from symphony.players.page.document import document  # pages are only loaded where one is made

    shown = f'<img src="data:{_kind(data)};base64,{base64.b64encode(data).decode()}" alt="{escape(title)}">'
    below = f'<p class="sub">{escape(note)}</p>' if note else ""
    return document(title, f'<section class="card">{shown}{below}</section>')


def _kind(data: Any) -> str:
    starts = (
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
    )
    for start, kind in starts:
        if data.startswith(start):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if b"<svg" in data[:1000]:
        return "image/svg+xml"  # inside an <img> its scripts do not run
    raise ValueError(f"the bytes are no PNG, JPEG, GIF, WebP or SVG picture: they start with {bytes(data[:8])!r}")
