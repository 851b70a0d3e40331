"""The lines of a file that a problem is about, with a caret under the place."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from symphony.compiler.text_width import cells
from symphony.model.source import Span

TAB = 4
WIDTH = 100
"""Cells that a line of the file may take; longer ones are cut around the place."""
MOST_LINES = 6
"""A problem over more lines is shown by its first three and its last one."""
_LINE_END = re.compile(r"\r\n|\n|\r")


def excerpt_of(text: str, span: Span, *, width: int = WIDTH) -> str:
    """Show the place `span` of a file.

    Tabs are widened to four spaces, wide characters count two, and characters that would move or colour a terminal
    are shown as escapes, so that the caret always stands under the place. The answer has no line end; it is empty
    when the file has no such line (it changed since it was read, or it is not at hand).

    Args:
        text: the whole text of the file.
        span: the place; its end is exclusive.
        width: cells that a line of the file may take.
    """
    lines = _lines(text)
    if not 1 <= span.line <= len(lines):
        return ""
    last = min(max(span.end_line, span.line), len(lines))
    if span.end_line > span.line and span.end_column <= 1 and last > span.line:
        last -= 1  # the end lies before the first character of its line
    gutter = len(str(last))
    if last == span.line:
        return _on_one_line(lines[span.line - 1], span, gutter, width)
    return _over_lines(lines, span, last, gutter, width)


@lru_cache(maxsize=2)
def _lines(text: str) -> list[str]:
    """The lines of a text; kept, since many problems may be in one large file."""
    return _LINE_END.split(text) if text else []


def _on_one_line(line: str, span: Span, gutter: int, width: int) -> str:
    end = span.end_column if span.end_line == span.line else len(line) + 1
    shown, start, length = _Shown.of(line).cut(span.column - 1, max(end - 1, span.column), width)
    empty = " " * gutter
    return f"{empty} |\n{span.line} | {shown}\n{empty} | {' ' * start}{'^' * length}"


def _over_lines(lines: list[str], span: Span, last: int, gutter: int, width: int) -> str:
    numbers = list(range(span.line, last + 1))
    skipped = len(numbers) > MOST_LINES
    if skipped:
        numbers = [*numbers[:3], last]
    rows = [f"{' ' * gutter} |"]
    for number in numbers:
        if skipped and number == last:
            rows.append(f"{'.' * max(gutter, 3)}")
        line = _Shown.of(lines[number - 1]).cut(0, 1, width - 2)[0]
        rail = "/" if number == span.line else "|"
        rows.append(f"{number:>{gutter}} | {rail} {line}".rstrip())
    end = span.end_column - 1 if last == span.end_line else len(lines[last - 1])
    _, start, length = _Shown.of(lines[last - 1]).cut(0, max(end, 1), width - 2)
    rows.append(f"{' ' * gutter} | |_{'_' * (start + length - 1)}^")
    return "\n".join(rows)


@dataclass(frozen=True, slots=True)
class _Shown:
    """A line as it is printed: for each character of the file the text that stands for it."""

    pieces: tuple[str, ...]

    @classmethod
    def of(cls, line: str) -> _Shown:
        pieces, at = [], 0
        for character in line:
            piece = _visible(character, at)
            pieces.append(piece)
            at += cells(piece)
        return cls(tuple(pieces))

    def cut(self, start: int, end: int, width: int) -> tuple[str, int, int]:
        """Cut to `width` cells around the characters [start, end); say in cells where the place is and how long."""
        start = min(max(start, 0), len(self.pieces))
        end = max(start, min(end, len(self.pieces)))
        widths = [cells(piece) for piece in self.pieces]
        if sum(widths) <= width:
            return "".join(self.pieces).rstrip(), sum(widths[:start]), max(1, sum(widths[start:end]))
        first = start
        room = max(8, width // 3)
        while first > 0 and room - widths[first - 1] >= 0:
            first -= 1
            room -= widths[first]
        head = "…" if first else ""
        after, room = first, width - 2
        while after < len(self.pieces) and room - widths[after] >= 0:
            room -= widths[after]
            after += 1
        tail = "…" if after < len(self.pieces) else ""
        place = len(head) + sum(widths[first:start])
        length = max(1, sum(widths[start : min(end, after)]))
        return head + "".join(self.pieces[first:after]).rstrip() + tail, place, length


def _visible(character: str, at: int) -> str:
    if character == "\t":
        return " " * (TAB - at % TAB)
    if character.isprintable() or unicodedata.category(character) in ("Zs", "Mn", "Me"):
        return " " if unicodedata.category(character) == "Zs" else character
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
