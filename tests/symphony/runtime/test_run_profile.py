"""Where the time of a real run went, and what other workers would have made of it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from symphony import each, melody, operator, run
from symphony.errors import UsageError
from symphony.model.states import RunState
from symphony.runtime.history import show_document, usual_seconds
from symphony.runtime.run_profile import profile_document, task_of
from symphony.store.records import RunRecord
from symphony.store.store import Store

STEP_S = 0.04


@operator
def numbers(n: int) -> list[int]:
    return list(range(n))


@operator
def naps(x: int) -> int:
    time.sleep(STEP_S)
    return x


@operator
def after(x: int) -> int:
    time.sleep(STEP_S / 2)
    return x


@operator
def adds(a: list[int], b: int) -> int:
    time.sleep(STEP_S)
    return sum(a) + b


@operator
def spins(x: int) -> int:
    end = time.thread_time() + 0.03
    while time.thread_time() < end:
        pass
    return x


@melody
def work(n: int = 6):
    xs = numbers(n)
    ys = naps(each(xs))
    zs = after(each(ys))
    one = naps(100)
    whole = adds(zs, one)
    return {"whole": whole}


def profiled(m: Any, **options: Any) -> dict[str, Any]:
    store = Store.open(None)
    result = run(m, store=store, **options)
    assert result.exit_code == 0, result.failures
    record = store.run(result.run)
    assert record is not None
    return profile_document(store, record) | {"shown": show_document(store, record)}


def test_the_simulation_of_what_ran_takes_as_long_as_it_took():
    found = profiled(work, workers=2)

    assert found["workers"] == {"threads": 2}
    assert found["simulated_s"] == pytest.approx(found["seconds"], rel=0.25)


def test_the_critical_path_goes_through_elements_to_the_end():
    found = profiled(work, workers=4)

    path = [task_of(step["task"]) for step in found["critical_path"] if step["seconds"] > STEP_S / 4]
    assert path == ["ys", "zs", "whole"]
    assert found["critical_path_s"] == pytest.approx(2.5 * STEP_S, rel=0.4)
    assert found["critical_path_s"] <= found["seconds"]


def test_what_if_tells_fewer_and_more_workers_and_faster_tasks():
    found = profiled(work, workers=2)

    by_workers = {change["workers"]: change["change"] for change in found["what_if"] if "workers" in change}
    by_task = {change["task"]: change["change"] for change in found["what_if"] if "task" in change}
    assert by_workers[1] > 0.3
    assert by_workers[4] < -0.1
    assert by_task["ys"] < -0.1


def test_parallelism_is_busy_time_over_wall_time():
    found = profiled(work, workers=4)

    assert found["parallelism"] == pytest.approx(found["busy_s"] / found["seconds"])
    assert 1.2 < found["parallelism"] <= 4
    assert found["utilisation"] == pytest.approx(found["parallelism"] / 4)


@pytest.mark.parametrize("road", ["fast road", "run loop"])
def test_times_of_slow_calls_are_measured(road: str):
    @melody
    def m():
        a = spins(5)
        b = naps(a)
        return b if road == "fast road" else naps(each(numbers(2))).named("c")

    tasks = {row["task"]: row for row in profiled(m, workers=1)["shown"]["tasks"]}

    spun, napped = tasks["a"]["measures"], tasks["b" if road == "fast road" else "c[0]"]["measures"]
    assert {"load_s", "compute_s", "save_s", "cpu_s", "bytes_in", "bytes_out"} <= spun.keys()
    assert spun["cpu_s"] >= 0.03
    assert napped["compute_s"] >= STEP_S
    assert napped["cpu_s"] < STEP_S / 2
    if road == "run loop":
        assert tasks["c"]["measures"]["compute_s"] >= 2 * STEP_S


def test_nothing_is_measured_of_short_calls():
    @melody
    def m():
        a = numbers(3)
        return a

    assert profiled(m)["shown"]["tasks"][0]["measures"] == {}


def test_what_a_call_waited_for_a_worker_is_told():
    found = profiled(work, workers=1)

    waited = {row["task"]: row["waited_s"] for row in found["tasks"]}
    assert waited["ys"] > 5 * STEP_S


tried: list[int] = []


@operator(retry=3)
def unsteady(x: int) -> int:
    tried.append(x)
    if len(tried) < 3:
        raise OSError(f"not yet: {len(tried)}")
    return x


def test_attempts_before_the_last_are_told_with_their_errors():
    tried.clear()

    @melody
    def m():
        a = unsteady(1)
        return a

    (row,) = profiled(m)["shown"]["tasks"]

    assert [(a["attempt"], a["error"]["message"]) for a in row["tried"]] == [(1, "not yet: 1"), (2, "not yet: 2")]
    assert (row["attempts"], row["error"], row["state"]) == (3, None, "succeeded")


def test_a_served_run_took_no_worker():
    store = Store.open(None)
    run(work, store=store)

    record = store.run(run(work, store=store).run)

    assert record is not None
    found = profile_document(store, record)
    assert (found["busy_s"], found["critical_path"], found["what_if"]) == (0.0, [], [])


def test_a_run_that_goes_on_is_refused():
    store = Store.open(None)
    record = RunRecord("r1", "m", state=RunState.RUNNING)

    with pytest.raises(UsageError, match="has not ended"):
        profile_document(store, record)


def test_what_a_run_usually_takes_is_that_of_the_same_parameters():
    store = Store.open(None)
    short = run(work, {"n": 1}, store=store, no_cache=True)
    run(work, {"n": 8}, store=store, no_cache=True)

    again = run(work, {"n": 1}, store=store, no_cache=True)

    assert usual_seconds(store, run(work, {"n": 1}, store=store).run) == pytest.approx(again.seconds)
    assert usual_seconds(store, "nobody") is None
    assert short.seconds > 0
