"""Where a definition came from: file, text, and the place of each of its parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""The way to a part of a document: ``("tasks", "stats", "with", "file")``."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a file. Lines and columns count from 1, columns in characters; the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Source:
    """The origin of a melody.

    Attributes:
        file: the path of the file as people know it, or an empty text.
        locate: gives the span of a part of the document, or of its nearest parent that has one.
        text: gives the text of the file, for excerpts.
        key_of: gives the span of the key that names a part, where it differs from the part's own.
    """

    file: str
    locate: Callable[[Path], Span | None] = field(compare=False, repr=False)
    text: Callable[[], str] = field(compare=False, repr=False)
    key_of: Callable[[Path], Span | None] = field(compare=False, repr=False, default=lambda _: None)
    expression_at: Callable[[Path, int, int], Span | None] = field(compare=False, repr=False, default=lambda *_: None)
    """Gives the span of characters [start, end) of the expression text that lies at a path."""


NO_SOURCE = Source("", lambda _: None, lambda: "")
