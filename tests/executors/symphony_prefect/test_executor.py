"""The executor prefect against a real server: what Prefect's own API says of our runs."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import symphony
from symphony.bootstrap import shipped_melodies
from symphony.errors import SurroundingsError, UsageError
from symphony.runtime.execute import Order, execute
from symphony.store.store import Store

Run = Callable[..., Any]
MIXED = """
params: {n: {type: integer, default: 3}}
tasks:
  ns: {player: "prefect_players:numbers", with: {n: "${{ params.n }}"}}
  twice: {player: "prefect_players:double", each: "${{ tasks.ns }}", with: {x: "${{ item }}"}}
  thrice: {player: "prefect_players:double", each: "${{ tasks.twice }}", with: {x: "${{ item }}"}}
  sum: {player: "prefect_players:total", with: {xs: "${{ tasks.thrice }}"}}
outputs: {sum: "${{ tasks.sum }}"}
"""


def test_a_run_is_one_flow_run_with_a_task_run_per_call_under_its_own_name(on_prefect: Run, server: Any) -> None:
    """Semantics 48: one task run per call; the flow run is named after the run, its flow after the melody."""
    result = on_prefect(MIXED)

    flow_run, tasks = server.flow_run(result.run), server.task_runs(result.run, 8)
    calls = ["ns", "sum", *(f"{task}[{i}]" for task in ("thrice", "twice") for i in range(3))]
    assert result.outputs["sum"] == 12
    assert (server.flow_name(flow_run), flow_run["state_name"]) == ("mixed", "Completed")
    assert sorted(tasks) == calls
    cached = {name for name, t in tasks.items() if t["state_name"] == "Cached"}
    assert "thrice[0]" in cached  # it doubles 0, as `twice[0]` has done
    assert len(cached & {"thrice[1]", "twice[2]"}) == 1  # both double 2
    assert {t["state_name"] for name, t in tasks.items() if name not in cached} == {"Completed"}
    assert len(cached) == 2
    assert tasks["twice[1]"]["tags"] == ["player:prefect_players:double", "task:twice"]
    assert {name: t["run_count"] for name, t in tasks.items()} == {name: int(name not in cached) for name in tasks}


def test_calls_are_linked_as_in_the_melody(on_prefect: Run, server: Any) -> None:
    result = on_prefect(MIXED)

    tasks = server.task_runs(result.run, 8)
    names = {t["id"]: name for name, t in tasks.items()}
    parents = {
        name: sorted(names[i["id"]] for inputs in t["task_inputs"].values() for i in inputs)
        for name, t in tasks.items()
    }
    assert parents["ns"] == []
    assert parents["twice[2]"] == ["ns"]
    assert parents["thrice[2]"] == ["twice[2]"]
    assert parents["sum"] == ["thrice[0]", "thrice[1]", "thrice[2]"]


def test_what_is_stored_is_shown_as_cached(on_prefect: Run, server: Any) -> None:
    """Semantics 48: `cached` is Completed named ``Cached``; our cache decides, and the run is a flow run all the same."""
    on_prefect(MIXED)

    again = on_prefect(MIXED)

    tasks = server.task_runs(again.run, 8)
    assert again.counts["cached"] == 4
    assert {(t["state_type"], t["state_name"]) for t in tasks.values()} == {("COMPLETED", "Cached")}
    assert server.flow_run(again.run)["state_name"] == "Completed"


def test_what_is_left_out_is_shown_as_skipped_with_its_reason(on_prefect: Run, server: Any) -> None:
    """Semantics 48: `skipped` is Completed named ``Skipped``."""
    result = on_prefect("""
tasks:
  ns: {player: "prefect_players:numbers", with: {n: 2}}
  no: {player: "prefect_players:total", when: "${{ size(tasks.ns) > 5 }}", with: {xs: "${{ tasks.ns }}"}}
  few: {player: "prefect_players:double", each: "${{ tasks.ns }}", when: "${{ item > 0 }}", with: {x: "${{ item }}"}}
""")

    tasks = server.task_runs(result.run, 4)
    assert {n: t["state_name"] for n, t in tasks.items()} == {
        "ns": "Completed", "no": "Skipped", "few[0]": "Skipped", "few[1]": "Completed"
    }  # fmt: skip
    assert (tasks["no"]["state_type"], tasks["no"]["state"]["message"]) == ("COMPLETED", "when")


def test_a_failure_is_told_and_what_follows_it_is_skipped(on_prefect: Run, server: Any) -> None:
    result = on_prefect("""
tasks:
  a: {player: "prefect_players:bad", with: {x: 7}}
  b: {player: "prefect_players:double", with: {x: "${{ tasks.a }}"}}
  c: {player: "prefect_players:double", with: {x: 1}}
""")

    tasks = server.task_runs(result.run, 3)
    assert result.state == "failed"
    assert {n: t["state_name"] for n, t in tasks.items()} == {"a": "Failed", "b": "Skipped", "c": "Completed"}
    assert tasks["a"]["state"]["message"] == "ValueError: 7 is no good"
    assert tasks["b"]["state"]["message"] == "failed: a"
    assert server.flow_run(result.run)["state_name"] == "Failed"


def test_attempts_are_states_of_the_same_task_run(on_prefect: Run, server: Any) -> None:
    """Retries are the engine's; Prefect sees them as it would see its own."""
    result = on_prefect('tasks: {a: {player: "prefect_players:flaky", with: {x: 5}}}')

    tasks = server.task_runs(result.run, 1)
    assert list(tasks) == ["a"]
    assert (tasks["a"]["state_name"], tasks["a"]["run_count"]) == ("Completed", 3)
    assert server.history(tasks["a"]) == [
        "Running", "AwaitingRetry", "Retrying", "AwaitingRetry", "Retrying", "Completed"
    ]  # fmt: skip


def test_the_calls_of_a_sub_melody_have_task_runs_and_the_melody_has_none(
    on_prefect: Run, server: Any, project: Path
) -> None:
    (project / "inner.yaml").write_text("""melody: inner
version: 1.0.0
params: {x: integer}
tasks:
  first: {player: "prefect_players:double", with: {x: "${{ params.x }}"}}
  second: {player: "prefect_players:double", with: {x: "${{ tasks.first }}"}}
outputs: {y: "${{ tasks.second }}"}
""")

    result = on_prefect("""
tasks:
  ns: {player: "prefect_players:numbers", with: {n: 2}}
  child: {melody: ./inner.yaml, each: "${{ tasks.ns }}", with: {x: "${{ item }}"}}
  sum: {player: "prefect_players:total", with: {xs: "${{ tasks.child.y }}"}}
""")

    tasks = server.task_runs(result.run, 6)
    ids = {t["id"]: name for name, t in tasks.items()}
    inputs = {name: sorted(ids[i["id"]] for v in t["task_inputs"].values() for i in v) for name, t in tasks.items()}
    assert result.state == "succeeded"
    assert sorted(tasks) == ["child[0].first", "child[0].second", "child[1].first", "child[1].second", "ns", "sum"]
    assert inputs["child[0].first"] == ["ns"]
    assert inputs["child[1].second"] == ["child[1].first"]
    assert inputs["sum"] == ["child[0].second", "child[1].second"]


def test_what_bodies_print_is_in_the_log_of_their_task_run(on_prefect: Run, server: Any) -> None:
    result = on_prefect(MIXED, no_cache=True)

    task_run = server.task_runs(result.run, 8)["ns"]
    lines = server.logs(server.flow_run(result.run))
    assert [(x["message"], x["task_run_id"]) for x in lines] == [("counting to 3", task_run["id"])]


def test_a_secret_never_reaches_prefect(on_prefect: Run, server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Semantics 50: not in states, logs, parameters or events, whether the call succeeds or fails."""
    canary = "canary-5e7c0a-singing"
    monkeypatch.setenv("SYMPHONY_SECRET_TOKEN", canary)
    result = on_prefect("""
tasks:
  good: {player: "prefect_players:use", with: {token: "${{ secrets.TOKEN }}", x: 1}}
  bad: {player: "prefect_players:use", with: {token: "${{ secrets.TOKEN }}", x: -1}}
""")

    tasks = server.task_runs(result.run, 2)
    assert (tasks["good"]["state_name"], tasks["bad"]["state_name"]) == ("Completed", "Failed")
    assert "was not taken" in tasks["bad"]["state"]["message"]
    with sqlite3.connect(server.home / "prefect.db") as database:
        assert canary not in "\n".join(database.iterdump())
    written = [p for p in server.home.rglob("*") if p.is_file() and canary.encode() in p.read_bytes()]
    assert written == []


def test_the_results_are_those_of_the_pit(on_prefect: Run) -> None:
    """Equal digests: what a run gives does not depend on where it ran."""
    there = on_prefect(MIXED, no_cache=True)

    here = on_prefect(MIXED, executor="pit", no_cache=True)

    assert there.artifacts == here.artifacts


def test_a_run_without_records_gives_its_values(on_prefect: Run, server: Any) -> None:
    result = on_prefect(MIXED, record=False)

    assert result.outputs["sum"] == 12
    assert len(server.task_runs(result.run, 8)) == 8


def test_a_server_that_does_not_answer_is_said_before_anything_runs(
    on_prefect: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")

    with pytest.raises(
        SurroundingsError, match=r"the Prefect server at http://127\.0\.0\.1:9/api does not answer"
    ) as failed:
        on_prefect(f'tasks: {{a: {{player: "prefect_players:slow", with: {{folder: "{project}", x: 1}}}}}}')

    assert failed.value.exit_code == 4
    assert not (project / "1.ran").exists()


def test_a_server_that_is_gone_in_the_middle_ends_the_run_and_resume_completes_it(
    on_prefect: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 4, nothing lost."""
    from symphony_prefect import mirror
    from symphony_prefect.own_server import OwnServer

    monkeypatch.setattr(mirror, "PATIENCE_S", 1.0)
    short = OwnServer(project / "server")
    monkeypatch.setenv("PREFECT_API_URL", short.wait())

    def leave(event: Any) -> None:
        if event.kind == "taskEnded" and event.task == "ns":
            short.stop()

    with pytest.raises(SurroundingsError, match="does not answer any more"):
        on_prefect(
            f"""
tasks:
  ns: {{player: "prefect_players:numbers", with: {{n: 100}}}}
  go: {{player: "prefect_players:slow", each: "${{{{ tasks.ns }}}}", with: {{folder: "{project}", x: "${{{{ item }}}}"}}}}
""",
            on_event=leave,
        )

    result = symphony.resume("last", executor="pit", workers=16)
    assert result.state == "succeeded"
    assert len(list(project.glob("*.ran"))) == 100


def test_in_a_flow_of_someone_else_a_run_has_a_flow_run_of_its_own(
    on_prefect: Run, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = on_prefect(MIXED)  # Prefect is imported as the executor does
    from prefect import flow
    from prefect.settings import PREFECT_API_URL, temporary_settings

    @flow(name="theirs")
    def theirs() -> list[str]:
        return [on_prefect(MIXED).run, on_prefect(MIXED).run]

    with temporary_settings({PREFECT_API_URL: server.url}):
        runs = theirs()

    assert {server.flow_name(server.flow_run(run)) for run in (first.run, *runs)} == {"mixed"}


def test_calls_can_be_made_by_another_executor_only_if_it_is_one(server: Any) -> None:
    from symphony_prefect import PrefectExecutor

    with pytest.raises(UsageError, match="Prefect cannot have calls made by 'desk'"):
        PrefectExecutor(calls="desk")
    with pytest.raises(UsageError, match="leave `calls` out"):
        PrefectExecutor(calls="pit")


def test_dask_can_make_the_calls_while_prefect_shows_them(on_prefect: Run, server: Any, project: Path) -> None:
    """A Dask cluster under Prefect, by configuration: states, attempts and log lines arrive while it runs."""
    pytest.importorskip("distributed")
    from symphony_prefect import PrefectExecutor

    (project / "under.yaml").write_text(f"melody: under\nversion: 1.0.0\n{MIXED}")
    plan = symphony.compile(str(project / "under.yaml"))
    executor = PrefectExecutor(calls="dask")
    with Store.open(project / ".symphony") as store:
        result = execute(plan, Order(root=project, here=project, workers=2), store, executor)

        assert result.outputs["sum"] == 12

    tasks, flow_run = server.task_runs(result.run, 8), server.flow_run(result.run)
    assert (executor.traits.remote, executor.traits.follows) == (True, True)
    assert len(tasks) == 8
    cached = {name for name, t in tasks.items() if t["state_name"] == "Cached"}
    assert cached <= {"thrice[0]", "thrice[1]", "twice[2]"}  # equal to others, which another worker may have made
    assert {t["state_name"] for name, t in tasks.items() if name not in cached} == {"Completed"}
    assert [line["message"] for line in server.logs(flow_run)] == ["counting to 3"]


@pytest.mark.parametrize("name", ["hello", "fan_out", "repo_report"])
def test_melodies_that_ship_give_the_same_bytes_as_on_the_pit(on_prefect: Run, project: Path, name: str) -> None:
    """Equal output digests, computed anew on both sides."""
    if not list(shipped_melodies().glob(f"{name}.*")):
        pytest.skip(f"no melody {name} ships")
    _a_repository(project)

    here, there = (symphony.run(name, executor=e, no_cache=True, workers=2) for e in ("pit", "prefect"))

    assert (here.state, there.state) == ("succeeded", "succeeded")
    assert {n: a.digest for n, a in there.artifacts.items()} == {n: a.digest for n, a in here.artifacts.items()}


def _a_repository(folder: Path) -> None:
    author = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "prefect_players.py"], [*author, "commit", "-q", "-m", "players"]):
        subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


# processes -----------------------------------------------------------------------------------------------------------


def _symphony(*words: str) -> list[str]:
    return [sys.executable, "-m", "symphony", *words]


def _wait_for(found: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + 90
    while not (got := found()):
        assert time.monotonic() < deadline, f"waited for {what} in vain"
        time.sleep(0.05)  # another process gets there
    return got


def _is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_ctrl_c_cancels_in_order_and_ends_bodies(on_prefect: Run, server: Any, project: Path) -> None:
    marker = project / "marker"
    (project / "hanging.yaml").write_text(
        "melody: hanging\nversion: 1.0.0\ntasks:\n"
        f'  a: {{player: "prefect_players:hang", with: {{marker: "{marker}"}}}}\n'
        '  b: {player: "prefect_players:double", with: {x: "${{ tasks.a }}"}}\n'
    )
    running = subprocess.Popen(
        _symphony("run", "hanging.yaml", "--executor", "prefect"), stderr=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    body = int(_wait_for(lambda: marker.exists() and marker.read_text(), "the body"))
    os.killpg(running.pid, signal.SIGINT)

    out, err = running.communicate(timeout=60)

    run = symphony_runs()[0]
    tasks = server.task_runs(run, 2)
    assert running.returncode == 130
    assert "Traceback" not in out + err
    assert _is_gone(body)
    assert {n: t["state_name"] for n, t in tasks.items()} == {"a": "Cancelled", "b": "Cancelled"}
    assert server.flow_run(run)["state_name"] == "Cancelled"


def test_a_flow_run_that_is_cancelled_in_prefect_ends_the_run_and_its_bodies(
    on_prefect: Run, server: Any, project: Path
) -> None:
    marker = project / "marker"
    (project / "hanging.yaml").write_text(
        "melody: hanging\nversion: 1.0.0\ntasks:\n"
        f'  a: {{player: "prefect_players:hang", with: {{marker: "{marker}"}}}}\n'
    )
    running = subprocess.Popen(_symphony("run", "hanging.yaml", "--executor", "prefect"), stderr=subprocess.DEVNULL)
    body = int(_wait_for(lambda: marker.exists() and marker.read_text(), "the body"))
    run = symphony_runs()[0]
    flow_run = server.flow_run(run)["id"]
    server.ask("POST", f"/flow_runs/{flow_run}/set_state", {"state": {"type": "CANCELLING", "name": "Cancelling"}})

    running.wait(timeout=60)

    assert _is_gone(body)
    assert server.flow_run(run)["state_name"] == "Cancelled"
    assert {n: t["state_name"] for n, t in server.task_runs(run, 1).items()} == {"a": "Cancelled"}


def test_a_timeout_ends_the_body(on_prefect: Run, server: Any, project: Path) -> None:
    marker = project / "marker"
    result = on_prefect(f"""
tasks:
  a: {{player: "prefect_players:hang", timeout: 1s, with: {{marker: "{marker}"}}}}
""")

    tasks = server.task_runs(result.run, 1)
    assert _is_gone(int(marker.read_text()))
    assert tasks["a"]["state_name"] == "Failed"
    assert "TimeoutError" in tasks["a"]["state"]["message"]


def test_a_killed_run_is_resumed_on_the_pit_and_repeats_nothing(on_prefect: Run, server: Any, project: Path) -> None:
    (project / "many.yaml").write_text(
        "melody: many\nversion: 1.0.0\ntasks:\n"
        '  ns: {player: "prefect_players:numbers", with: {n: 30}}\n'
        f'  go: {{player: "prefect_players:slow", each: "${{{{ tasks.ns }}}}", with: {{folder: "{project}", x: "${{{{ item }}}}"}}}}\n'
        '  sum: {player: "prefect_players:total", with: {xs: "${{ tasks.go }}"}}\n'
        "outputs: {sum: '${{ tasks.sum }}'}\n"
    )
    running = subprocess.Popen(
        _symphony("run", "many.yaml", "--executor", "prefect", "--workers", "2"), stderr=subprocess.DEVNULL
    )
    _wait_for(lambda: len(list(project.glob("*.ran"))) >= 12, "a dozen calls")
    running.kill()
    running.wait()

    done = subprocess.run(_symphony("resume", "--executor", "pit"), capture_output=True, text=True, timeout=120)

    result = symphony.run(str(project / "many.yaml"), executor="pit")
    again = [p.name for p in project.glob("*.ran") if len(p.read_text()) > 1]
    assert done.returncode == 0, done.stderr
    assert (result.outputs["sum"], result.counts["cached"]) == (sum(range(30)), 3)
    assert len(list(project.glob("*.ran"))) == 30
    assert len(again) <= 8  # what ended in the last quarter of a second may not have been written


def test_a_run_taken_up_again_on_prefect_is_the_same_flow_run(on_prefect: Run, server: Any, project: Path) -> None:
    gate = project / "gate"
    (project / "prefect_gate.py").write_text(
        "from pathlib import Path\nfrom symphony import operator\n@operator\ndef through(gate: str) -> int:\n"
        "    if not Path(gate).exists():\n        raise ValueError('shut')\n    return 1\n"
    )
    failed = on_prefect(f"""
tasks:
  first: {{player: "prefect_players:double", with: {{x: 1}}}}
  second: {{player: "prefect_gate:through", with: {{gate: "{gate}"}}}}
""")
    before = server.flow_run(failed.run)
    server.task_runs(failed.run, 2)
    gate.touch()

    result = symphony.resume(failed.run, executor="prefect")

    after, tasks = server.flow_run(failed.run), server.task_runs(failed.run, 2)
    assert (before["state_name"], after["state_name"], result.state) == ("Failed", "Completed", "succeeded")
    assert after["id"] == before["id"]
    assert _wait_for(lambda: server.task_runs(failed.run, 2)["second"]["state_name"] == "Completed", "the second")
    assert sorted(tasks) == ["first", "second"]


def test_without_a_server_a_run_has_one_of_its_own_that_ends_with_it(server: Any, project: Path) -> None:
    """`server` is asked for only so that its absence skips this test too."""
    (project / "own.yaml").write_text(f"melody: own\nversion: 1.0.0\n{MIXED}")
    environment = {n: v for n, v in os.environ.items() if not n.startswith("PREFECT_")}

    done = subprocess.run(
        _symphony("run", "own.yaml", "--executor", "prefect"), env={**environment, "HOME": str(project / "home")},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip

    database = project / ".symphony" / "prefect" / "prefect.db"
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "prefect" not in (done.stdout + done.stderr).lower()
    with sqlite3.connect(database) as kept:
        states = dict(kept.execute("select state_name, count(*) from task_run group by state_name"))
        assert states == {"Completed": 6, "Cached": 2}  # two calls are equal to others
        assert kept.execute("select state_name from flow_run").fetchall() == [("Completed",)]
    assert not (project / "home" / ".prefect").exists()
    assert _processes_with(f"PREFECT_HOME={database.parent}") == []


def test_a_server_of_a_killed_run_is_gone_too(server: Any, project: Path) -> None:
    (project / "hanging.yaml").write_text(
        "melody: hanging\nversion: 1.0.0\ntasks:\n"
        f'  a: {{player: "prefect_players:hang", with: {{marker: "{project / "marker"}"}}}}\n'
    )
    environment = {n: v for n, v in os.environ.items() if not n.startswith("PREFECT_")}
    running = subprocess.Popen(
        _symphony("run", "hanging.yaml", "--executor", "prefect"), env=environment, stderr=subprocess.DEVNULL
    )
    _wait_for((project / "marker").exists, "the body")
    home = f"PREFECT_HOME={project / '.symphony' / 'prefect'}"
    assert _processes_with(home)

    running.kill()
    running.wait()

    assert _wait_for(lambda: not _processes_with(home), "the end of the server")


def _processes_with(variable: str) -> list[str]:
    """The processes that were started with this in their environment, where the system tells."""
    found = []
    for told in Path("/proc").glob("[0-9]*/environ"):
        try:
            if variable.encode() in told.read_bytes().split(b"\0"):
                found.append(told.parent.name)
        except OSError:
            continue  # it ended meanwhile, or is of someone else
    return found


def symphony_runs() -> list[str]:
    """The runs of the project here, newest first."""
    done = subprocess.run(_symphony("runs", "--json"), capture_output=True, text=True, timeout=60, check=True)
    return [run["run"] for run in json.loads(done.stdout)["runs"]]
