"""What a run leaves for a build server."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from symphony.cli.entry import main
from symphony.cli.run_reports import junit_report, markdown_summary
from symphony.model.states import TaskState
from symphony.runtime.result import TaskResult

DOCUMENT = {
    "run": "r1", "melody": "demo", "plan": "a" * 64, "executor": "pit", "state": "failed", "seconds": 1.5,
    "counts": {"succeeded": 1, "failed": 1, "skipped": 1, "cached": 0, "cancelled": 0},
    "outputs": {"page": {"artifact": "b" * 64, "type": "text/html", "bytes": 2048, "path": "x"}, "none": None},
    "failures": [{"task": "stats[3]", "error": {"type": "ValueError", "message": "a < b & c", "traceback": "line\n\x1b[31m"}}],
}  # fmt: skip
TASKS = {
    "files": TaskResult(TaskState.SUCCEEDED, 1, 10.0, 10.25),
    "stats": TaskResult(TaskState.FAILED),
    "stats[3]": TaskResult(TaskState.FAILED, 1, 11.0, 11.5),
    "stats[4]": TaskResult(TaskState.SUCCEEDED, 1, 11.0, 11.5),
    "page": TaskResult(TaskState.SKIPPED, note="failed: stats"),
}


def test_junit_has_a_case_per_task_and_per_failed_element() -> None:
    suite = ET.fromstring(junit_report([(DOCUMENT, TASKS)]))[0]

    cases = {case.get("name"): case for case in suite}
    assert list(cases) == ["files", "stats", "stats[3]", "page"]
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("4", "2", "1")
    assert cases["files"].get("time") == "0.250"
    assert cases["stats[3]"][0].get("message") == "a < b & c"
    assert cases["page"][0].get("message") == "failed: stats"


def test_the_summary_tells_failures_openly_and_tasks_folded() -> None:
    text = markdown_summary([(DOCUMENT, TASKS)])

    assert text.startswith("### ❌ demo: failed in 1.5 s")
    assert "**stats\\[3\\]**: ValueError" in text
    assert "    a < b & c" in text
    assert "| page | text/html | 2.0 kB |" in text or "| page | text/html | 2 kB |" in text
    assert text.index("<details>") < text.index("| files |")


def test_a_run_appends_its_summary_where_the_build_server_wants_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))

    main(["run", "hello", "--junit", "out/report.xml"])

    assert summary.read_text().startswith("before\n### ✅ hello: succeeded")
    assert ET.parse(tmp_path / "out" / "report.xml").getroot()[0].get("failures") == "0"
