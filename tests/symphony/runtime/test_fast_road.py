"""The way from the recorded fast road on to the run loop, while calls are under way."""

from __future__ import annotations

import signal
import sys
import threading
import types
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from symphony.bootstrap import executor_named
from symphony.define.player import operator
from symphony.errors import StoreError
from symphony.model.event import Event, EventKind
from symphony.model.expression import Expression
from symphony.model.frozen import FrozenMap
from symphony.model.plan import Plan, PlannedTask, PlayerPin
from symphony.runtime import execute as execution
from symphony.runtime.execute import Order, execute
from symphony.runtime.result import RunResult
from symphony.runtime.watching import ask_to_cancel
from symphony.store.store import Store

LONG_S = 20.0
"""How long a body waits for what must come, before it fails."""

module = types.ModuleType("fast_road_players")
sys.modules[module.__name__] = module


class Signals:
    """What bodies and listeners tell each other.

    Attributes:
        begun: a body that waits has begun.
        go: bodies that wait may end.
        made: the numbers of the bodies, in the order in which they began.
    """

    def __init__(self) -> None:
        self.begun, self.go = threading.Event(), threading.Event()
        self.made: list[int] = []


signals = Signals()


def player(function: Callable[..., Any]) -> PlayerPin:
    function.__module__, function.__qualname__ = module.__name__, function.__name__
    setattr(module, function.__name__, operator(version="1.0.0")(function))
    return PlayerPin(name=f"{module.__name__}:{function.__name__}", kind="operator", module=module.__name__,
                     qualname=function.__name__, identity="0" * 64)  # fmt: skip


def plain(a: int = 0) -> int:
    signals.made.append(a)
    return a + 1


def waits(a: int = 0) -> int:
    signals.made.append(a)
    signals.begun.set()
    print("I wait")
    if not signals.go.wait(LONG_S):
        raise TimeoutError("nobody said that I may end")
    print("I end")
    return a + 1


def fails(a: int = 0) -> int:
    if not signals.begun.wait(LONG_S):
        raise TimeoutError("no other call has begun")
    raise ValueError(f"no {a}")


def waits_and_fails(a: int = 0) -> int:
    raise OSError(f"not {waits(a)}")


def waits_for_a_full_disk(a: int = 0) -> int:
    waits(a)
    raise StoreError("the disk is full")


PINS = {f.__name__: player(f) for f in (plain, waits, fails, waits_and_fails, waits_for_a_full_disk)}


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys.modules[__name__], "signals", Signals())
    yield
    signals.go.set()


def plan_of(**tasks: tuple[str, int | str]) -> Plan:
    """Tasks by id: the player, and a number or the task that gives it."""
    planned = [
        PlannedTask.model_validate(
            {"id": id, "player": PINS[name].name,
             "with": {"a": Expression.reference("tasks", given) if isinstance(given, str) else given}}
        )
        for id, (name, given) in tasks.items()
    ]  # fmt: skip
    used = {PINS[name].name: PINS[name] for name, _ in tasks.values()}
    outputs = {id: Expression.reference("tasks", id) for id in tasks}
    return Plan(melody="m", players=FrozenMap(used), tasks=tuple(planned), outputs=FrozenMap(outputs),
                output_types=FrozenMap(dict.fromkeys(outputs, "integer")))  # fmt: skip


class Played:
    """A run with a record, and what was told of it."""

    def __init__(self, plan: Plan, *, until: str = "bad", store: Store | None = None, **options: Any) -> None:
        self.until, self.events = until, list[Event]()
        self.store = store or Store.open(None)
        order = Order(run_id="r", on_event=self.listen, workers=options.pop("workers", 2), **options)
        self.result: RunResult = execute(plan, order, self.store, executor_named("pit"))

    def listen(self, event: Event) -> None:
        self.events.append(event)
        if event.kind is EventKind.TASK_ENDED and event.task == self.until:
            signals.go.set()

    @property
    def states(self) -> dict[str, str]:
        return {name: str(task.state) for name, task in self.result.tasks.items()}

    def must_be_told_once(self) -> None:
        """The journal says what the result says, and of every call an event tells the end once, after its start."""
        assert {c.task: str(c.state) for c in self.store.calls("r")} == self.states
        ended = Counter(e.task for e in self.events if e.kind is EventKind.TASK_ENDED)
        assert ended == Counter(list(self.states))
        kinds = [(e.task, e.kind) for e in self.events if e.kind in (EventKind.TASK_STARTED, EventKind.TASK_ENDED)]
        for task, state in self.states.items():
            if state == "succeeded":
                assert [k for t, k in kinds if t == task] == [EventKind.TASK_STARTED, EventKind.TASK_ENDED]


def test_other_branches_go_on_while_a_call_is_under_way_beside_a_failed_one():
    plan = plan_of(
        long=("waits", 1), bad=("fails", 2), after_bad=("plain", "bad"), other=("plain", 4), last=("plain", "other"),
        end=("plain", "long"),
    )  # fmt: skip

    played = Played(plan, until="last")

    assert played.states == {"long": "succeeded", "bad": "failed", "after_bad": "skipped", "other": "succeeded",
                             "last": "succeeded", "end": "succeeded"}  # fmt: skip
    assert played.result.outputs["end"] == 3
    assert sorted(signals.made) == [1, 2, 4, 5]
    played.must_be_told_once()


def test_what_such_a_call_gave_is_kept_and_served_to_the_next_run():
    plan = plan_of(long=("waits", 1), bad=("fails", 2), end=("plain", "long"))
    first = Played(plan)

    order = Order(run_id="again", workers=2)
    second = execute(plan, order, first.store, executor_named("pit"))

    assert {str(second.tasks[name].state) for name in ("long", "end")} == {"cached"}
    assert signals.made == [1, 2]
    assert second.artifacts["long"].digest == first.result.artifacts["long"].digest


def test_a_call_equal_to_one_under_way_waits_for_it():
    """Semantics 37: equal keys in flight within one engine run once."""
    plan = plan_of(long=("waits", 1), bad=("fails", 2), equal=("waits", 1), end=("plain", "equal"))

    played = Played(plan, workers=3)

    assert played.states == {"long": "succeeded", "bad": "failed", "equal": "cached", "end": "succeeded"}
    assert signals.made == [1, 2]
    played.must_be_told_once()


def test_a_call_under_way_may_fail_too():
    played = Played(plan_of(long=("waits_and_fails", 1), bad=("fails", 2), after=("plain", "long")))

    assert played.states == {"long": "failed", "bad": "failed", "after": "skipped"}
    assert sorted(str(f["error"]["message"]) for f in played.result.failures) == ["no 2", "not 2"]
    played.must_be_told_once()


def test_an_error_of_the_store_on_a_call_under_way_ends_the_run():
    with pytest.raises(StoreError, match="the disk is full"):
        Played(plan_of(long=("waits_for_a_full_disk", 1), bad=("fails", 2), after=("plain", "long")))


def test_what_a_body_under_way_prints_belongs_to_it_before_and_after():
    played = Played(plan_of(long=("waits", 1), bad=("fails", 2)))

    lines = [(e.task, e.data["message"]) for e in played.events if e.kind is EventKind.LOG and e.data]
    assert lines == [("long", "I wait"), ("long", "I end")]


def test_a_call_that_outlasts_a_cancel_is_left_behind(tmp_path: Any, monkeypatch: pytest.MonkeyPatch):
    """Semantics 52: after the grace period a thread that does not end is reported abandoned."""
    monkeypatch.setattr(execution, "GRACE_S", 0.05)
    store = Store.open(tmp_path / "state")

    class Cancelled(Played):
        def listen(self, event: Event) -> None:
            self.events.append(event)
            if event.kind is EventKind.TASK_STARTED and event.task == "long":
                ask_to_cancel(tmp_path / "state", "r")

    played = Cancelled(plan_of(first=("plain", 0), long=("waits", 1), after=("plain", "long")), store=store)
    signals.go.set()
    store.flush()

    assert played.result.state == "cancelled"
    assert played.states == {"first": "succeeded", "long": "cancelled", "after": "cancelled"}
    assert played.result.abandoned == ("long",)
    played.must_be_told_once()
    store.close()


def test_a_call_that_ends_within_the_grace_period_of_a_cancel_has_succeeded(tmp_path: Any):
    store = Store.open(tmp_path / "state")

    class Cancelled(Played):
        def listen(self, event: Event) -> None:
            self.events.append(event)
            if event.kind is EventKind.TASK_STARTED and event.task == "long":
                ask_to_cancel(tmp_path / "state", "r")
            elif event.kind is EventKind.TASK_ENDED and event.task == "after":
                signals.go.set()

    played = Cancelled(plan_of(long=("waits", 1), after=("plain", "long")), store=store)

    assert played.result.state == "cancelled"
    assert played.states == {"long": "succeeded", "after": "cancelled"}
    played.must_be_told_once()
    store.close()


def test_an_interrupt_while_a_call_is_under_way_beside_a_failed_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(execution, "GRACE_S", 0.05)

    class Interrupted(Played):
        def listen(self, event: Event) -> None:
            self.events.append(event)
            if event.kind is EventKind.TASK_ENDED and event.task == "other":
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    played = Interrupted(plan_of(long=("waits", 1), bad=("fails", 2), other=("plain", 3), after=("plain", "long")))
    signals.go.set()

    assert played.states == {"long": "cancelled", "bad": "failed", "other": "succeeded", "after": "cancelled"}
    assert played.result.abandoned == ("long",)
    played.must_be_told_once()


class LateStore:
    """Makes the first look-up of a store take until bodies may end.

    The call that looks up has begun for the fast road then, and its body has not.
    """

    def __init__(self, store: Store) -> None:
        self.store, self._look_up, self._first = store, store.lookup, threading.Lock()
        store.lookup = self.lookup  # type: ignore[method-assign]

    def lookup(self, key: str, **options: Any) -> Any:
        if self._first.acquire(blocking=False):
            signals.begun.set()
            assert signals.go.wait(LONG_S)
        return self._look_up(key, **options)


@pytest.mark.parametrize(
    ("fail_fast", "state", "made"),
    [(False, "succeeded", [1, 2]), (True, "cancelled", [])],
    ids=["goes-on", "fail-fast"],
)
def test_a_body_that_had_not_begun_is_the_run_loops_to_begin(fail_fast: bool, state: str, made: list[int]):
    store = Store.open(None)
    LateStore(store)

    played = Played(
        plan_of(late=("plain", 1), bad=("fails", 2), after=("plain", "late")), store=store, fail_fast=fail_fast
    )

    assert played.states == {"late": state, "bad": "failed", "after": state}
    assert signals.made == made
    played.must_be_told_once()
