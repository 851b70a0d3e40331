"""Diagnostics for people."""

from __future__ import annotations

import re

from symphony.compiler.excerpt import excerpt_of
from symphony.compiler.report_text import report_text, summary_line
from symphony.model.diagnostic import Diagnostic, Severity
from symphony.model.source import Span

TEXT = "tasks:\n  stats:\n    player: code.measur\n"
SPAN = Span(3, 13, 3, 24)
UNKNOWN = Diagnostic(
    "SYM120", "player 'code.measur' is unknown", hint="did you mean 'code.measure'?", file="m.yaml", span=SPAN,
    task="stats", excerpt=excerpt_of(TEXT, SPAN),
)  # fmt: skip
ANY = Diagnostic("SYM195", "Any fits everything", Severity.NOTE, file="n.yaml")


def test_a_problem_reads_like_this() -> None:
    assert (
        report_text([UNKNOWN])
        == """\
error[SYM120]: player 'code.measur' is unknown
 --> m.yaml:3:13
  |
3 |     player: code.measur
  |             ^^^^^^^^^^^
  = hint: did you mean 'code.measure'?

1 error in 1 file
"""
    )


def test_arrow_bar_and_hint_stand_in_one_column_for_any_line_number() -> None:
    text = "\n" * 998 + TEXT
    span = Span(1001, 13, 1001, 24)
    lines = report_text(
        [Diagnostic("SYM120", "m", hint="h", file="f", span=span, excerpt=excerpt_of(text, span))]
    ).splitlines()

    assert lines[1] == "    --> f:1001:13"
    assert lines[2] == "     |"
    assert lines[5] == "     = hint: h"


def test_colour_adds_codes_and_nothing_else() -> None:
    plain, coloured = report_text([UNKNOWN, ANY]), report_text([UNKNOWN, ANY], colour=True)

    assert "\x1b" not in plain
    assert coloured != plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_control_characters_of_a_message_do_not_reach_the_terminal() -> None:
    assert "\x1b" not in report_text([Diagnostic("SYM100", "\x1b[2J", hint="\x1b", file="\x1b")])


def test_no_problems_give_no_text() -> None:
    assert report_text([]) == ""


def test_the_summary_counts_by_severity_and_files() -> None:
    assert summary_line([UNKNOWN, UNKNOWN, ANY]) == "2 errors, 1 note in 2 files"
    assert summary_line([Diagnostic("SYM1", "m", Severity.WARNING)]) == "1 warning"
    assert summary_line([]) == "no problems"
