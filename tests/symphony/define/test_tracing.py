"""Tracing: a second trace is compared with the first, task by task, and ids come from variables."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import pytest

from symphony.define.tracing import Draft, MelodyFunction, call, each, expr, melody
from symphony.errors import TracingError
from symphony.model.melody import Melody
from symphony.model.task import Task
from symphony.players.hash import text as digest
from symphony.players.text import join, split


def steady() -> Any:
    parts = split(text="to be")
    whole = join(parts=parts)
    many = digest(text=each(parts)).options(retry=2).when(parts.size() > 0)
    return {"whole": whole, "many": many, "set": call(join, with_={"parts": ["a", expr("tasks.whole")]})}


def alternating(change: Callable[[Any], Any]) -> MelodyFunction:
    """A melody whose first trace is plain, and whose second differs by `change`."""
    traces: list[int] = []

    def body() -> Any:
        parts = split(text="to be")
        whole = join(parts=parts)
        traces.append(1)
        return change(whole) if len(traces) > 1 else whole

    return MelodyFunction(body, {})


def reversed_alternating(change: Callable[[Any], Any]) -> MelodyFunction:
    """A melody whose first trace says more than its second."""
    traces: list[int] = []

    def body() -> Any:
        parts = split(text="to be")
        whole = join(parts=parts)
        traces.append(1)
        return change(whole) if len(traces) == 1 else whole

    return MelodyFunction(body, {})


def test_a_steady_melody_gives_its_first_trace_back() -> None:
    traced = melody(steady)
    first = traced.trace()

    assert traced.trace_again(first) is first


CHANGES: dict[str, Callable[[Any], Any]] = {
    "a condition": lambda task: task.when(expr("true")),
    "a policy": lambda task: task.options(retry=3),
    "an order": lambda task: task.after(digest(text="x")),
    "a description": lambda task: task.described("other"),
    "a name": lambda task: task.named("other"),
    "an output": lambda task: {"other": task},
    "a task": lambda task: join(parts=[task]),
}


def test_a_misspelt_on_failure_is_told_what_is_valid() -> None:
    with pytest.raises(TracingError, match=r"@melody\(on_failure='stpo'\): did you mean 'stop'"):

        @melody(on_failure="stpo")
        def m() -> None: ...


@pytest.mark.parametrize("make", [alternating, reversed_alternating])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_second_trace_that_differs_is_given_as_it_is(
    change: Callable[[Any], Any], make: Callable[[Any], MelodyFunction]
) -> None:
    """Semantics 12: `compile` traces a Python melody twice and reports a difference."""
    traced = make(change)
    first = traced.trace()

    again = traced.trace_again(first)

    assert again != first
    assert isinstance(again, Melody)


def test_a_changed_input_is_a_difference() -> None:
    numbers = iter(range(10))

    @melody
    def unsteady() -> Any:
        return digest(text=f"number {next(numbers)}")

    first = unsteady.trace()

    (again,) = unsteady.trace_again(first).tasks.values()
    assert again.inputs == {"text": "number 1"}


@pytest.mark.parametrize(
    "value",
    ["plain", "${{ params.x }}", "half ${{ params.x }}", 1, 1.5, True, None, ["a", 1], {"k": 1}],
    ids=repr,
)
def test_a_task_made_without_validating_equals_the_validated_one(value: object) -> None:
    @melody
    def one(x: str = "a") -> Any:
        return call("text.any", with_={"port": value})

    (task,) = one.trace().tasks.values()

    validated = Task.model_validate({"player": "text.any", "with": {"port": value}})
    assert task == validated
    assert task.model_dump(exclude_unset=True) == validated.model_dump(exclude_unset=True)


def test_the_drafts_of_a_trace_that_said_the_same_are_freed_at_once() -> None:
    traced = melody(steady)
    first = traced.trace()
    gc.collect()
    gc.disable()
    try:
        before = drafts_alive()
        traced.trace_again(first)

        assert drafts_alive() == before
    finally:
        gc.enable()


def drafts_alive() -> int:
    return sum(isinstance(thing, Draft) for thing in gc.get_objects())


def test_a_loop_numbers_its_tasks() -> None:
    @melody
    def loop() -> Any:
        last = split(text="a")
        for _ in range(3):
            last = split(text=last)
        return last

    assert list(loop.trace().tasks) == ["last", "last_2", "last_3", "last_4"]
