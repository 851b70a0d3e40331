"""Collects the problems of one compilation, each with its place."""

from __future__ import annotations

from symphony.errors import ExpressionError
from symphony.model.diagnostic import Diagnostic, Severity
from symphony.model.expression import Expression, Reference
from symphony.model.melody import Melody
from symphony.model.source import Path, Span


class Problems:
    """The problems found so far. The same problem at the same place counts once."""

    def __init__(self) -> None:
        self._found: dict[tuple[object, ...], Diagnostic] = {}
        self.has_errors = False

    def add(
        self,
        code: str,
        message: str,
        *,
        melody: Melody,
        at: Path,
        hint: str = "",
        task: str | None = None,
        severity: Severity = Severity.ERROR,
        span: Span | None = None,
        key: bool = False,
    ) -> None:
        """Note a problem at a part of a melody; `key` points at the name of the part rather than at its value."""
        source = melody.source
        if span is None and key:
            span = source.key_of(at)
        if span is None:
            span = source.locate(at)
        self.add_diagnostic(Diagnostic(code, message, severity, hint, source.file, span, task))

    def add_diagnostic(self, found: Diagnostic) -> None:
        """Note a finished diagnostic."""
        self._found.setdefault((found.code, found.file, found.span, found.message), found)
        self.has_errors = self.has_errors or found.severity is Severity.ERROR

    def in_expression(
        self,
        error: ExpressionError,
        expression: Expression,
        *,
        melody: Melody,
        at: Path,
        task: str | None = None,
    ) -> None:
        """Note a problem inside an expression, at the characters it covers."""
        span = melody.source.expression_at(at, error.offset, error.offset + error.length)
        self.add(error.code, str(error), melody=melody, at=at, hint=error.hint, task=task, span=span)

    def at_reference(
        self,
        code: str,
        message: str,
        reference: Reference,
        *,
        melody: Melody,
        at: Path,
        hint: str = "",
        task: str | None = None,
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Note a problem with a reference, at the characters it covers."""
        start, end = reference.at
        span = melody.source.expression_at(at, start, end) if end > start else None
        self.add(code, message, melody=melody, at=at, hint=hint, task=task, severity=severity, span=span)

    def sorted(self) -> tuple[Diagnostic, ...]:
        """All problems in the order of the files. What an error leaves unknown is not noted beside it."""
        wrong = {(d.file, d.span.line) for d in self._found.values() if d.severity is Severity.ERROR and d.span}
        kept = [
            d
            for d in self._found.values()
            if d.code != "SYM195" or d.span is None or (d.file, d.span.line) not in wrong
        ]
        return tuple(sorted(kept, key=Diagnostic.sort_key))
