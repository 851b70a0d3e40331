"""Diagnostics for people: message, place, excerpt with caret, hint, and a line that counts them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from symphony.compiler.text_width import printable
from symphony.model.diagnostic import Diagnostic, Severity

_Paint: TypeAlias = Callable[[str, str], str]
_COLOURS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.NOTE: "36"}
_BLUE = "34"
_GUTTER = re.compile(r"^( *\d* \||\.+)(.*)$")


def report_text(diagnostics: Iterable[Diagnostic], *, colour: bool = False) -> str:
    """Write every problem in the order given, then how many there were; empty when there are none.

    Args:
        colour: use ANSI codes; they carry nothing that the words do not say.
    """
    found = list(diagnostics)
    if not found:
        return ""
    paint = _painted if colour else _plain
    blocks = [_block(d, paint) for d in found]
    return "\n\n".join([*blocks, paint(summary_line(found), "1")]) + "\n"


def summary_line(diagnostics: Sequence[Diagnostic]) -> str:
    """Count problems: ``2 errors, 1 warning in 1 file``; ``no problems`` when there are none."""
    counts = [_count(sum(d.severity is s for d in diagnostics), str(s)) for s in Severity]
    files = len({d.file for d in diagnostics if d.file})
    text = ", ".join(c for c in counts if c) or "no problems"
    return f"{text} in {_count(files, 'file')}" if files else text


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}" if number else ""


def _block(diagnostic: Diagnostic, paint: _Paint) -> str:
    tone = _COLOURS[diagnostic.severity]
    head = paint(f"{diagnostic.severity}[{diagnostic.code}]", f"1;{tone}")
    lines = [f"{head}{paint(f': {printable(diagnostic.message)}', '1')}"]
    indent = _gutter_width(diagnostic)
    if diagnostic.file:
        span = diagnostic.span
        place = f"{diagnostic.file}:{span.line}:{span.column}" if span else diagnostic.file
        lines.append(f"{indent}{paint('-->', _BLUE)} {printable(place)}")
    if diagnostic.excerpt:
        lines += [_excerpt_line(line, tone, paint) for line in diagnostic.excerpt.splitlines()]
    if diagnostic.hint:
        lines.append(f"{indent} {paint('=', _BLUE)} {paint('hint', '1')}: {printable(diagnostic.hint)}")
    return "\n".join(lines)


def _gutter_width(diagnostic: Diagnostic) -> str:
    """Spaces as wide as the line numbers of the excerpt, so that ``-->``, ``|`` and ``=`` stand in one column."""
    if not diagnostic.excerpt:
        return " "
    return " " * diagnostic.excerpt.index(" |")


def _excerpt_line(line: str, tone: str, paint: _Paint) -> str:
    found = _GUTTER.match(line)
    if found is None:
        return line
    rest = found[2]
    marks = rest.strip()
    if marks and set(marks) <= {"^", "_", "|"} and "^" in marks:
        rest = paint(rest, f"1;{tone}")
    return f"{paint(found[1], _BLUE)}{rest}"


def _plain(text: str, _: str) -> str:
    return text


def _painted(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m"
