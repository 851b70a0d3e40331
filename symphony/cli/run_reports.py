"""What a run leaves for a build server: its tasks as JUnit XML, and a summary in Markdown."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from symphony.cli.terminal import seconds_text, size_text
from symphony.compiler.text_width import printable
from symphony.compiler.xml_text import xml_attribute, xml_text

SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"
"""Names the file that GitHub shows below a job."""
MOST_FAILURES = 20
_SIGNS = {"succeeded": "✅", "cached": "⚡", "failed": "❌", "skipped": "⏭️", "cancelled": "🚫"}

Finished = tuple[Mapping[str, Any], Mapping[str, Any]]
"""A run: the document of ``run --json``, and its tasks by name."""


def write_reports(finished: Sequence[Finished], junit: Path | None) -> list[str]:
    """Write the reports that are asked for, the summary where the build server wants one; returns what was written."""
    from symphony.cli.output_file import write_atomically  # only where something is written

    written = []
    if junit is not None:
        write_atomically(junit, junit_report(finished).encode())
        written.append(str(junit))
    summary = os.environ.get(SUMMARY_VARIABLE)
    if summary:
        with open(summary, "a", encoding="utf-8") as stream:  # the file collects what all steps say
            stream.write(markdown_summary(finished))
    return written


def junit_report(finished: Iterable[Finished]) -> str:
    """The tasks of runs as test cases: a suite per run; an element of `each` is a case when it failed."""
    suites = [_suite(document, tasks) for document, tasks in finished]
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", *suites, "</testsuites>"]) + "\n"


def _suite(document: Mapping[str, Any], tasks: Mapping[str, Any]) -> str:
    errors = {f["task"]: f.get("error") or {} for f in document["failures"]}
    shown = {name: task for name, task in tasks.items() if "[" not in name or name in errors}
    cases = [_case(str(document["melody"]), name, task, errors.get(name)) for name, task in shown.items()]
    others = [_failure(task, error) for task, error in errors.items() if task not in shown]
    name = xml_attribute(f"{document['melody']} {document['run']}")
    failed = sum(str(t.state) == "failed" for t in shown.values()) + len(others)
    skipped = sum(str(t.state) in ("skipped", "cancelled") for t in shown.values())
    counts = f'tests="{len(cases) + len(others)}" failures="{failed}" skipped="{skipped}" errors="0"'
    head = f'  <testsuite name="{name}" {counts} time="{document["seconds"]:.3f}">'
    return "\n".join([head, *cases, *others, "  </testsuite>"])


def _case(melody: str, name: str, task: Any, error: Mapping[str, Any] | None) -> str:
    state = str(task.state)
    head = f'    <testcase classname="{xml_attribute(melody)}" name="{xml_attribute(name)}" time="{task.duration_s or 0:.3f}"'
    if state == "failed":
        return f"{head}>\n{_problem(error or {})}\n    </testcase>"
    if state in ("skipped", "cancelled"):
        return f'{head}>\n      <skipped message="{xml_attribute(task.note or state)}"/>\n    </testcase>'
    note = f">\n      <system-out>{state}</system-out>\n    </testcase>" if state == "cached" else "/>"
    return head + note


def _failure(task: str, error: Mapping[str, Any]) -> str:
    return f'    <testcase name="{xml_attribute(task or "run")}">\n{_problem(error)}\n    </testcase>'


def _problem(error: Mapping[str, Any]) -> str:
    kind, message = str(error.get("type", "failed")), str(error.get("message", ""))
    text = xml_text(str(error.get("traceback") or message)).rstrip()
    return f'      <failure type="{xml_attribute(kind)}" message="{xml_attribute(message)}">{text}</failure>'


def markdown_summary(finished: Sequence[Finished]) -> str:
    """Runs as people read them below a build: a line per run, its tasks folded, its failures open."""
    return "\n".join(line for document, tasks in finished for line in [*_run(document, tasks), ""]) + "\n"


def _run(document: Mapping[str, Any], tasks: Mapping[str, Any]) -> Iterable[str]:
    state = str(document["state"])
    counts = ", ".join(f"{n} {name}" for name, n in document["counts"].items() if n)
    yield f"### {_SIGNS.get(state, '')} {_plain(document['melody'])}: {state} in {seconds_text(document['seconds'])}".strip()
    yield ""
    yield f"{counts or 'no tasks'}; run `{document['run']}`, plan `{document['plan'][:12]}`, executor {document['executor']}"
    for failure in document["failures"][:MOST_FAILURES]:
        error = failure.get("error") or {}
        yield ""
        yield f"**{_plain(failure['task'] or 'run')}**: {_plain(error.get('type', ''))}"
        yield ""
        yield from ("    " + line for line in printable(str(error.get("message", ""))).splitlines()[:20])
    if len(document["failures"]) > MOST_FAILURES:
        yield f"\nand {len(document['failures']) - MOST_FAILURES:,} more failures"
    if document["outputs"]:
        yield from ("", "| output | type | size |", "|---|---|---|")
        for name, output in document["outputs"].items():
            found = output or {}
            size = size_text(found["bytes"]) if found.get("bytes") is not None else ""
            yield f"| {_plain(name)} | {_plain(str(found.get('type', 'null')))} | {size} |"
    whole = {name: task for name, task in tasks.items() if "[" not in name}
    yield from ("", "<details><summary>Tasks</summary>", "", "| task | state | time |", "|---|---|---|")
    for name, task in whole.items():
        sign = _SIGNS.get(str(task.state), "")
        yield f"| {_plain(name)} | {sign} {task.state} | {seconds_text(task.duration_s) if task.duration_s else ''} |"
    yield from ("", "</details>")


def _plain(text: str) -> str:
    shown = printable(str(text))
    for sign in "\\`*_<>|[]":
        shown = shown.replace(sign, "\\" + sign)
    return " ".join(shown.split())
