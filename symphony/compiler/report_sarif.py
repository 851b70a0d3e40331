"""Diagnostics as SARIF 2.1.0 (OASIS, Static Analysis Results Interchange Format), for code scanning."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from symphony.model.diagnostic import Diagnostic, Severity
from symphony.model.frozen import EMPTY
from symphony.model.source import Span

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def report_sarif(diagnostics: Iterable[Diagnostic], *, version: str = "", titles: Mapping[str, str] = EMPTY) -> str:
    """Write one run with a rule per code and a result per problem.

    Args:
        version: Symphony's version, named as the tool's.
        titles: what each code means, in a few words; a code without one is named by the problem's severity.
    """
    found = list(diagnostics)
    codes = sorted({d.code for d in found})
    driver: dict[str, object] = {"name": "Symphony", "rules": [_rule(c, found, titles) for c in codes]}
    if version:
        driver["semanticVersion"] = version
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(d, codes.index(d.code)) for d in found],
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _rule(code: str, found: list[Diagnostic], titles: Mapping[str, str]) -> dict[str, object]:
    worst = next(d for s in Severity for d in found if d.code == code and d.severity is s)
    title = titles.get(code) or f"Symphony's compiler reports this as {worst.severity}"
    hints = list(dict.fromkeys(d.hint for d in found if d.code == code and d.hint))
    page = f"See docs/errors/{code}.md."
    return {
        "id": code,
        "shortDescription": {"text": title},
        "help": {"text": " ".join([f"{title}.", *(f"Hint: {h}" for h in hints[:1]), page])},
        "defaultConfiguration": {"level": _LEVELS[worst.severity]},
    }


def _result(diagnostic: Diagnostic, rule: int) -> dict[str, object]:
    message = f"{diagnostic.message.rstrip('.')}. Hint: {diagnostic.hint}" if diagnostic.hint else diagnostic.message
    result: dict[str, object] = {
        "ruleId": diagnostic.code,
        "ruleIndex": rule,
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": message},
    }
    location: dict[str, object] = {}
    if diagnostic.file:
        location["physicalLocation"] = _place(diagnostic.file, diagnostic.span)
    if diagnostic.task is not None:
        location["logicalLocations"] = [{"fullyQualifiedName": diagnostic.task, "kind": "function"}]
    return result | ({"locations": [location]} if location else {})


def _place(file: str, span: Span | None) -> dict[str, object]:
    place: dict[str, object] = {"artifactLocation": {"uri": _uri(file)}}
    if span is not None:
        region = {"startLine": span.line, "startColumn": span.column}
        if (span.end_line, span.end_column) >= (span.line, span.column):
            region |= {"endLine": span.end_line, "endColumn": span.end_column}
        place["region"] = region
    return place


def _uri(file: str) -> str:
    """A path as a URI reference: relative ones stay relative, absolute ones become ``file://``."""
    path = quote(file.replace("\\", "/"), safe="/~")
    return f"file://{path}" if path.startswith("/") else path
