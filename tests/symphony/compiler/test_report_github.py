"""Diagnostics as annotations of GitHub."""

from __future__ import annotations

from symphony.compiler.report_github import report_github
from symphony.model.diagnostic import Diagnostic, Severity
from symphony.model.source import Span


def test_a_problem_is_one_command() -> None:
    problem = Diagnostic(
        "SYM120", "player is unknown", hint="try code.measure", file="a/m.yaml", span=Span(3, 13, 3, 24)
    )

    assert report_github([problem]) == (
        "::error file=a/m.yaml,line=3,col=13,title=SYM120::player is unknown%0Ahint: try code.measure\n"
    )


def test_severities_have_their_commands_and_a_missing_place_is_left_out() -> None:
    found = [Diagnostic("SYM1", "m", s, file="f" if s is Severity.NOTE else "") for s in Severity]

    assert report_github(found) == "::error title=SYM1::m\n::warning title=SYM1::m\n::notice file=f,title=SYM1::m\n"


def test_signs_of_the_syntax_are_escaped() -> None:
    problem = Diagnostic("SYM1", "100%\r\n::error::x", file="a:b,c%.yaml", span=Span(1, 1, 1, 1))

    assert report_github([problem]) == (
        "::error file=a%3Ab%2Cc%25.yaml,line=1,col=1,title=SYM1::100%25%0D%0A::error::x\n"
    )
