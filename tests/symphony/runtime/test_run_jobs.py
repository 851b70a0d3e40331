"""What calls waited for is read from plan and journal, elements and sub-melodies included."""

from __future__ import annotations

from typing import Any

from symphony import each, melody, operator, run
from symphony.define.tracing import item
from symphony.model.plan import Plan
from symphony.model.states import TaskState
from symphony.runtime.run_jobs import busy_s, jobs_of
from symphony.store.records import CallRecord
from symphony.store.store import Store


@operator
def numbers(n: int) -> list[int]:
    return list(range(n))


@operator
def one(x: int) -> int:
    return x


@operator
def pair(a: int, b: int) -> int:
    return a + b


@operator
def total(xs: list[int]) -> int:
    return sum(xs)


@melody
def child(x: int):
    a = one(x)
    b = one(a)
    return {"b": b}


def waits(m: Any) -> dict[str, set[str]]:
    """By call of a real run, the names of what it waited for."""
    store = Store.open(None)
    result = run(m, store=store)
    assert result.exit_code == 0, result.failures
    record = store.run(result.run)
    assert record is not None
    calls = {(c.task, c.index): c for c in store.calls(result.run)}
    jobs = jobs_of(Plan.from_text(record.plan_text), calls)
    assert all(before < i for i, job in enumerate(jobs) for before in job.after)
    return {job.name: {jobs[before].name for before in job.after} for job in jobs}


def test_an_element_waits_for_its_source_element_only():
    @melody
    def m():
        xs = numbers(2)
        ys = one(each(xs))
        zs = one(each(ys))
        whole = total(zs)
        return whole

    found = waits(m)

    assert found["ys[1]"] == {"xs"}
    assert found["zs[1]"] == {"ys[1]"}
    assert found["whole"] == {"zs"}
    assert {"zs[0]", "zs[1]"} <= found["zs"]


def test_what_a_condition_has_filtered_is_waited_for_as_a_whole():
    @melody
    def m():
        xs = numbers(3)
        ys = one(each(xs)).when(item > 0)
        zs = one(each(ys))
        return zs

    assert waits(m)["zs[0]"] == {"ys"}


def test_zipped_elements_wait_for_both_sources_and_for_other_inputs():
    @melody
    def m():
        xs = numbers(2)
        ys = one(each(xs))
        zs = pair(a=each(xs), b=each(ys))
        late = one(1).after(zs)
        return {"zs": zs, "late": late}

    found = waits(m)

    assert found["zs[0]"] == {"xs", "ys[0]"}
    assert found["late"] == {"zs"}


def test_tasks_of_a_sub_melody_wait_for_their_element():
    @melody
    def m():
        xs = numbers(2)
        c = child(each(xs))
        return {"c": c.b}

    found = waits(m)

    assert found["c[1].a"] == {"xs"}
    assert found["c[1].b"] == {"c[1].a"}
    assert {"c[1].a", "c[1].b"} <= found["c[1]"]


def test_attempts_that_failed_keep_a_worker_busy_and_served_results_do_not():
    tried = [{"attempt": 1, "started_at": 1.0, "ended_at": 2.5}]
    made = CallRecord("r", "a", -1, TaskState.SUCCEEDED, 2, 4.0, 6.0, measures={"tried": tried})

    assert busy_s(made) == 3.5
    assert busy_s(CallRecord("r", "a", -1, TaskState.CACHED, 0, 4.0, 6.0)) == 0.0
    assert busy_s(None) == 0.0
