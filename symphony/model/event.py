"""What happens during a run, as values: the one stream that CLI, board, journal and Conductor read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class EventKind(StrEnum):
    """What happened."""

    RUN_STARTED = "runStarted"
    TASK_STARTED = "taskStarted"
    TASK_PROGRESS = "taskProgress"
    TASK_RETRYING = "taskRetrying"
    TASK_ENDED = "taskEnded"
    TASK_ERROR = "taskError"
    TASK_EXPANDED = "taskExpanded"
    LOG = "log"
    RUN_ENDED = "workflowComplete"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    Attributes:
        kind: what.
        run: the run's id.
        at: seconds since the epoch.
        task: the call: ``stats``, ``stats[3]``, ``child.x``; empty for events of the run.
        data: what else there is to say; plain data. ``taskEnded`` has `state`, `attempt`, `started_at`, `duration_s`,
            `worker`; ``taskError`` has `error`; ``taskExpanded`` has `count`; ``taskProgress`` has `done`, `total`.
    """

    kind: EventKind
    run: str
    at: float
    task: str = ""
    data: dict[str, Any] | None = None

    def to_document(self) -> dict[str, Any]:
        """The event as plain data."""
        document: dict[str, Any] = {"event": str(self.kind), "run": self.run, "at": self.at}
        if self.task:
            document["task"] = self.task
        return {**document, **(self.data or {})}
