"""The bytes of a YAML file as text: size, encoding and characters are checked, each refusal with its place."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property

from symphony.define.yaml_problems import Problems
from symphony.model.source import Span

LARGEST_BYTES = 64_000_000
BOM = "\ufeff"
_BREAK = re.compile(r"\r\n|\n|\r")
_REFUSED = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
"""Compiled on use: that takes 5 ms, and most texts are plainly fine."""
_LAID_OUT = str.maketrans("", "", "\t\n\r")


class Lines:
    """Turns positions in a text into lines and columns, both from 1, columns in characters."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def starts(self) -> list[int]:
        """The position of the first character of each line."""
        return [0, *(m.end() for m in _BREAK.finditer(self.text))]

    def place(self, position: int) -> tuple[int, int]:
        """The line and column of a position."""
        line = bisect_right(self.starts, position)
        return line, position - self.starts[line - 1] + 1

    def span(self, start: int, end: int) -> Span:
        """The span of the characters [start, end); at least one character wide."""
        return Span(*self.place(start), *self.place(max(end, start + 1)))


def decode(data: str | bytes, problems: Problems) -> str | None:
    """Give the text of a file without its byte order mark, or None after noting why it is refused."""
    size = len(data) if isinstance(data, bytes) or data.isascii() else len(data.encode("utf-8", "surrogatepass"))
    if size > LARGEST_BYTES:
        problems.add(
            "SYM107", f"a melody file has at most 64 MB, this one has {size / 1e6:.1f} MB", span=Span(1, 1, 1, 2),
            hint="move data out of the melody, or split it into sub-melodies",
        )  # fmt: skip
        return None
    text = data if isinstance(data, str) else _utf8(data, problems)
    if text is None:
        return None
    text = text.removeprefix(BOM)
    fine = text.translate(_LAID_OUT).isprintable()  # no printable character is refused
    refused = None if fine else re.search(_REFUSED, text)
    if refused is not None:
        problems.add(
            "SYM101", f"the character {_name(refused[0])} cannot stand in a melody file",
            span=Lines(text).span(refused.start(), refused.end()),
            hint='remove it, or write it as an escape in double quotes, such as "\\e" or "\\x1b"',
        )  # fmt: skip
        return None
    return text


def _utf8(data: bytes, problems: Problems) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8").removeprefix(BOM)
        wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
        problems.add(
            "SYM101",
            f"the file is not UTF-8: the byte 0x{data[error.start]:02x} cannot stand here",
            span=Lines(before).span(len(before), len(before) + 1),
            hint="the file looks like UTF-16: save it as UTF-8" if wide else "save the file as UTF-8",
        )
        return None


def _name(character: str) -> str:
    return "NUL" if character == "\0" else f"U+{ord(character):04X}"
