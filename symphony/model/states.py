"""States of tasks and runs, each with its one table of transitions."""

from __future__ import annotations

from enum import StrEnum

from symphony.errors import InternalError


class TaskState(StrEnum):
    """Where a task, or one call of it, stands."""

    PENDING = "pending"
    READY = "ready"
    RUNNING = "running"
    RETRYING = "retrying"
    SUCCEEDED = "succeeded"
    CACHED = "cached"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class RunState(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


T, R = TaskState, RunState

TASK_TRANSITIONS: dict[TaskState, frozenset[TaskState]] = {
    # `succeeded` straight from pending or ready: a list of no elements, a task whose elements did the work.
    T.PENDING: frozenset({T.READY, T.SUCCEEDED, T.CACHED, T.FAILED, T.SKIPPED, T.CANCELLED}),
    T.READY: frozenset({T.RUNNING, T.SUCCEEDED, T.CACHED, T.FAILED, T.SKIPPED, T.CANCELLED}),
    # `skipped` from running: a task with `each` whose elements were all made of elements that failed.
    T.RUNNING: frozenset({T.SUCCEEDED, T.CACHED, T.FAILED, T.RETRYING, T.SKIPPED, T.CANCELLED}),
    # `cached` from retrying: an equal call has succeeded while this one waited for its next attempt.
    T.RETRYING: frozenset({T.RUNNING, T.CACHED, T.FAILED, T.CANCELLED}),
    T.SUCCEEDED: frozenset(),
    T.CACHED: frozenset(),
    T.FAILED: frozenset(),
    T.SKIPPED: frozenset(),
    T.CANCELLED: frozenset(),
}

RUN_TRANSITIONS: dict[RunState, frozenset[RunState]] = {
    R.RUNNING: frozenset({R.SUCCEEDED, R.FAILED, R.CANCELLED, R.INTERRUPTED}),
    # A resume opens a new sitting of the same run: only `succeeded` is final.
    R.FAILED: frozenset({R.RUNNING}),
    R.CANCELLED: frozenset({R.RUNNING}),
    R.INTERRUPTED: frozenset({R.RUNNING}),
    R.SUCCEEDED: frozenset(),
}

FINAL = frozenset(s for s, after in TASK_TRANSITIONS.items() if not after)
"""States of a task that never change."""
COUNTED = tuple(map(str, (T.SUCCEEDED, T.CACHED, T.FAILED, T.SKIPPED, T.CANCELLED)))
"""The states by which the tasks of a run are counted, in the order of every document."""
GOOD = frozenset({T.SUCCEEDED, T.CACHED})
"""States of a task whose result can be used."""


def check_task_transition(before: TaskState, after: TaskState) -> None:
    """Check one step of a task.

    Raises:
        InternalError: the table does not allow it; nothing was changed.
    """
    if after not in TASK_TRANSITIONS[before]:
        raise InternalError(f"a task cannot go from {before} to {after}")


def check_run_transition(before: RunState, after: RunState) -> None:
    """Check one step of a run.

    Raises:
        InternalError: the table does not allow it; nothing was changed.
    """
    if after not in RUN_TRANSITIONS[before]:
        raise InternalError(f"a run cannot go from {before} to {after}")
