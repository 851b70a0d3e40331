"""Diagnostics as JUnit XML."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from symphony.compiler.report_junit import report_junit
from symphony.model.diagnostic import Diagnostic, Severity


def test_one_case_per_file_and_errors_fail_it() -> None:
    found = [
        Diagnostic("SYM120", "first <bad>", file="a.yaml"),
        Diagnostic("SYM121", "second", file="a.yaml"),
        Diagnostic("SYM195", "lint", Severity.NOTE, file="b.yaml"),
    ]

    root = ET.fromstring(report_junit(found, files=["ok.yaml", "a.yaml"]).encode())

    assert (root.tag, root.get("tests"), root.get("failures")) == ("testsuites", "3", "1")
    cases = {c.get("name"): c for c in root.iter("testcase")}
    assert list(cases) == ["ok.yaml", "a.yaml", "b.yaml"]
    assert list(cases["ok.yaml"]) == []
    failure = cases["a.yaml"].find("failure")
    assert failure is not None
    assert failure.get("type") == "SYM120"
    assert failure.get("message") == "2 errors in 1 file; the first: first <bad>"
    assert "error[SYM121]: second" in (failure.text or "")
    assert "note[SYM195]: lint" in (cases["b.yaml"].findtext("system-out") or "")


def test_characters_that_xml_cannot_hold_do_not_break_it() -> None:
    ET.fromstring(report_junit([Diagnostic("SYM1", "\x00\x1b\ud800 ]]>", file="\x01")]).encode())
