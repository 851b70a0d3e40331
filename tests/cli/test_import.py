"""Importing: the melody goes to stdout or a file, the report to stderr, and what was made runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.cli.conftest import Symphony

WORKFLOW = """
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
      - run: cat data.txt
"""


def step(id: str, parents: list[str], reads: list[str], writes: list[str]) -> dict[str, Any]:
    return {"id": id, "name": id, "parents": parents, "children": [], "inputFiles": reads, "outputFiles": writes}


def call(id: str, program: str, *arguments: str) -> dict[str, Any]:
    return {"id": id, "runtimeInSeconds": 0.5, "command": {"program": program, "arguments": [*arguments]}}


def write_instance(path: Path) -> None:
    """An instance of four steps: start, copy a file, put two together, look at it."""
    steps = [
        step("start", [], [], []),
        step("copy", ["start"], ["raw.txt"], ["out/copy.txt"]),
        step("join-1", ["copy"], ["raw.txt", "out/copy.txt"], ["joined.txt"]),
        step("look", ["join-1"], ["joined.txt"], []),
    ]
    calls = [
        call("start", "true"),
        call("copy", "cp", "raw.txt", "out/copy.txt"),
        call("join-1", "sh", "-c", "cat raw.txt out/copy.txt > joined.txt"),
        call("look", "cat", "joined.txt"),
    ]
    workflow = {"specification": {"tasks": steps}, "execution": {"tasks": calls}}
    path.write_text(json.dumps({"name": "four", "schemaVersion": "1.4", "workflow": workflow}))


def test_an_imported_instance_is_checked_and_runs(symphony: Symphony, project: Path) -> None:
    write_instance(project / "four.json")
    (project / "raw.txt").write_text("raw\n")

    done = symphony("import", "four.json", "-o", "four.yaml", "--strict")

    assert (done.code, done.out) == (0, "")
    assert "four.json:1:" in done.err
    assert "note: tasks that got a legal name: join-1 -> join_1" in done.err
    assert symphony("check", "four.yaml").code == 0
    ran = symphony("run", "four.yaml", "--json").document()
    assert (ran["state"], ran["counts"]["succeeded"]) == ("succeeded", 4)
    assert symphony("run", "four.yaml", "--until", "join_1", "-p", "raw_txt=players.py").code == 0
    assert symphony("run", "four.yaml", "--json").document()["counts"]["cached"] == 4


def test_an_imported_workflow_runs_on_a_copy_of_the_folder(symphony: Symphony, project: Path) -> None:
    (project / "ci.yml").write_text(WORKFLOW)
    (project / "data.txt").write_text("data\n")

    done = symphony("import", "ci.yml", "-o", "melodies/ci.yaml")

    assert done.code == 0
    assert "ci.yml:8:15: warning: the action actions/setup-python@v5 is not imported" in done.err
    assert symphony("check", "ci").code == 0
    assert symphony("run", "ci", "--json").document()["state"] == "succeeded"


def test_strict_tells_by_its_exit_code_that_something_was_not_understood(symphony: Symphony, project: Path) -> None:
    (project / "ci.yml").write_text(WORKFLOW)

    done = symphony("import", "ci.yml", "--strict", "--from", "github")

    assert done.code == 3
    assert done.out.startswith("melody: ci\n")


def test_a_file_that_makes_no_melody_exits_with_2(symphony: Symphony, project: Path) -> None:
    (project / "x.yml").write_text("jobs: {a: {needs: b, steps: []}}\n")

    done = symphony("import", "x.yml", "--json")

    assert done.code == 2
    assert done.document() == {
        "melody": None,
        "notes": [
            {"severity": "error", "message": "there is no job 'b'", "file": "x.yml", "line": 1, "column": 19,
             "path": "jobs.a.needs"}
        ],
    }  # fmt: skip


def test_wrong_calls_are_told(symphony: Symphony, project: Path) -> None:
    (project / "ci.yml").write_text(WORKFLOW)

    assert symphony("import", "ci.yml", "--from", "gitlab").err.startswith("error: there is no format 'gitlab': ")
    assert symphony("import", "nowhere.yml").code == 4
