"""Calls on a Dask cluster: values, attempts, files, what follows a failure, and what is told of all that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from symphony_tests_dask.project import lines_of, run, until, with_command

from symphony import bootstrap
from symphony.config.project import find_project
from symphony.model.event import Event

OUT = 'outputs: {out: "${{ tasks.out }}"}\n'


@pytest.mark.parametrize("record", [True, False])
def test_values_go_from_call_to_call(project: Path, record: bool) -> None:
    tasks = """
  squares: {player: square, each: [1, 2, 3, 4], with: {n: "${{ item }}"}}
  again: {player: square, each: "${{ tasks.squares }}", with: {n: "${{ item }}"}}
  sum: {player: total, with: {numbers: "${{ tasks.again }}"}}
  text: {player: write, with: {text: hello}}
  back: {player: read, with: {path: "${{ tasks.text }}"}}
  out: {player: add, with: {a: "${{ tasks.sum + 1 }}", b: "${{ size(tasks.back) }}"}}
"""
    result = run(project, tasks + OUT, record=record)

    assert result.outputs["out"] == 1 + 16 + 81 + 256 + 1 + 5, result.failures
    assert result.counts["succeeded"] == 6


def test_recorded_results_are_served_and_then_no_cluster_is_needed(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = "  out: {player: square, each: [1, 2, 3], with: {n: '${{ item }}'}}\n" + OUT
    first = run(project, tasks)

    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://127.0.0.1:9")  # nothing answers there
    again = run(project, tasks)

    assert first.outputs["out"] == again.outputs["out"] == [1, 4, 9]
    assert again.counts["cached"] == 1


def test_attempts_are_counted_and_what_waited_for_them_is_made_after_the_last(project: Path) -> None:
    tasks = f"""
  a: {{player: flaky, with: {{folder: "{project}"}}, retry: {{attempts: 3, delay: 1ms}}}}
  b: {{player: shaky, with: {{log: "{project}/b"}}, retry: {{attempts: 3, delay: 1ms}}}}
  out: {{player: add, with: {{a: "${{{{ tasks.a }}}}", b: "${{{{ tasks.b }}}}"}}}}
"""
    result = run(project, tasks + OUT)

    assert result.outputs["out"] == 10, result.failures
    assert (result.tasks["a"].attempts, result.tasks["b"].attempts) == (3, 2)
    assert lines_of(project / "calls") == ["flaky"] * 3


def test_what_follows_a_failure_is_skipped_and_the_rest_goes_on(project: Path) -> None:
    tasks = """
  a: {player: fail}
  b: {player: square, with: {n: "${{ tasks.a }}"}}
  c: {player: square, with: {n: "${{ tasks.b }}"}}
  out: {player: square, with: {n: 3}}
"""
    result = run(project, tasks + OUT)

    states = {name: str(task.state) for name, task in result.tasks.items()}
    assert states == {"a": "failed", "b": "skipped", "c": "skipped", "out": "succeeded"}
    assert result.failures[0]["error"]["type"] == "RuntimeError"
    assert "broken on purpose" in result.failures[0]["error"]["message"]
    assert "def fail" in result.failures[0]["error"]["traceback"] or "line" in result.failures[0]["error"]["traceback"]


def test_fail_fast_cancels_what_has_not_started(project: Path) -> None:
    numbers = ", ".join(map(str, range(100)))
    tasks = f"""
  a: {{player: fail}}
  slow: {{player: logged, each: [{numbers}], with: {{n: "${{{{ item }}}}", log: "{project}/log", pause: 0.1}}}}
"""
    result = run(project, tasks, fail_fast=True)

    assert str(result.tasks["a"].state) == "failed"
    assert str(result.tasks["slow"].state) == "cancelled"
    assert len(lines_of(project / "log")) < 100


def test_prints_logs_and_progress_come_with_the_right_task(project: Path) -> None:
    events: list[Event] = []
    tasks = "  out: {player: spoken, each: [1, 2, 3], with: {n: '${{ item }}'}}\n"

    result = run(project, tasks, on_event=events.append)

    lines = bootstrap.open_project_store(find_project(project)).logs(result.run, "out")
    assert {(line["task"], line["message"]) for line in lines} >= {
        (f"out[{i}]", f"{what} {i + 1}") for i in range(3) for what in ("printed", "logged")
    }
    told: dict[str, list[str]] = {}
    for event in events:
        told.setdefault(event.task, []).append(str(event.kind))
    assert [str(e.data["done"]) for e in events if str(e.kind) == "taskProgress" and e.task == "out[1]"] == ["2"]
    for i in range(3):
        assert told[f"out[{i}]"] == ["taskStarted", "log", "log", "taskProgress", "taskEnded"]


def test_coroutines_share_a_worker(project: Path) -> None:
    numbers = ", ".join(map(str, range(40)))
    result = run(project, f"  out: {{player: later, each: [{numbers}], with: {{n: '${{{{ item }}}}'}}}}\n" + OUT)

    assert result.outputs["out"] == [n + 1 for n in range(40)], result.failures
    assert result.seconds < 40 * 0.2  # one after another on two threads it would be at least half of that twice over


def test_a_shell_step_runs_on_a_worker(project: Path) -> None:
    tasks = """
  out:
    run: printf '%s' "$name" > made.txt; echo spoken
    with: {name: hello}
    outputs: {made: made.txt}
  text: {player: read, with: {path: "${{ tasks.out.made }}"}}
outputs: {text: "${{ tasks.text }}", said: "${{ tasks.out.stdout }}"}
"""
    result = run(project, tasks)

    assert result.outputs["text"] == "hello", result.failures


@pytest.mark.parametrize("how", ["sleep", "deaf"])
def test_a_timeout_ends_the_body_on_the_worker_with_all_it_started(project: Path, how: str) -> None:
    sleep = f"4713.{abs(hash(project)) % 10**8}"
    result = run(project, f"  a: {{player: nasty, with: {{how: {how}, sleep: '{sleep}'}}, timeout: 1s}}\n")

    assert result.failures[0]["error"]["type"] == "TimeoutError", result.failures
    assert with_command(f"sleep\0{sleep}") == []


def test_the_end_of_a_run_ends_bodies_on_the_workers(project: Path) -> None:
    """Semantics 52: processes are promised to be gone, and coroutines are told."""
    sleep = f"4714.{abs(hash(project)) % 10**8}"
    tasks = f"""
  a: {{player: nasty, with: {{how: deaf, sleep: '{sleep}'}}}}
  b: {{player: for_ever, with: {{log: "{project}/log"}}}}
"""
    result = run(project, tasks, limit_s=6.0)

    assert str(result.state) == "failed"
    assert {str(task.state) for task in result.tasks.values()} == {"cancelled"}
    assert lines_of(project / "log") == ["began", "ended"]
    until(lambda: not with_command(f"sleep\0{sleep}"), 3)


def test_an_effect_comes_after_its_cause_is_recorded(project: Path) -> None:
    """Semantics 42."""
    tasks = f"""
  cause: {{player: square, with: {{n: 7}}}}
  effect: {{player: note, with: {{n: "${{{{ tasks.cause }}}}", root: "{project}", run: "${{{{ run.id }}}}", log: "{project}/log"}}}}
"""
    result = run(project, tasks)

    assert str(result.state) == "succeeded", result.failures
    assert lines_of(project / "log") == ["recorded"]


def test_a_secret_is_read_on_the_worker_and_stands_nowhere(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Semantics 50: the cluster was started without it, so this is the worker's own."""
    tasks = f'  out: {{player: key_length, with: {{key: "${{{{ secrets.CANARY }}}}", log: "{project}/log"}}}}\n' + OUT
    told: list[Any] = []

    result = run(project, tasks, on_event=told.append)

    assert result.outputs["out"] == len("kanarienvogel-4711"), result.failures
    everything = b"".join(p.read_bytes() for p in project.rglob("*") if p.is_file())
    assert b"kanarienvogel" not in everything
    assert "kanarienvogel" not in str(told)
