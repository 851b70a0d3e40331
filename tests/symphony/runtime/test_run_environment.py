"""What an environment adds to tasks that say nothing, and how it travels."""

from __future__ import annotations

import json

import pytest

from symphony.model.plan import PlannedTask, PlayerPin
from symphony.model.policy import Isolation, Retry
from symphony.runtime.run_environment import RunEnvironment, in_force, under

ADDING = RunEnvironment("ci", ("env", "file:/run/secrets"), Retry(attempts=3, delay=0.1), 30.0)


def pin(*, is_async: bool = False) -> PlayerPin:
    return PlayerPin(name="p", kind="operator", module="m", qualname="p", identity=None, is_async=is_async)


def test_a_task_that_says_nothing_gets_what_the_environment_says() -> None:
    """Semantics 13: task over player over environment."""
    task = ADDING.settled(PlannedTask(id="a", player="p"), pin())

    assert (task.retry, task.timeout, task.isolation) == (ADDING.retry, 30.0, Isolation.PROCESS)


def test_what_a_task_says_stays() -> None:
    said = PlannedTask(id="a", player="p", retry=Retry(), timeout=5.0)

    assert ADDING.settled(said, pin()) == said


@pytest.mark.parametrize(
    ("task", "of"), [(PlannedTask(id="a", player="p"), pin(is_async=True)), (PlannedTask(id="a", run="ls"), None)]
)
def test_what_can_be_stopped_where_it_is_stays_there(task: PlannedTask, of: PlayerPin | None) -> None:
    assert ADDING.settled(task, of).isolation is Isolation.THREAD


def test_without_an_environment_a_task_is_the_same_object() -> None:
    task = PlannedTask(id="a", player="p")

    assert RunEnvironment().settled(task, pin()) is task


def test_it_travels_as_plain_data() -> None:
    assert RunEnvironment.from_document(json.loads(json.dumps(ADDING.to_document()))) == ADDING
    assert RunEnvironment.from_document(RunEnvironment().to_document()) == RunEnvironment()


def test_it_is_in_force_only_meanwhile() -> None:
    with under(ADDING):
        inside = in_force()

    assert inside is ADDING
    assert in_force() == RunEnvironment()
