"""Problems found before anything runs: stable codes, places, hints."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from symphony.model.source import Span


class Severity(StrEnum):
    """How bad a problem is: an error stops, a warning is probably wrong, a note is lint."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem. Lines and columns count from 1, in characters; 0 means unknown.

    Attributes:
        code: ``SYM1nn``; each has a page under ``docs/errors``.
        message: one sentence: what was found and why it is wrong.
        hint: what to do, or an empty text.
        task: the task concerned, or None.
    """

    code: str
    message: str
    severity: Severity = Severity.ERROR
    hint: str = ""
    file: str = ""
    span: Span | None = None
    task: str | None = None
    excerpt: str = field(default="", compare=False)

    def one_line(self) -> str:
        """The problem as ``file:line:column: code message``."""
        place = (
            f"{self.file}:{self.span.line}:{self.span.column}: "
            if self.span
            else (f"{self.file}: " if self.file else "")
        )
        return f"{place}{self.code} {self.message}" + (f" ({self.hint})" if self.hint else "")

    def sort_key(self) -> tuple[str, int, int, str]:
        """Order of the file, then of the code."""
        return (self.file, self.span.line if self.span else 0, self.span.column if self.span else 0, self.code)
