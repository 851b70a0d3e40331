"""A whole HTML page that needs nothing else: style and script inside, and a policy that lets it fetch nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import lru_cache
from html import escape
from pathlib import Path


@lru_cache(maxsize=2)
def _part(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8").strip()


@lru_cache(maxsize=1)
def _policy() -> str:
    """Only this page's own script may run; a script that a value smuggled in would not, and nothing is fetched."""
    digest = base64.b64encode(hashlib.sha256(_part("page.js").encode()).digest()).decode()
    own = f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'"
    return f"{own}; form-action 'none'; base-uri 'none'"


def document(
    title: str,
    body: str,
    *,
    subtitle: str = "",
    links: Sequence[tuple[str, str]] = (),
    footer: str = "",
    lead: str = "",
) -> str:
    """Build a page.

    Args:
        title: the heading, plain text.
        body: HTML, as it is.
        subtitle: below the heading, plain text.
        links: (id of a section, its name) for the bar at the top.
        footer: below everything, plain text.
        lead: HTML between heading and bar, as it is.
    """
    bar = "".join(f'<a href="#{escape(anchor)}">{escape(name)}</a>' for anchor, name in links)
    sub = f'<p class="sub">{escape(subtitle)}</p>' if subtitle else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy()}">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{_part('page.css')}\n</style></head>\n"
        f'<body>\n<header class="top"><div><h1>{escape(title)}</h1>{sub}{lead}</div></header>\n'
        f'<nav class="bar" aria-label="Sections"><div>{bar}'
        '<button type="button" data-switch hidden>light / dark</button></div></nav>\n'
        f"<main>\n{body}\n</main>\n<footer>{escape(footer)}</footer>\n<script>{_part('page.js')}</script>\n</body></html>\n"
    )


def section(anchor: str, title: str, body: str, *, note: str = "") -> str:
    """One card of a page. `title` and `note` are plain text, `body` is HTML."""
    sub = f'<p class="sub">{escape(note)}</p>' if note else ""
    return f'<section class="card" id="{escape(anchor)}"><h2>{escape(title)}</h2>{sub}{body}</section>'


def chart(svg: str, *, wide: bool = True) -> str:
    """A chart in a frame that scrolls on narrow screens."""
    return f'<div class="chart{" wide" if wide else ""}">{svg}</div>'


def tile(value: str, name: str) -> str:
    """A number with its name. Both plain text."""
    return f'<div class="tile"><b>{escape(value)}</b><span>{escape(name)}</span></div>'
