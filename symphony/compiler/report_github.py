"""Diagnostics as workflow commands of GitHub Actions, which become annotations in a pull request."""

from __future__ import annotations

from collections.abc import Iterable

from symphony.compiler.text_width import printable
from symphony.model.diagnostic import Diagnostic, Severity

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
_IN_MESSAGE = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_MESSAGE = str.maketrans(_IN_MESSAGE)
_PROPERTY = str.maketrans(_IN_MESSAGE | {":": "%3A", ",": "%2C"})


def report_github(diagnostics: Iterable[Diagnostic]) -> str:
    """Write one command per problem: ``::error file=,line=,col=,title=::message``; empty when there are none."""
    return "".join(_command(d) + "\n" for d in diagnostics)


def _command(diagnostic: Diagnostic) -> str:
    facts: dict[str, object] = {}
    if diagnostic.file:
        facts["file"] = diagnostic.file
        if diagnostic.span:
            facts |= {"line": diagnostic.span.line, "col": diagnostic.span.column}
    facts["title"] = diagnostic.code
    properties = ",".join(f"{name}={str(value).translate(_PROPERTY)}" for name, value in facts.items())
    message = diagnostic.message + (f"\nhint: {diagnostic.hint}" if diagnostic.hint else "")
    return f"::{_COMMANDS[diagnostic.severity]} {properties}::{printable(message.translate(_MESSAGE))}"
