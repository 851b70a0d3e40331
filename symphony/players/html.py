"""Players that build pages. Every page stands alone: style and script inside, nothing fetched, every value escaped."""

from __future__ import annotations

from html import escape as escaped
from html.parser import HTMLParser
from typing import Any

from symphony.define.annotations import Html, Json, Table
from symphony.define.player import operator


@operator(version="1.0.0", tags=("html", "page", "report", "table"))
def report(rows: Table, title: str = "Report", note: str = "", columns: list[str] | None = None) -> Html:
    """Make a page of any table: its numbers added up, and a table to sort and filter.

    Args:
        rows: the table.
        title: the heading.
        note: a sentence below the heading.
        columns: which columns, in which order; left out: all.

    Raises:
        LookupError: a column does not exist.

    Example:
        ```yaml
        page:
          player: html.report
          with:
            rows: ${{ tasks.stats }}
            title: All files
        ```
    """
    from symphony.players.page.report import report_page  # pages are only loaded where one is made

    return report_page(rows, title=title, note=note, columns=columns)


@operator(version="1.0.0", tags=("html", "page", "compose"))
def page(parts: list[str], title: str = "Page", subtitle: str = "") -> Html:
    """Put pieces of HTML and charts below each other on one page.

    Args:
        parts: pieces, as they are: from `html.table`, `html.markdown`, `view.chart` or `html.escape`.
        title: the heading.
        subtitle: a line below the heading.

    Example:
        ```yaml
        page:
          player: html.page
          with:
            title: Weekly numbers
            parts: ["${{ tasks.chart }}", "${{ tasks.table }}"]
        ```
    """
    from symphony.players.page.document import document  # pages are only loaded where one is made

    body = "\n".join(f'<section class="card">{part}</section>' for part in parts)
    return document(title, body, subtitle=subtitle)


@operator(version="1.0.0", tags=("html", "table"))
def table(rows: Table, columns: list[str] | None = None, caption: str = "", limit: int = 2000) -> Html:
    """Turn a table into a piece of HTML for `html.page`: to sort by its headings and to filter.

    Args:
        rows: the table.
        columns: which columns, in which order; left out: all.
        caption: what the table is.
        limit: the most rows drawn.

    Raises:
        LookupError: a column does not exist.

    Example:
        ```yaml
        table:
          player: html.table
          with: {rows: [{name: Ada, age: 36}], caption: People}
        ```
    """
    from symphony.players.page.report import table_html  # pages are only loaded where one is made

    return table_html(rows, columns, caption, limit)


@operator(version="1.0.0", tags=("html", "markdown"))
def markdown(text: str) -> Html:
    """Turn Markdown into a piece of HTML for `html.page`. HTML inside the text is shown, not used.

    Args:
        text: headings, lists, quotes, code, tables, emphasis, links, pictures inside the text.

    Example:
        ```yaml
        intro:
          player: html.markdown
          with: {text: "# Results\\n\\nAll **green**."}
        ```
    """
    from symphony.players.page.markdown import markdown_to_html  # pages are only loaded where one is made

    return markdown_to_html(text)


@operator(version="1.0.0", tags=("html", "escape"))
def escape(text: str) -> Html:
    """Escape text, so that it shows on a page as it stands.

    Args:
        text: any text.

    Example:
        ```yaml
        safe:
          player: html.escape
          with: {text: "1 < 2"}
        ```
    """
    return escaped(text)


@operator(version="1.0.0", tags=("html", "text", "extract"))
def to_text(page: str) -> str:
    """Take the readable text out of HTML: without tags, scripts and styles.

    Args:
        page: HTML, whole or a piece.

    Example:
        ```yaml
        words:
          player: html.to_text
          with: {page: "<p>Hello <b>you</b></p>"}
        ```
    """
    reader = _Reader()
    reader.feed(page)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.pieces).split("\n"))
    return "\n".join(line for line in lines if line)


class _Reader(HTMLParser):
    _silent = frozenset({"script", "style", "template", "noscript", "title"})
    _lines = frozenset(
        [
            "p",
            "div",
            "br",
            "li",
            "tr",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "section",
            "article",
            "header",
            "footer",
            "table",
            "ul",
            "ol",
            "pre",
            "blockquote",
        ]
    )

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self._hidden += tag in self._silent
        if tag in self._lines:
            self.pieces.append("\n")
        elif tag in ("td", "th"):
            self.pieces.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._silent:
            self._hidden = max(0, self._hidden - 1)
        if tag in self._lines:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.pieces.append(data)


@operator(version="1.0.0", tags=("html", "page", "report", "git", "code", "health"))
def repository(health: Json, title: str = "") -> Html:
    """Make the health report of a repository: findings, hot spots, activity, people, languages, functions, files.

    Args:
        health: what `code.health` gave.
        title: the heading; empty: the repository's name.

    Example:
        ```yaml
        page:
          player: html.repository
          with:
            health: ${{ tasks.data }}
        ```
    """
    from symphony.players.page.repository import repository_page  # pages are only loaded where one is made

    return repository_page(health, title)


@operator(version="1.0.0", tags=("html", "page", "report", "csv", "profile", "quality"))
def profile(profile: Json, title: str = "Profile") -> Html:
    """Make a page of what is in a table: a card per column with type, gaps, spread and distribution.

    Args:
        profile: what `csv.profile` gave.
        title: the heading.

    Example:
        ```yaml
        page:
          player: html.profile
          with:
            profile: ${{ tasks.profile }}
            title: people.csv
        ```
    """
    from symphony.players.page.profile import profile_page  # pages are only loaded where one is made

    return profile_page(profile, title)
