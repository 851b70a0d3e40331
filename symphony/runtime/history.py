"""Tells from the journal what a run did: the documents of `show`, `runs` and `why`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from symphony.errors import UsageError
from symphony.model.names import did_you_mean
from symphony.model.states import COUNTED, RunState, TaskState
from symphony.runtime.code_record import code_changes
from symphony.runtime.error_text import error_parts
from symphony.runtime.explain import CodeChanges, Decision, Reason, reasons_for
from symphony.runtime.lease import Standing
from symphony.runtime.ownership import standing_of
from symphony.runtime.task_rows import tasks_of
from symphony.store.records import RunRecord
from symphony.store.store import Store


def state_of(store: Store, run: RunRecord) -> RunState:
    """The state of a run; a run whose owner died reads ``interrupted``."""
    if run.state is not RunState.RUNNING or store.folder is None:
        return run.state
    free = standing_of(store, store.lease(run.id)) is Standing.FREE
    return RunState.INTERRUPTED if free else RunState.RUNNING


def goes_on(store: Store, run: RunRecord) -> bool:
    """Whether a run still has an owner; cheaper than `state_of`, since nothing of the run is read anew."""
    lease = store.lease(run.id)
    return lease is not None and store.folder is not None and standing_of(store, lease) is not Standing.FREE


def show_document(store: Store, run: RunRecord) -> dict[str, Any]:
    """Everything about a run: its tasks in plan order, elements behind their task."""
    state = state_of(store, run)
    return {
        "run": run.id, "melody": run.melody, "plan": run.plan_hash, "state": str(state), "executor": run.executor,
        "started_at": run.started_at, "ended_at": run.ended_at, "params": dict(run.params), "tags": list(run.tags),
        "tasks": tasks_of(store, run, state, lists_too=True),
    }  # fmt: skip


_LOOKED_AT = 50


def usual_seconds(store: Store, run_id: str) -> float | None:
    """How long the last run of the same melody took that succeeded and was served nothing; None where there is none.

    One with the same parameters is preferred.
    """
    run = store.run(run_id)
    if run is None:
        return None
    like = [
        earlier for earlier in store.runs(state=RunState.SUCCEEDED, limit=_LOOKED_AT)
        if earlier.melody == run.melody and not earlier.counts.get("cached") and earlier.measures.get("seconds")
    ]  # fmt: skip
    like.sort(key=lambda earlier: dict(earlier.params) != dict(run.params))  # stable: newest first among equals
    return float(like[0].measures["seconds"]) if like else None


def usual_task_seconds(store: Store, melody: str) -> dict[str, float]:
    """How long the tasks of a melody took the last time that they ran, by task; a task with `each` from first to last."""
    found: dict[str, float] = {}
    for run in store.runs(limit=_LOOKED_AT):
        if run.melody != melody:
            continue
        spans: dict[str, tuple[float, float]] = {}
        for call in store.calls(run.id):
            if call.state is TaskState.SUCCEEDED and call.started_at is not None and call.ended_at is not None:
                begun, over = spans.get(call.task, (call.started_at, call.ended_at))
                spans[call.task] = min(begun, call.started_at), max(over, call.ended_at)
        for task, (begun, over) in spans.items():
            found.setdefault(task, max(0.0, over - begun))
        if len(found) >= run.counts.get("succeeded", 0) + run.counts.get("cached", 0):
            break
    return found


LAST_LINES = 20
"""Of how many lines `show` tells of one task."""


def show_task_document(store: Store, run: RunRecord, task: str) -> dict[str, Any]:
    """Everything about one task: its row, those of its elements, what its key is made of, the end of its log.

    Raises:
        UsageError: the run has no such task.
    """
    state = state_of(store, run)
    rows = tasks_of(store, run, state, lists_too=True)
    row = next((r for r in rows if r["task"] == task), None)
    if row is None:
        raise UsageError(
            f"the run {run.id} has no task {task!r}: {did_you_mean(task, [r['task'] for r in rows], what='tasks')}"
        )
    lines = store.logs(run.id, task)
    return {
        "run": run.id, "melody": run.melody, **row, "parts": _parts_of(store, run, row),
        "elements": [r for r in rows if r["task"].startswith((f"{task}[", f"{task}."))],
        "logs": lines[-LAST_LINES:], "more_logs": max(0, len(lines) - LAST_LINES),
    }  # fmt: skip


def _parts_of(store: Store, run: RunRecord, row: dict[str, Any]) -> dict[str, Any]:
    """What the key of a call is made of: name -> what it shows; of a call without a key what is known."""
    entry = store.lookup(row["key"]) if row["key"] else None
    parts = entry.parts if entry is not None else None
    if parts is None:
        paths = ((c.task if c.index < 0 else f"{c.task}[{c.index}]", c) for c in store.calls(run.id))
        parts = next((c.parts or {} for path, c in paths if path == row["task"]), {})
    return {
        name: part[1] if isinstance(part, list | tuple) and len(part) == 2 else part for name, part in parts.items()
    }


def logs_of(store: Store, run: RunRecord, task: str | None = None) -> list[dict[str, Any]]:
    """What the tasks of a run logged, in order, and how those that failed ended; of one task when one is named."""
    found = store.logs(run.id, task)
    for call in store.calls(run.id):
        path = call.task if call.index < 0 else f"{call.task}[{call.index}]"
        named = task is None or path == task or path.startswith((f"{task}[", f"{task}."))
        if named and call.state is TaskState.FAILED and call.error:
            said, frames = error_parts(call.error)
            text = "\n".join([*said, *frames])
            found.append({"at": call.ended_at, "task": path, "level": "error", "message": text})
    return sorted(found, key=lambda entry: entry.get("at") or 0.0)


def runs_document(store: Store, **filters: Any) -> dict[str, Any]:
    """All runs, newest first."""
    wanted = filters.pop("state", None)
    found = []
    for run in store.runs(**filters):
        state = state_of(store, run)
        if wanted is not None and str(wanted) != str(state):
            continue
        found.append(
            {
                "run": run.id, "melody": run.melody, "state": str(state), "started_at": run.started_at,
                "ended_at": run.ended_at, "tags": list(run.tags),
                "counts": dict(run.counts) or counts_of(tasks_of(store, run, state)),
            }
        )  # fmt: skip
    return {"runs": found}


def counts_of(tasks: list[dict[str, Any]]) -> dict[str, int]:
    """Tasks of the melody by state; elements do not count."""
    counts = dict.fromkeys(COUNTED, 0)
    for task in tasks:
        if task["task"].endswith("]") or "]." in task["task"]:
            continue
        counts[task["state"]] = counts.get(task["state"], 0) + 1
    return counts


def why_of(store: Store, run: RunRecord, task: str) -> list[Decision]:
    """Say why a task of a run ran, was served, failed or was left out; for a task with `each`, its elements too.

    Raises:
        UsageError: the run has no such task.
    """
    rows = tasks_of(store, run, state_of(store, run))
    found = [
        r for r in rows if r["task"] == task or r["task"].startswith(f"{task}[") or r["task"].startswith(f"{task}.")
    ]
    if not found:
        tops = [r["task"] for r in rows if "[" not in r["task"]]
        raise UsageError(f"the run {run.id} has no task {task!r}: {did_you_mean(task, tops, what='tasks')}")
    changed = code_changes(store)
    return [_why(store, run, row, changed) for row in found]


def _why(store: Store, run: RunRecord, row: dict[str, Any], changed: CodeChanges) -> Decision:
    state, path = row["state"], row["task"]
    if state == TaskState.CACHED:
        entry = store.lookup(row["key"]) if row["key"] else None
        made = f"same key as {entry.task} of run {entry.run}" if entry is not None else "recorded earlier in this run"
        return Decision(path, "hit", (Reason(made, None, None),))
    if state == TaskState.SKIPPED:
        return Decision(path, "skip", (Reason(row["note"] or "when", None, None),))
    if state in (TaskState.PENDING, TaskState.CANCELLED):
        return Decision(path, "unknown", (Reason(f"it was {state}: it never ended", None, None),))
    entry = store.lookup(row["key"]) if row["key"] else None
    if entry is None:
        why = f"it failed, so nothing was kept{_failure(row)}" if state == TaskState.FAILED else "not cached"
        return Decision(path, "run", (Reason(why, None, None),))
    return Decision(path, "run", reasons_for(_parts_before(store, run, path), entry.parts, changed))


def _failure(row: dict[str, Any]) -> str:
    error = row["error"] or {}
    message = str(error.get("message") or "").partition("\n")[0]
    return f": {error['type']}: {message}" if error.get("type") else ""


_LOOK_BACK = 50


def _parts_before(store: Store, run: RunRecord, path: str) -> Mapping[str, Any] | None:
    """The key parts of the same call in the latest earlier run of the same melody that made it."""
    name, _, index = path.removesuffix("]").rpartition("[") if path.endswith("]") else (path, "", "-1")
    earlier = [r for r in store.runs() if r.melody == run.melody and r.started_at < run.started_at]
    for record in earlier[:_LOOK_BACK]:
        for call in store.calls(record.id):
            if (call.task, call.index) == (name, int(index)) and call.key is not None:
                entry = store.lookup(call.key)
                return None if entry is None else entry.parts
    return None
