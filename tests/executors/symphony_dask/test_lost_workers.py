"""Workers that die, calls that kill them, and engines and schedulers that go: nothing is lost, nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from symphony_tests_dask.cluster import CommandLineCluster
from symphony_tests_dask.project import lines_of, new_project, run, started, until, with_command, written

from symphony import bootstrap
from symphony.config.project import find_project


def a_worker(cluster: CommandLineCluster) -> int:
    """The process of one worker: the nanny's child."""
    nanny = cluster.workers[0].pid
    children = [
        int(pid) for task in Path(f"/proc/{nanny}/task").iterdir() for pid in (task / "children").read_text().split()
    ]
    return next(p for p in children if b"spawn_main" in Path(f"/proc/{p}/cmdline").read_bytes())


def elements(count: int) -> str:
    return ", ".join(map(str, range(count)))


def test_a_worker_killed_in_the_middle_costs_no_call_and_repeats_no_recorded_one(
    project: Path, cluster: CommandLineCluster
) -> None:
    log = project / "log"
    tasks = f"""
  out: {{player: logged, each: [{elements(200)}], with: {{n: "${{{{ item }}}}", log: "{log}", pause: 0.02}}}}
  again: {{player: square, each: "${{{{ tasks.out }}}}", with: {{n: "${{{{ item }}}}"}}}}
outputs: {{out: "${{{{ tasks.again }}}}"}}
"""
    at_kill: list[set[str]] = []

    def kill() -> None:
        until(lambda: len(lines_of(Path(f"{log}.ended"))) >= 80)
        store = bootstrap.open_project_store(find_project(project))
        recorded = store.calls(store.runs(limit=1)[0].id)
        at_kill.append({str(call.index) for call in recorded if call.task == "out" and call.state == "succeeded"})
        os.kill(a_worker(cluster), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    result = run(project, tasks)
    killer.join()

    assert result.outputs["out"] == [n * n for n in range(200)], result.failures
    made = Counter(lines_of(log))
    assert set(made) == {str(n) for n in range(200)}
    assert at_kill[0], "nothing was recorded when the worker was killed: this proves nothing"
    assert {n for n, times in made.items() if times > 1} & at_kill[0] == set()


def test_a_call_that_kills_its_workers_fails_after_three_and_others_go_on(project: Path) -> None:
    tasks = f"""
  out: {{player: logged, each: [{elements(30)}], with: {{n: "${{{{ item }}}}", log: "{project}/log", pause: 0.2}}}}
  bad: {{player: poison, with: {{log: "{project}/poison"}}, retry: 3}}
  after: {{player: square, with: {{n: "${{{{ tasks.bad }}}}"}}}}
"""
    result = run(project, tasks)

    states = {name: str(task.state) for name, task in result.tasks.items() if "[" not in name}
    assert states == {"out": "succeeded", "bad": "failed", "after": "skipped"}, result.failures
    message = result.failures[0]["error"]["message"]
    assert "the Dask worker died 3 times while it made this call" in message
    assert 3 <= len(lines_of(project / "poison")) <= 4  # a first death may leave no trace of who it was


def test_a_call_that_no_worker_can_make_fails_with_what_there_is(project: Path) -> None:
    from symphony_tests_dask.project import run_with

    tasks = """
  a: {player: square, with: {n: 2}, resources: {gpus: 5}}
  b: {player: square, with: {n: 3}, resources: {gpus: 1}}
"""
    result = run_with(project, tasks, {"resources": ["gpus"]})

    assert {n: str(t.state) for n, t in result.tasks.items()} == {"a": "failed", "b": "succeeded"}
    message = result.failures[0]["error"]["message"]
    assert (
        "no Dask worker can make this call: it asks for gpus=5; the workers declare w0: gpus=1; w1: gpus=1" in message
    )
    assert result.seconds < 20


def test_an_engine_killed_leaves_nothing_running_on_the_workers(project: Path) -> None:
    sleep = f"4715.{abs(hash(project)) % 10**8}"
    written(project, f"  a: {{player: nasty, with: {{how: deaf, sleep: '{sleep}'}}}}\n")
    engine = started(project, "run", "m.yaml", "--executor", "dask")
    until(lambda: with_command(f"sleep\0{sleep}"))

    engine.kill()
    engine.wait()

    until(lambda: not with_command(f"sleep\0{sleep}"), 15)


def test_an_engine_killed_with_a_cluster_of_its_own_leaves_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
    project = new_project(tmp_path / "own", monkeypatch)
    mark = f"{abs(hash(project))}"
    written(project, f"  a: {{player: nasty, with: {{how: deaf, sleep: '4716.{mark[:8]}'}}}}\n")
    engine = started(project, "run", "m.yaml", "--executor", "dask", "--workers", "2", SYMPHONY_TEST_MARK=mark)
    until(lambda: with_command(f"sleep\0004716.{mark[:8]}"))
    assert len(with_variable(f"SYMPHONY_TEST_MARK={mark}")) > 3

    engine.kill()
    engine.wait()

    until(lambda: not with_variable(f"SYMPHONY_TEST_MARK={mark}"), 15)


def with_variable(text: str) -> list[int]:
    """The processes that have a variable in their environment."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                environment = Path(f"/proc/{entry}/environ").read_bytes()
                state = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if text.encode() in environment and state != "Z":
                found.append(int(entry))
    return found


@pytest.mark.parametrize(("first", "second"), [("dask", "pit"), ("pit", "dask")])
def test_a_run_whose_engine_was_killed_goes_on_elsewhere(project: Path, first: str, second: str) -> None:
    """Semantics 40."""
    log = project / "log"
    written(
        project,
        f"""
  out: {{player: logged, each: [{elements(60)}], with: {{n: "${{{{ item }}}}", log: "{log}", pause: 0.1}}}}
  sum: {{player: total, with: {{numbers: "${{{{ tasks.out }}}}"}}}}
outputs: {{sum: "${{{{ tasks.sum }}}}"}}
""",
    )
    engine = started(project, "run", "m.yaml", "--executor", first, "--workers", "2")
    until(lambda: len(lines_of(Path(f"{log}.ended"))) >= 20)
    engine.kill()
    engine.wait()
    store = bootstrap.open_project_store(find_project(project))
    id = store.runs(limit=1)[0].id
    recorded = {str(call.index) for call in store.calls(id) if call.state == "succeeded"}

    result = bootstrap.resume(id, executor=second, workers=2)

    assert result.outputs["sum"] == sum(range(60)), result.failures
    made = Counter(lines_of(log))
    assert recorded
    assert {n for n, times in made.items() if times > 1} & recorded == set()


def test_a_scheduler_that_is_gone_ends_the_engine_with_4_and_the_run_can_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = CommandLineCluster(tmp_path / "cluster", workers=1)
    try:
        cluster.wait_for(1)
        project = new_project(tmp_path / "project", monkeypatch)
        given = f"{{n: '${{{{ item }}}}', log: '{project}/log', pause: 0.1}}"
        tasks = f"  out: {{player: logged, each: [{elements(40)}], with: {given}}}\n"
        written(project, tasks + 'outputs: {out: "${{ tasks.out }}"}\n')
        engine = started(
            project, "run", "m.yaml", "--executor", "dask", "--json", DASK_SCHEDULER_ADDRESS=cluster.address
        )
        until(lambda: len(lines_of(project / "log.ended")) >= 10)

        cluster.scheduler.kill()
        _, errors = engine.communicate(timeout=60)
    finally:
        cluster.close()

    assert engine.returncode == 4, errors.decode()
    assert "the connection to the Dask scheduler" in errors.decode()
    resumed = started(project, "resume", "last", "--executor", "pit", "--json")
    output, errors = resumed.communicate(timeout=60)
    assert resumed.returncode == 0, errors.decode()
    document: dict[str, Any] = json.loads(output)
    assert document["outputs"]["out"]["value"] == list(range(40))
