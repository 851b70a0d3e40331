"""Writing: documents and results to stdout, words for people to stderr, tables, colour only where it is seen."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from math import isfinite
from typing import Any, TextIO

from symphony.cli.stdout import named_stdout
from symphony.compiler.text_width import cells, printable

_TONES = {
    "succeeded": "32", "cached": "36", "failed": "31", "skipped": "2", "cancelled": "33", "interrupted": "33",
    "running": "34", "hit": "36", "run": "33",
}  # fmt: skip


def has_colour(stream: TextIO) -> bool:
    """Whether a stream shows colour: a terminal that is able to, and ``NO_COLOR`` is not set."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def write(text: str) -> None:
    """Write a result to stdout, ending in one newline."""
    with named_stdout():
        sys.stdout.write(text if text.endswith("\n") or not text else f"{text}\n")


def say(text: str) -> None:
    """Tell people something, on stderr. What stderr does not take, such as a full disk, is lost; the work goes on."""
    with words_may_be_lost():
        sys.stderr.write(f"{text}\n")


@contextmanager
def words_may_be_lost() -> Iterator[None]:
    """Let words for people be lost where nothing takes them. A reader that is gone is told as ever."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError:
        return


def write_document(document: object) -> None:
    """Write one JSON document to stdout. Numbers that JSON lacks are written as text: ``"nan"``, ``"inf"``."""
    try:
        text = json.dumps(document, ensure_ascii=False, indent=2, default=str, allow_nan=False)
    except ValueError:  # JSON has no NaN and no infinity
        text = json.dumps(_finite(document), ensure_ascii=False, indent=2, default=str)
    write(text)


def write_table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table with aligned columns to stdout; a state is coloured where colour is seen."""
    body = [[printable(_text(cell)) for cell in row] for row in rows]
    widths = [max(cells(row[i]) for row in [list(heads), *body]) for i in range(len(heads))]
    colour = has_colour(sys.stdout)
    lines = [_line(list(heads), widths, colour=False), *(_line(row, widths, colour=colour) for row in body)]
    write("\n".join(lines))


def painted(text: str, tone: str, stream: TextIO) -> str:
    """Colour a word by the state that it names, where the stream shows colour."""
    code = _TONES.get(tone)
    return f"\x1b[{code}m{text}\x1b[0m" if code and has_colour(stream) else text


def seconds_text(seconds: float | None) -> str:
    """Write a duration for people: ``12 ms``, ``3.4 s``, ``5 min 10 s``, ``2 h 5 min``; empty for None."""
    if seconds is None:
        return ""
    if seconds < 0.001:
        return "<1 ms"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def size_text(size_bytes: int | None) -> str:
    """Write a size for people, in powers of 1000: ``12 B``, ``3.4 MB``; empty for None."""
    if size_bytes is None:
        return ""
    size = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.95 or unit == "GB":
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def time_text(at: float | None) -> str:
    """Write a point in time, given in seconds since the epoch, in local time; empty for None."""
    return "" if at is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return str(value) if isinstance(value, float) and not isfinite(value) else value


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell)


def _line(row: Sequence[str], widths: Sequence[int], *, colour: bool) -> str:
    parts = []
    for cell, width in zip(row, widths, strict=True):
        code = _TONES.get(cell) if colour else None
        parts.append((f"\x1b[{code}m{cell}\x1b[0m" if code else cell) + " " * (width - cells(cell)))
    return "  ".join(parts).rstrip()
