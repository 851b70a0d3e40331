"""Diagnostics as JSON."""

from __future__ import annotations

import json

from symphony.compiler.report_json import report_json
from symphony.model.diagnostic import Diagnostic, Severity
from symphony.model.source import Span


def test_every_key_of_the_interface_is_there() -> None:
    found = [
        Diagnostic("SYM120", "unknown 日本", hint="h", file="m.yaml", span=Span(3, 13, 3, 24), task="stats"),
        Diagnostic("SYM195", "lint", Severity.NOTE),
    ]

    assert json.loads(report_json(found)) == {
        "ok": False,
        "plan_hash": None,
        "diagnostics": [
            {"code": "SYM120", "severity": "error", "message": "unknown 日本", "hint": "h", "file": "m.yaml", "line": 3,
             "column": 13, "end_line": 3, "end_column": 24, "task": "stats"},
            {"code": "SYM195", "severity": "note", "message": "lint", "hint": "", "file": None, "line": None,
             "column": None, "end_line": None, "end_column": None, "task": None},
        ],
    }  # fmt: skip


def test_warnings_alone_are_fine_and_the_hash_is_told() -> None:
    document = json.loads(report_json([Diagnostic("SYM1", "m", Severity.WARNING)], plan_hash="ab"))

    assert (document["ok"], document["plan_hash"]) == (True, "ab")
