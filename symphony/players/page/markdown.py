"""A small, safe Markdown: text of strangers becomes HTML that can only look, not act.

Understood: headings, paragraphs, lists (nested by indentation), quotes, fenced and indented code, rules, tables,
emphasis, code, links and pictures. HTML in the text is shown as text. Links lead to http, https, mailto or a place in
the page; pictures are only taken from ``data:image/…``, since a page fetches nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape, unescape

_DEEPEST = 20
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})\s*([\w+-]*)")
_HEADING = re.compile(r"^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_ITEM = re.compile(r"^( *)([-*+]|\d{1,9}[.)])\s+(.*)$")
_RULE = re.compile(r"^ {0,3}([-*_])(?:\s*\1){2,}\s*$")
_TABLE_LINE = re.compile(r"^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$")
_CODE = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.S)
_LINK = re.compile(
    r"(!?)\[([^\[\]]{0,1000})\]\(\s*<?([^\s<>()]{0,2000}(?:\([^\s<>()]{0,500}\)[^\s<>()]{0,500})?)>?(?:\s+&quot;[^)]{0,500}&quot;)?\s*\)"
)
_BARE = re.compile(r"(?<![\w\"=>/])https?://[^\s<>()\"']+[^\s<>()\"'.,;:!?]")
_SAFE = re.compile(r"https?://|mailto:|#", re.I)
_PICTURE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+$")


def markdown_to_html(text: str) -> str:
    """Turn Markdown into an HTML fragment."""
    return _blocks(text.replace("\r\n", "\n").replace("\t", "    ").split("\n"), 0)


def _blocks(lines: list[str], depth: int) -> str:
    out: list[str] = []
    at = 0
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        for block in _BLOCKS:
            found = block(lines, at, depth)
            if found is not None:
                html, at = found
                out.append(html)
                break
    return "\n".join(out)


Block = Callable[[list[str], int, int], "tuple[str, int] | None"]


def _fenced(lines: list[str], at: int, depth: int) -> tuple[str, int] | None:
    match = _FENCE.match(lines[at])
    if match is None:
        return None
    end = at + 1
    while end < len(lines) and not lines[end].strip().startswith(match[1]):
        end += 1
    return f"<pre><code>{escape(chr(10).join(lines[at + 1 : end]))}</code></pre>", end + 1


def _indented(lines: list[str], at: int, depth: int) -> tuple[str, int] | None:
    if not lines[at].startswith("    "):
        return None
    end = at
    while end < len(lines) and (lines[end].startswith("    ") or not lines[end].strip()):
        end += 1
    code = "\n".join(line[4:] for line in lines[at:end]).rstrip()
    return f"<pre><code>{escape(code)}</code></pre>", end


def _heading(lines: list[str], at: int, depth: int) -> tuple[str, int] | None:
    match = _HEADING.match(lines[at])
    if match is None:
        return None
    level = len(match[1])
    return f"<h{level}>{inline(match[2])}</h{level}>", at + 1


def _rule(lines: list[str], at: int, depth: int) -> tuple[str, int] | None:
    return ("<hr>", at + 1) if _RULE.match(lines[at]) else None


def _quote(lines: list[str], at: int, depth: int) -> tuple[str, int] | None:
    if not lines[at].lstrip().startswith(">") or depth >= _DEEPEST:
        return None
    end = at
    while end < len(lines) and lines[end].lstrip().startswith(">"):
        end += 1
    inner = [re.sub(r"^\s*> ?", "", line) for line in lines[at:end]]
    return f"<blockquote>{_blocks(inner, depth + 1)}</blockquote>", end


def _table(lines: list[str], at: int, depth: int) -> tuple[str, int] | None:
    if at + 1 >= len(lines) or "|" not in lines[at] or not _TABLE_LINE.match(lines[at + 1]) or "-" not in lines[at + 1]:
        return None
    marks = _cells(lines[at + 1])
    right = [m.endswith(":") and not m.startswith(":") for m in marks]
    head = _cells(lines[at])
    if len(head) != len(marks):
        return None
    end = at + 2
    body = []
    while end < len(lines) and "|" in lines[end]:
        body.append((_cells(lines[end]) + [""] * len(head))[: len(head)])
        end += 1

    def row(cells: list[str], tag: str) -> str:
        return (
            "<tr>"
            + "".join(f"<{tag}{' class=n' if r else ''}>{inline(c)}</{tag}>" for c, r in zip(cells, right, strict=True))
            + "</tr>"
        )

    return f"<table><thead>{row(head, 'th')}</thead><tbody>{''.join(row(r, 'td') for r in body)}</tbody></table>", end


def _cells(line: str) -> list[str]:
    return [
        c.replace(r"\|", "|").strip() for c in re.split(r"(?<!\\)\|", line.strip().removeprefix("|").removesuffix("|"))
    ]


def _list(lines: list[str], at: int, depth: int) -> tuple[str, int] | None:
    first = _ITEM.match(lines[at])
    if first is None or depth >= _DEEPEST:
        return None
    ordered, margin = first[2][0].isdigit(), len(first[1])
    items: list[list[str]] = []
    while at < len(lines):
        match = _ITEM.match(lines[at])
        if match and len(match[1]) <= margin + 1:
            if match[2][0].isdigit() != ordered or len(match[1]) < margin:
                break
            items.append([match[3]])
        elif lines[at].strip() and (len(lines[at]) - len(lines[at].lstrip()) > margin or lines[at - 1].strip()):
            items[-1].append(re.sub(rf"^ {{0,{margin + 2}}}", "", lines[at]))
        elif (
            not lines[at].strip()
            and at + 1 < len(lines)
            and (lines[at + 1].startswith(" " * (margin + 2)) or _ITEM.match(lines[at + 1]))
        ):
            items[-1].append("")
        else:
            break
        at += 1
    tag = "ol" if ordered else "ul"
    body = "".join(f"<li>{_tight(_blocks(item, depth + 1))}</li>" for item in items)
    return f"<{tag}>{body}</{tag}>", at


def _tight(html: str) -> str:
    """An item that is one paragraph, without the paragraph."""
    return (
        html[3:-4]
        if html.startswith("<p>") and html.count("<p>") == 1 and html.endswith("</p>")
        else html.replace("<p>", "", 1).replace("</p>", "", 1)
        if html.startswith("<p>")
        else html
    )


def _paragraph(lines: list[str], at: int, depth: int) -> tuple[str, int]:
    end = at + 1
    while end < len(lines) and lines[end].strip() and not _interrupts(lines, end):
        end += 1
    return f"<p>{inline(chr(10).join(line.strip() for line in lines[at:end]))}</p>", end


def _interrupts(lines: list[str], at: int) -> bool:
    line = lines[at]
    return bool(
        _FENCE.match(line)
        or _HEADING.match(line)
        or _RULE.match(line)
        or _ITEM.match(line)
        or line.lstrip().startswith(">")
    )


_BLOCKS: tuple[Block, ...] = (_fenced, _indented, _heading, _rule, _quote, _table, _list, _paragraph)


def inline(text: str) -> str:
    """The marks inside a line. Code is set aside first, so that nothing in it is read."""
    kept: list[str] = []

    def keep(html: str) -> str:
        kept.append(html)
        return f"\x00{len(kept) - 1}\x00"

    shown = _CODE.sub(lambda m: keep(f"<code>{escape(m[2].strip())}</code>"), text.replace("\x00", "\ufffd"))
    shown = re.sub(r"\\([\\`*_{}\[\]()#+.!|~-])", lambda m: keep(escape(m[1])), shown)
    shown = escape(shown)
    shown = _LINK.sub(lambda m: keep(_target(m[1] == "!", m[2], m[3])), shown)
    shown = _BARE.sub(lambda m: keep(f'<a href="{m[0]}" rel="noopener noreferrer">{m[0]}</a>'), shown)
    for pattern, tag in (
        (r"\*\*(?=\S)(.+?)(?<=\S)\*\*", "strong"),
        (r"(?<!\w)__(?=\S)(.+?)(?<=\S)__(?!\w)", "strong"),
        (r"\*(?=\S)(.+?)(?<=\S)\*", "em"),
        (r"(?<!\w)_(?=\S)(.+?)(?<=\S)_(?!\w)", "em"),
        (r"~~(?=\S)(.+?)(?<=\S)~~", "del"),
    ):
        shown = re.sub(pattern, rf"<{tag}>\1</{tag}>", shown, flags=re.S)
    shown = shown.replace("  \n", "<br>\n")
    for _ in range(3):  # a kept piece may lie in the text of a kept link
        shown = re.sub(r"\x00(\d+)\x00", lambda m: kept[int(m[1])], shown)
    return shown


def _target(picture: bool, label: str, address: str) -> str:
    """A link or picture; `label` and `address` are escaped already. What could act is shown as its label alone."""
    plain = re.sub(r"[\x00-\x20]", "", unescape(address))
    if picture:
        return f'<img src="{escape(plain)}" alt="{label}">' if _PICTURE.match(plain) else label
    return f'<a href="{escape(plain)}" rel="noopener noreferrer">{label}</a>' if plain and _SAFE.match(plain) else label
