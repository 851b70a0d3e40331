"""Diagnostics as one JSON document, for tools."""

from __future__ import annotations

import json
from collections.abc import Iterable

from symphony.model.diagnostic import Diagnostic, Severity


def report_json(diagnostics: Iterable[Diagnostic], *, plan_hash: str | None = None) -> str:
    """Write ``{ok, plan_hash, diagnostics: [...]}``; lines and columns count from 1, null where unknown.

    Args:
        plan_hash: the hash of the plan, when one melody was checked and it compiles.
    """
    found = list(diagnostics)
    document = {
        "ok": not any(d.severity is Severity.ERROR for d in found),
        "plan_hash": plan_hash,
        "diagnostics": [_document(d) for d in found],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _document(diagnostic: Diagnostic) -> dict[str, object]:
    span = diagnostic.span
    return {
        "code": diagnostic.code,
        "severity": str(diagnostic.severity),
        "message": diagnostic.message,
        "hint": diagnostic.hint,
        "file": diagnostic.file or None,
        "line": span.line if span else None,
        "column": span.column if span else None,
        "end_line": span.end_line if span else None,
        "end_column": span.end_column if span else None,
        "task": diagnostic.task,
    }
