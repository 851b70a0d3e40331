"""The fast road and the run loop give the same results, states and outputs."""

from __future__ import annotations

import sys
import threading
import types
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symphony.bootstrap import executor_named
from symphony.define.player import operator
from symphony.model.event import EventKind
from symphony.model.expression import Expression
from symphony.model.frozen import FrozenMap
from symphony.model.plan import Plan, PlannedTask, PlayerPin
from symphony.runtime import execute as execution
from symphony.runtime.call import TaskCalls
from symphony.runtime.execute import Order, execute
from symphony.runtime.fast_loop import BoundCalls, FastRun, can_run_fast
from symphony.runtime.recorded_loop import RecordedCalls
from symphony.runtime.steps import build_program
from symphony.runtime.values import MISSING
from symphony.store.store import Store

made: list[int] = []


def join(a: int = 0, b: int = 0, c: int = 0, *, poison: bool = False) -> int:
    made.append(a)
    if poison:
        raise ValueError("poison")
    return a + b + c + 1


module = types.ModuleType("fast_loop_players")
join.__module__, join.__qualname__ = module.__name__, "join"
module.join = operator(version="1.0.0")(join)  # type: ignore[attr-defined]
sys.modules[module.__name__] = module
PIN = PlayerPin(
    name="fast_loop_players:join", kind="operator", module=module.__name__, qualname="join", identity="0" * 64
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    count = draw(st.integers(1, 14))
    tasks = []
    for i in range(count):
        inputs: dict[str, Any] = {}
        for name in draw(st.sampled_from(["", "a", "ab", "abc", "ac", "b"])):
            inputs[name] = (
                Expression.reference("tasks", f"t{draw(st.integers(0, i - 1))}")
                if i and draw(st.booleans())
                else draw(st.integers(0, 9))
            )
        if draw(st.integers(0, 9)) == 0:
            inputs["poison"] = True
        needs = [f"t{draw(st.integers(0, i - 1))}"] if i and draw(st.integers(0, 4)) == 0 else []
        tasks.append(PlannedTask.model_validate({"id": f"t{i}", "player": PIN.name, "with": inputs, "needs": needs}))
    outputs = {f"o{i}": Expression.reference("tasks", f"t{i}") for i in range(count)}
    return Plan(melody="m", players=FrozenMap({PIN.name: PIN}), tasks=tuple(tasks), outputs=FrozenMap(outputs),
                output_types=FrozenMap(dict.fromkeys(outputs, "integer")))  # fmt: skip


def told(plan: Plan, workers: int, *, fast: bool) -> dict[str, Any]:
    made.clear()
    road = execution.can_run_fast
    execution.can_run_fast = can_run_fast if fast else lambda program, params: False  # type: ignore[assignment]
    try:
        result = execute(plan, Order(recorded=False, workers=workers), Store.open(None), executor_named("pit"))
    finally:
        execution.can_run_fast = road
    return {
        "state": result.state, "counts": dict(result.counts), "outputs": dict(result.outputs), "calls": len(made),
        # of two failed tasks that a third waits for, the first to fail is its cause: that is either
        "tasks": {
            name: (t.state, t.note.partition(":")[0], (t.error or {}).get("message"))
            for name, t in result.tasks.items()
        },
    }  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(plans(), st.sampled_from([1, 3]))
def test_both_roads_tell_the_same(plan: Plan, workers: int):
    assert told(plan, workers, fast=True) == told(plan, workers, fast=False)


def good(state: Any) -> str:
    return "good" if state in ("succeeded", "cached") else str(state)


def recorded(plan: Plan, workers: int, *, fast: bool) -> dict[str, Any]:
    """What a run, and the same run again, leave in a store: results, journal, keys with their parts, events.

    Of equal calls one is made and the others are served: which one is depends on the order, so both count as good.
    """
    road = execution.can_run_fast
    execution.can_run_fast = can_run_fast if fast else lambda program, params: False  # type: ignore[assignment]
    store, found = Store.open(None), {}
    try:
        for name in ("first", "second"):
            events: list[Any] = []
            made.clear()
            order = Order(workers=workers, run_id=name, on_event=events.append)
            result = execute(plan, order, store, executor_named("pit"))
            calls = {c.task: c for c in store.calls(name)}
            entries = {c.task: store.entry(c.key) for c in calls.values() if c.key is not None}
            found[name] = {
                "state": result.state, "outputs": dict(result.outputs), "calls": len(made),
                "good": result.counts["succeeded"] + result.counts["cached"],
                "artifacts": {n: a.digest for n, a in result.artifacts.items()},
                "journal": {t: (good(c.state), c.key, c.outputs, (c.error or {}).get("message")) for t, c in calls.items()},
                "parts": {t: None if e is None else {n: p[0] for n, p in e.parts.items()} for t, e in entries.items()},
                "events": sorted((str(e.kind), e.task, good((e.data or {}).get("state"))) for e in events
                                 if e.kind is not EventKind.TASK_STARTED),
                "started": sum(e.kind is EventKind.TASK_STARTED for e in events),
            }  # fmt: skip
    finally:
        execution.can_run_fast = road
    return found


@settings(max_examples=40, deadline=None)
@given(plans())
def test_both_roads_record_the_same(plan: Plan):
    assert recorded(plan, 1, fast=True) == recorded(plan, 1, fast=False)


@settings(max_examples=25, deadline=None)
@given(plans())
def test_the_recording_road_gives_the_same_on_threads(plan: Plan):
    one, many = recorded(plan, 1, fast=True), recorded(plan, 4, fast=True)

    for name in ("first", "second"):
        assert (one[name]["state"], one[name]["outputs"], one[name]["artifacts"]) == (
            many[name]["state"], many[name]["outputs"], many[name]["artifacts"]
        )  # fmt: skip
        succeeded = {t: r[1] for t, r in one[name]["journal"].items() if r[0] == "good"}
        assert {t: many[name]["journal"][t][1] for t in succeeded} == succeeded


@settings(max_examples=25, deadline=None)
@given(plans())
def test_the_recording_road_on_threads_records_what_the_run_loop_does(plan: Plan):
    """Also where a call fails, and the run loop takes over while others are under way."""
    assert recorded(plan, 4, fast=True) == recorded(plan, 1, fast=False)


@settings(max_examples=60, deadline=None)
@given(plans())
def test_nothing_is_called_before_what_it_waits_for(plan: Plan):
    program = build_program(plan)
    run = FastRun(BoundCalls(program, {}, None))
    run.run_in_order()

    for i, step in enumerate(program.steps.values()):
        if run.ended[i]:
            assert all(
                run.ended[run.names.index(before)] <= run.ended[i] and run.ended[run.names.index(before)]
                for before in step.edges
            )


def nap(a: int = 0) -> int:
    if a:
        barrier.wait(timeout=20)  # passed only when all naps go on at the same time
    return a


barrier = threading.Barrier(4)
nap.__module__, nap.__qualname__ = module.__name__, "nap"
module.nap = operator(version="1.0.0")(nap)  # type: ignore[attr-defined]
NAP = PIN.model_copy(update={"name": "fast_loop_players:nap", "qualname": "nap"})


@pytest.mark.parametrize("record", [False, True])
def test_a_long_call_among_short_ones_holds_up_nobody(record: bool):
    """Four calls that wait for each other lie far apart in the plan, behind short ones and behind one another."""
    barrier.reset()
    long = {70: 1, 90: 2, 91: 3, 260: 4}
    tasks = tuple(
        PlannedTask.model_validate({"id": f"t{i}", "player": NAP.name, "with": {"a": long.get(i, 0)}})
        for i in range(300)
    )
    plan = Plan(
        melody="m", players=FrozenMap({NAP.name: NAP}), tasks=tasks, outputs=FrozenMap({}), output_types=FrozenMap({})
    )

    result = execute(plan, Order(recorded=record, workers=4, no_cache=True), Store.open(None), executor_named("pit"))

    assert result.state == "succeeded", result.failures


def test_results_leave_memory_after_their_last_reader_and_outputs_stay():
    """Semantics 43, on the road that records."""
    chain = [PlannedTask.model_validate({"id": "t0", "player": PIN.name, "with": {"a": 1}})]
    chain += [
        PlannedTask.model_validate(
            {"id": f"t{i}", "player": PIN.name, "with": {"a": Expression.reference("tasks", f"t{i - 1}")}}
        )
        for i in range(1, 50)
    ]
    plan = Plan(melody="m", players=FrozenMap({PIN.name: PIN}), tasks=tuple(chain),
                outputs=FrozenMap({"early": Expression.reference("tasks", "t3"), "last": Expression.reference("tasks", "t49")}),
                output_types=FrozenMap({"early": "integer", "last": "integer"}))  # fmt: skip
    store, program = Store.open(None), build_program(plan)
    calls = TaskCalls(store, recorded=True, anchors=store.anchors)
    bound = BoundCalls(program, {}, Path.cwd(), named=True)
    record = RecordedCalls(bound, program, calls, "r", None)
    run = FastRun(bound, record)

    run.run_in_order()

    assert run.failures == {}
    assert [i for i in range(50) if run.values[i] is not MISSING] == [3, 49]
    assert [record.value(i) for i in (3, 10, 49)] == [5, 12, 51]


def arrays(a: Any = None) -> Any:
    return numpy.arange(5) if a is None else a + 1


numpy = pytest.importorskip("numpy")
arrays.__module__, arrays.__qualname__ = module.__name__, "arrays"
module.arrays = operator(version="1.0.0")(arrays)  # type: ignore[attr-defined]
ARRAYS = PIN.model_copy(update={"name": "fast_loop_players:arrays", "qualname": "arrays"})


@pytest.mark.parametrize("workers", [1, 3])
def test_values_that_compare_element_by_element_pass(workers: int):
    tasks = tuple(
        PlannedTask.model_validate(
            {
                "id": f"t{i}",
                "player": ARRAYS.name,
                "with": {"a": Expression.reference("tasks", f"t{i - 1}")} if i else {},
            }
        )
        for i in range(4)
    )
    plan = Plan(melody="m", players=FrozenMap({ARRAYS.name: ARRAYS}), tasks=tasks,
                outputs=FrozenMap({"last": Expression.reference("tasks", "t3")}), output_types=FrozenMap({"last": "any"}))  # fmt: skip
    store = Store.open(None)

    for _ in range(2):  # made, then served
        result = execute(plan, Order(workers=workers), store, executor_named("pit"))
        assert result.state == "succeeded", result.failures
        assert list(result.outputs["last"]) == [3, 4, 5, 6, 7]
