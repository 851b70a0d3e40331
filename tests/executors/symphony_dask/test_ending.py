"""One begun call is ended on its Dask worker while the other calls of the run go on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from symphony_tests_dask.project import lines_of, until, with_command, written

from symphony import bootstrap
from symphony.runtime.remote.remote_call import RemoteCall
from symphony.runtime.remote.sheet import RunSheet
from symphony_dask import DaskExecutor

TASKS = """
  process: {{player: nasty, with: {{how: deaf, sleep: "{sleep}"}}}}
  script: {{run: 'touch "$log.script"; sleep "$sleep"', cache: false, with: {{log: "{log}", sleep: "{sleep}"}}}}
  coroutine: {{player: for_ever, with: {{log: "{log}"}}}}
  thread: {{player: obedient, with: {{log: "{log}"}}}}
  other: {{player: until_there, with: {{path: "{log}.go"}}}}
"""


class Opened:
    """A run whose calls are handed to the executor one by one."""

    def __init__(self, project: Path, tasks: str) -> None:
        self.executor = DaskExecutor()
        plan = bootstrap.compile(written(project, tasks))
        sheet = RunSheet(
            run=f"run{abs(hash(project))}", plan=plan.to_text(), root=str(project), modules=(str(project),), recorded=False
        )  # fmt: skip
        self.run, self.told = sheet.run, list[dict[str, Any]]()
        self.executor.start(workers=2, processes=2)
        self.executor.open(sheet)

    def make(self, *tasks: str) -> None:
        self.executor.submit([RemoteCall(f"{t}#1", self.run, t, t, -1, 1, (t,)) for t in tasks])

    def how(self, task: str) -> str | None:
        self.told += self.executor.news(0.01)
        return next((n["how"] for n in self.told if n["what"] == "ended" and n["call"] == f"{task}#1"), None)

    def has_begun(self, task: str) -> bool:
        self.how(task)
        return any(n["what"] == "started" and n["call"] == f"{task}#1" for n in self.told)


@pytest.fixture
def opened(project: Path) -> Iterator[Opened]:
    tasks = TASKS.format(sleep=f"4715.{abs(hash(project)) % 10**8}", log=project / "log")
    made = Opened(project, tasks)
    try:
        yield made
    finally:
        (project / "log.go").touch()  # a thread that goes on would hold its place on the worker
        made.executor.stop(grace_s=2.0)


def has_trace(project: Path, task: str) -> bool:
    sleep = f"4715.{abs(hash(project)) % 10**8}"
    if task in ("process", "script"):
        return bool(with_command(sleep))
    return lines_of(project / "log") == ["began"]


@pytest.mark.parametrize("task", ["process", "script", "coroutine", "thread"])
def test_one_begun_call_is_ended_and_the_other_goes_on(project: Path, opened: Opened, task: str) -> None:
    """Semantics 52."""
    opened.make("other", task)
    until(lambda: has_trace(project, task) and opened.has_begun("other"))

    opened.executor.cancel([f"{task}#1"])

    until(lambda: opened.how(task), 10)
    if task in ("process", "script"):
        assert not has_trace(project, task)
    else:
        assert lines_of(project / "log") == ["began", "ended"]
    assert opened.how("other") is None
    (project / "log.go").write_text("")
    assert until(lambda: opened.how("other"), 10) == "succeeded"


def test_a_call_that_has_begun_before_that_was_heard_is_ended_too(project: Path, opened: Opened) -> None:
    opened.make("other", "process")
    until(lambda: has_trace(project, "process"))  # nobody has read the news yet

    opened.executor.cancel(["process#1"])

    until(lambda: not has_trace(project, "process"), 5)
    assert until(lambda: opened.how("process"), 5) == "cancelled"
    assert opened.how("other") is None


def test_after_one_was_ended_the_end_of_all_still_reaches_the_rest(project: Path, opened: Opened) -> None:
    opened.make("process", "coroutine")
    until(lambda: has_trace(project, "process") and lines_of(project / "log") == ["began"])
    until(lambda: opened.has_begun("process") and opened.has_begun("coroutine"))

    opened.executor.cancel(["process#1"])
    opened.executor.cancel(["coroutine#1"])

    until(lambda: lines_of(project / "log") == ["began", "ended"], 5)
    until(lambda: opened.how("process") == "cancelled", 5)
