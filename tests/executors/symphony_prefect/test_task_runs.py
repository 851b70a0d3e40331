"""States of task runs, made of events alone."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from symphony.model.event import Event, EventKind
from symphony.model.plan import Plan, PlannedTask
from symphony_prefect.task_graph import TaskGraph
from symphony_prefect.task_runs import TaskRuns

FLOW_RUN = uuid.UUID(int=7)


def _plan() -> Plan:
    tasks = (
        PlannedTask(id="one", run="true"),
        PlannedTask.model_validate({"id": "many", "run": "true", "each": [1, 2]}),
    )
    return Plan(melody="m", version="1.0.0", tasks=tasks)


@pytest.fixture
def runs() -> TaskRuns:
    return TaskRuns(FLOW_RUN, TaskGraph(_plan()))


def _told(runs: TaskRuns, kind: EventKind, task: str, at: float = 1.0, **data: Any) -> list[dict[str, Any]]:
    return list(runs.events_of(Event(kind, "r", at, task, data)))


def _state(document: dict[str, Any]) -> tuple[str, str]:
    state = document["payload"]["validated_state"]
    return state["type"], state["name"]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("succeeded", ("COMPLETED", "Completed")),
        ("cached", ("COMPLETED", "Cached")),
        ("skipped", ("COMPLETED", "Skipped")),
        ("failed", ("FAILED", "Failed")),
        ("cancelled", ("CANCELLED", "Cancelled")),
    ],
)
def test_each_end_has_a_state_that_stands_for_it(runs: TaskRuns, ours: str, theirs: tuple[str, str]) -> None:
    """Semantics 48."""
    [document] = _told(runs, EventKind.TASK_ENDED, "one", state=ours)

    assert _state(document) == theirs
    assert runs.ended == 1


def test_a_retry_names_the_error_and_when_it_goes_on(runs: TaskRuns) -> None:
    _told(runs, EventKind.TASK_STARTED, "one", attempt=1)
    error = {"type": "ValueError", "message": "no", "traceback": ""}

    [waits] = _told(runs, EventKind.TASK_RETRYING, "one", at=100.0, attempt=1, delay_s=20.0, error=error)
    [again] = _told(runs, EventKind.TASK_STARTED, "one", at=120.0, attempt=2)

    state = waits["payload"]["validated_state"]
    assert (state["name"], state["message"]) == ("AwaitingRetry", "attempt 1: ValueError: no")
    assert state["state_details"]["scheduled_time"] == "1970-01-01T00:02:00+00:00"
    assert _state(again) == ("RUNNING", "Retrying")
    assert again["payload"]["task_run"]["run_count"] == 2
    assert again["payload"]["initial_state"]["name"] == "AwaitingRetry"


def test_a_list_of_calls_has_no_task_run_once_a_call_has(runs: TaskRuns) -> None:
    _told(runs, EventKind.TASK_EXPANDED, "many", count=2)
    _told(runs, EventKind.TASK_STARTED, "many[0]", attempt=1)

    assert _told(runs, EventKind.TASK_ENDED, "many", state="succeeded") == []


def test_a_list_of_which_no_call_was_made_is_shown_itself(runs: TaskRuns) -> None:
    [document] = _told(runs, EventKind.TASK_ENDED, "many", state="skipped", note="failed: one")

    assert document["resource"]["prefect.resource.name"] == "many"
    assert document["payload"]["validated_state"]["message"] == "failed: one"


def test_ids_are_the_same_when_a_run_is_taken_up_again(runs: TaskRuns) -> None:
    later = TaskRuns(FLOW_RUN, TaskGraph(_plan()))

    assert runs.id_of("many[1]") == later.id_of("many[1]")
    assert runs.id_of("many[1]") != runs.id_of("many[0]")
