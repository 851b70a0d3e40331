"""Turns bytes of unknown origin into text, or says that they are no text."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_SNIFFED = 8000  # bytes looked at for a NUL, as git does


class Decoded(NamedTuple):
    """Text and the encoding it was read with."""

    text: str
    encoding: str


def decode(data: bytes) -> Decoded | None:
    """Read bytes as text; None when they are binary.

    A byte order mark decides; then UTF-8; then what a Python or Emacs ``coding:`` line in the first two lines says;
    then Latin-1, which takes any byte.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _try(data, encoding)
    if b"\0" in data[:_SNIFFED]:
        return None
    return _try(data, "utf-8") or _declared(data) or Decoded(data.decode("latin-1"), "latin-1")


def _try(data: bytes, encoding: str) -> Decoded | None:
    try:
        return Decoded(data.decode(encoding), encoding.removesuffix("-sig"))
    except (UnicodeDecodeError, LookupError):
        return None


def _declared(data: bytes) -> Decoded | None:
    for line in data.split(b"\n", 2)[:2]:
        match = _CODING.match(line)
        if match:
            return _try(data, match[1].decode("ascii"))
    return None
