"""The judge of events: what is in order passes, and each thing that must not happen is seen."""

from __future__ import annotations

from typing import Any

import pytest

from symphony.model.event import Event, EventKind
from symphony.model.expression import Expression
from symphony.model.plan import Plan, PlannedTask
from symphony.testing.executor_cases.event_order import problems_of

K = EventKind


def task(id: str, after: str = "", *, each: bool = False) -> PlannedTask:
    source = Expression.reference("tasks", after) if after else [1, 2]
    if each:
        return PlannedTask.model_validate(
            {"id": id, "player": "p", "with": {"x": Expression.reference("item")}, "each": source}
        )
    return PlannedTask.model_validate({"id": id, "player": "p", "with": {"x": source} if after else {}})


CHAIN = Plan(melody="m", tasks=(task("a"), task("b", "a")))
LISTS = Plan(melody="m", tasks=(task("a", each=True), task("b", "a", each=True)))


def told(*words: str) -> list[Event]:
    """Events of a run: ``+a`` starts a, ``+a2`` its second attempt, ``-a`` ends it, ``~a`` will try again."""
    kinds = {"+": K.TASK_STARTED, "-": K.TASK_ENDED, "~": K.TASK_RETRYING}
    calls = []
    for word in words:
        name, data = word[1:], {"state": "succeeded", "attempt": 1}
        if name[-1] == "2":
            name, data = name[:-1], {**data, "attempt": 2}
        calls.append(Event(kinds[word[0]], "run", 0.0, name, data))
    return [Event(K.RUN_STARTED, "run", 0.0), *calls, Event(K.RUN_ENDED, "run", 0.0)]


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (CHAIN, ["+a", "-a", "+b", "-b"]),
        (CHAIN, ["+a", "~a", "+a2", "-a", "+b", "-b"]),
        (CHAIN, ["+a", "+a", "-a", "+b", "-b"]),
        (LISTS, ["+a[0]", "-a[0]", "+b[0]", "+a[1]", "-b[0]", "-a[1]", "-a", "+b[1]", "-b[1]", "-b"]),
    ],
    ids=["a chain", "a retry", "a lost worker", "elements pass each other"],
)
def test_what_is_in_order_passes(plan: Plan, words: list[str]) -> None:
    assert problems_of(plan, told(*words), {"a": "succeeded", "b": "succeeded"}) == []


@pytest.mark.parametrize(
    ("plan", "words", "problem"),
    [
        (CHAIN, ["+a", "+b", "-a", "-b"], "b started before a ended"),
        (CHAIN, ["+a", "-a", "+b"], "b started, and ended 0 times"),
        (CHAIN, ["+a", "-a", "-a", "+b", "-b"], "a started, and ended 2 times"),
        (CHAIN, ["+a", "-a", "+a2", "+b", "-b"], "a started after it had ended"),
        (CHAIN, ["+a", "+a2", "-a", "+b", "-b"], "a started attempt 2 while another ran"),
        (LISTS, ["+a[0]", "-a[0]", "+a[1]", "+b[1]", "-a[1]", "-a", "-b[1]", "-b"], "b[1] started before a[1] ended"),
    ],
)
def test_what_must_not_happen_is_seen(plan: Plan, words: list[str], problem: str) -> None:
    assert problem in problems_of(plan, told(*words), {})


def test_a_run_begins_and_ends_once() -> None:
    events = told("+a", "-a")

    assert problems_of(CHAIN, events[:-1], {}) == ["the run does not end with workflowComplete"]
    assert problems_of(CHAIN, events[1:], {}) == ["the run does not begin with runStarted"]
    assert "the run tells workflowComplete 2 times" in problems_of(CHAIN, [*events, events[-1]], {})


def test_states_that_were_told_are_those_of_the_result() -> None:
    found: list[Any] = problems_of(CHAIN, told("+a", "-a"), {"a": "failed"})

    assert found == ["a was told to be succeeded, and is failed"]
