"""Makes Prefect's task runs and their states of the events of a run: plain data, as the events API takes it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from symphony.model.event import Event, EventKind
from symphony.model.plan import PlannedTask
from symphony.runtime.error_text import error_parts
from symphony_prefect.task_graph import Place, TaskGraph

Document = dict[str, Any]

ENDS: Mapping[str, tuple[str, str]] = {
    "succeeded": ("COMPLETED", "Completed"),
    "cached": ("COMPLETED", "Cached"),
    "skipped": ("COMPLETED", "Skipped"),
    "failed": ("FAILED", "Failed"),
    "cancelled": ("CANCELLED", "Cancelled"),
}
"""Type and name of the state that stands for an end of ours."""
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}


class TaskRuns:
    """The task runs of one flow run: one per call, whatever becomes of it.

    A task that is a list of calls, or a melody, has none of its own unless no call of it was ever made.

    Args:
        flow_run: the flow run.
        graph: where calls stand.

    Attributes:
        ended: how many task runs have ended.
    """

    def __init__(self, flow_run: uuid.UUID, graph: TaskGraph) -> None:
        self._flow_run, self._graph = flow_run, graph
        self._counts: dict[str, int] = {}
        self._inhabited: set[str] = set()
        self._known: dict[str, Document] = {}
        self._shown: set[str] = set()
        self._errors: dict[str, str] = {}
        self.ended = 0

    def events_of(self, event: Event) -> Iterator[Document]:
        """What Prefect is told when something happens here."""
        kind, path, data = event.kind, event.task, event.data or {}
        if kind is EventKind.TASK_EXPANDED:
            self._counts[path] = int(data["count"])
        elif kind is EventKind.TASK_ERROR:
            self._errors[path] = _said(data["error"])
        elif kind is EventKind.TASK_STARTED:
            attempt = int(data.get("attempt", 1))
            name = "Running" if attempt == 1 else "Retrying"
            yield self._changed(event, "RUNNING", name, "", run_count=attempt, worker=str(data.get("worker", "")))
        elif kind is EventKind.TASK_RETRYING:
            message = f"attempt {data['attempt']}: {_said(data['error'] or {})}"
            yield self._changed(event, "SCHEDULED", "AwaitingRetry", message, again_at=event.at + data["delay_s"])
        elif kind is EventKind.TASK_ENDED and not (self._place(path).is_group and path in self._inhabited):
            type, name = ENDS[data["state"]]
            message = self._errors.pop(path, "") or str(data.get("note", ""))
            self.ended += 1
            yield self._changed(event, type, name, message, run_count=int(data.get("attempt", 0)))
            del self._known[path]

    def log_line(self, event: Event) -> Document:
        """What Prefect's log is told of a line of a body."""
        data = event.data or {}
        line = {
            "name": f"symphony.{event.task or 'run'}", "level": _LEVELS.get(str(data.get("level", "info")), 20),
            "message": str(data.get("message", "")), "timestamp": _time(float(data.get("at", event.at))),
            "flow_run_id": str(self._flow_run),
        }  # fmt: skip
        return {**line, "task_run_id": str(self.id_of(event.task))} if event.task in self._shown else line

    def id_of(self, path: str) -> uuid.UUID:
        """The id of a call's task run: the same whenever the run is taken up."""
        return uuid.uuid5(self._flow_run, path)

    # one state ---------------------------------------------------------------------------------------------------

    def _changed(
        self, event: Event, type: str, name: str, message: str, *,
        run_count: int | None = None, again_at: float | None = None, worker: str = "",
    ) -> Document:  # fmt: skip
        path = event.task
        known = self._known.get(path)
        task_run = known["task_run"] if known is not None else self._new(path)
        before = known["state"] if known is not None else None
        state: Document = {"type": type, "name": name, "message": message, "state_details": {}}
        if again_at is not None:
            state["state_details"]["scheduled_time"] = _time(again_at)
        _count_time(task_run, event, type, run_count)
        self._known[path] = {"task_run": task_run, "state": state}
        return {
            "id": str(uuid.uuid4()), "occurred": _time(event.at), "event": f"prefect.task-run.{name}",
            "resource": {
                "prefect.resource.id": f"prefect.task-run.{self.id_of(path)}", "prefect.resource.name": path,
                "prefect.run-count": str(task_run["run_count"]), "prefect.state-message": message,
                "prefect.state-name": name, "prefect.state-timestamp": _time(event.at), "prefect.state-type": type,
                "prefect.orchestration": "client", "symphony.run": event.run, "symphony.worker": worker,
            },
            "related": [
                {"prefect.resource.id": f"prefect.flow-run.{self._flow_run}", "prefect.resource.role": "flow-run"},
                *({"prefect.resource.id": f"prefect.tag.{t}", "prefect.resource.role": "tag"} for t in task_run["tags"]),
            ],
            "payload": {
                "intended": {"from": before["type"] if before else None, "to": type},
                "initial_state": before, "validated_state": {**state, "data": None}, "task_run": dict(task_run),
            },
        }  # fmt: skip

    def _new(self, path: str) -> Document:
        place = self._place(path)
        self._shown.add(path)
        self._inhabit(path)
        inputs = {
            id: [{"input_type": "task_run", "id": str(self.id_of(call))} for call in calls]
            for id, calls in self._graph.parents(place, self._counts).items()
        }
        return {
            "name": path, "task_key": f"{_player(place.task)}-{place.task.id}", "dynamic_key": path,
            "tags": [f"player:{_player(place.task)}", f"task:{place.task.id}"], "task_inputs": inputs, "run_count": 0,
            "flow_run_run_count": 1,
        }  # fmt: skip

    def _place(self, path: str) -> Place:
        return self._graph.place(path)

    def _inhabit(self, path: str) -> None:
        """A call is shown: the tasks and melodies that it belongs to need not be."""
        for at, letter in enumerate(path):
            if letter in ".[":
                self._inhabited.add(path[:at])


def _count_time(task_run: Document, event: Event, type: str, run_count: int | None) -> None:
    """Keep the times of a task run as Prefect does."""
    data = event.data or {}
    if run_count is not None:
        task_run["run_count"] = run_count
    if type == "RUNNING":
        task_run.setdefault("start_time", _time(event.at))
    elif type != "SCHEDULED":
        if data.get("started_at") is not None:
            task_run.setdefault("start_time", _time(data["started_at"]))
            task_run["total_run_time"] = max(0.0, float(data.get("duration_s") or 0.0))
        task_run.setdefault("start_time", _time(event.at))  # without one, the graph of the page leaves it out
        task_run["end_time"] = _time(event.at)


def _player(task: PlannedTask) -> str:
    return task.player or ("shell" if task.run is not None else "melody")


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


def _said(error: Mapping[str, Any]) -> str:
    return "\n".join(error_parts(error)[0])
