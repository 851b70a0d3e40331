"""Diagnostics as JUnit XML, which most build servers show as tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from symphony.compiler.report_text import report_text, summary_line
from symphony.compiler.xml_text import xml_attribute, xml_text
from symphony.model.diagnostic import Diagnostic, Severity


def report_junit(diagnostics: Iterable[Diagnostic], *, files: Sequence[str] = ()) -> str:
    """Write a test case per file; one with errors fails, warnings and notes stand in its output.

    Args:
        files: every file that was checked, so that those without problems are shown as passed.
    """
    found = list(diagnostics)
    by_file: dict[str, list[Diagnostic]] = {file: [] for file in files}
    for diagnostic in found:
        by_file.setdefault(diagnostic.file, []).append(diagnostic)
    failed = sum(any(d.severity is Severity.ERROR for d in problems) for problems in by_file.values())
    counts = f'tests="{len(by_file)}" failures="{failed}" errors="0" skipped="0"'
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<testsuites name="symphony check" {counts}>']
    lines.append(f'  <testsuite name="symphony check" {counts}>')
    for file, problems in by_file.items():
        lines += _case(file, problems)
    lines += ["  </testsuite>", "</testsuites>"]
    return "\n".join(lines) + "\n"


def _case(file: str, problems: list[Diagnostic]) -> list[str]:
    place = f' file="{xml_attribute(file)}"' if file else ""
    head = f'    <testcase name="{xml_attribute(file or "melody")}" classname="symphony.check"{place}'
    if not problems:
        return [f"{head}/>"]
    errors = [d for d in problems if d.severity is Severity.ERROR]
    others = [d for d in problems if d.severity is not Severity.ERROR]
    lines = [f"{head}>"]
    if errors:
        first = errors[0]
        message = first.message if len(errors) == 1 else f"{summary_line(errors)}; the first: {first.message}"
        lines.append(f'      <failure type="{xml_attribute(first.code)}" message="{xml_attribute(message)}">')
        lines.append(f"{xml_text(report_text(errors)).rstrip()}</failure>")
    if others:
        lines.append(f"      <system-out>{xml_text(report_text(others)).rstrip()}</system-out>")
    return [*lines, "    </testcase>"]
