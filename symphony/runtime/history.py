"""Tells from the journal what a run did: the documents of `show`, `runs` and `why`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from symphony.errors import UsageError
from symphony.model.names import did_you_mean
from symphony.model.plan import Plan
from symphony.model.states import GOOD, RunState, TaskState
from symphony.runtime.explain import Decision, Reason, reasons_for
from symphony.runtime.lease import Standing
from symphony.runtime.ownership import standing_of
from symphony.store.records import CallRecord, RunRecord
from symphony.store.store import Store

_WORST = [TaskState.FAILED, TaskState.CANCELLED, TaskState.RUNNING, TaskState.RETRYING, TaskState.PENDING, TaskState.READY,
          TaskState.SUCCEEDED, TaskState.CACHED, TaskState.SKIPPED]  # fmt: skip


def state_of(store: Store, run: RunRecord) -> RunState:
    """The state of a run; a run whose owner died reads ``interrupted``."""
    if run.state is not RunState.RUNNING or store.folder is None:
        return run.state
    free = standing_of(store, store.lease(run.id)) is Standing.FREE
    return RunState.INTERRUPTED if free else RunState.RUNNING


def show_document(store: Store, run: RunRecord) -> dict[str, Any]:
    """Everything about a run: its tasks in plan order, elements behind their task."""
    state = state_of(store, run)
    return {
        "run": run.id, "melody": run.melody, "plan": run.plan_hash, "state": str(state), "executor": run.executor,
        "started_at": run.started_at, "ended_at": run.ended_at, "params": dict(run.params), "tags": list(run.tags),
        "tasks": tasks_of(store, run, state),
    }  # fmt: skip


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


def plan_text_of(store: Store, run: RunRecord) -> str:
    """The plan file of a run, also where the record came from a list."""
    whole = run if run.plan_text else store.run(run.id)
    return whole.plan_text if whole is not None else ""


def counts_of(tasks: list[dict[str, Any]]) -> dict[str, int]:
    """Tasks of the melody by state; elements do not count."""
    counts = dict.fromkeys(("succeeded", "cached", "failed", "skipped", "cancelled"), 0)
    for task in tasks:
        if task["task"].endswith("]") or "]." in task["task"]:
            continue
        counts[task["state"]] = counts.get(task["state"], 0) + 1
    return counts


def tasks_of(store: Store, run: RunRecord, state: RunState) -> list[dict[str, Any]]:
    """The tasks of a run. What an interrupted run left unfinished reads ``pending``."""
    live = state is RunState.RUNNING
    by_task: dict[str, list[CallRecord]] = {}
    calls = store.calls(run.id)
    for call in [*calls, *(_running(store, run, calls) if live else ())]:
        by_task.setdefault(call.task, []).append(call)
    plan = Plan.from_text(plan_text_of(store, run), file=f"the plan of run {run.id}")
    found: list[dict[str, Any]] = []
    listed = {task.id: task.each is not None for task in plan.tasks}
    names = [*listed, *(n for n in by_task if n not in listed)]
    for name in names:
        calls = sorted(by_task.get(name, []), key=lambda c: c.index)
        elements = [c for c in calls if c.index >= 0]
        whole = next((c for c in calls if c.index < 0), None)
        if listed.get(name) or elements:
            found.append(_group(name, whole, elements, live))
        else:
            found.append(_call(name, whole, live))
        found += [_call(f"{name}[{c.index}]", c, live) for c in elements]
    return found


def _running(store: Store, run: RunRecord, ended: list[CallRecord]) -> list[CallRecord]:
    """The calls that a live run is making, as far as the journal was told."""
    known = {(c.task, c.index) for c in ended}
    return [
        CallRecord(run.id, r["task"], r["index"], TaskState.RUNNING, r["attempt"], r["started_at"], worker=r["worker"])
        for r in store.running_now(run.id) or ()
        if (r["task"], r["index"]) not in known
    ]


def _call(name: str, call: CallRecord | None, live: bool) -> dict[str, Any]:
    if call is None:
        return _row(name, TaskState.PENDING)
    state = call.state
    if not live and state in (TaskState.RUNNING, TaskState.READY, TaskState.RETRYING):
        state = TaskState.PENDING
    row = _row(name, state)
    outputs = dict(call.outputs or {})
    only = next(iter(outputs.values())) if len(outputs) == 1 else None
    row |= {
        "attempts": call.attempt, "started_at": call.started_at, "ended_at": call.ended_at,
        "duration_s": None if call.started_at is None or call.ended_at is None else max(0.0, call.ended_at - call.started_at),
        "waited_s": call.waited_s, "worker": call.worker or None, "key": call.key, "error": dict(call.error) if call.error else None,
        "output": None if only is None else {"artifact": only.digest, "type": only.type, "bytes": only.size_bytes},
        "outputs": {n: {"artifact": a.digest, "type": a.type, "bytes": a.size_bytes} for n, a in outputs.items()},
        "note": call.note or "",
    }  # fmt: skip
    if state in GOOD or state is TaskState.SKIPPED:
        row["error"] = None
    return row


def _group(name: str, whole: CallRecord | None, elements: list[CallRecord], live: bool) -> dict[str, Any]:
    row = _call(name, whole, live)
    started = [c.started_at for c in elements if c.started_at is not None]
    ended = [c.ended_at for c in elements if c.ended_at is not None]
    if started:
        row["started_at"] = min(started)
    if ended and whole is not None:
        row["ended_at"] = max(ended)
        if started:
            row["duration_s"] = max(0.0, max(ended) - min(started))
    row["attempts"] = max((c.attempt for c in elements), default=0)
    if whole is None and live and elements:
        row["state"] = str(TaskState.RUNNING)
    return row


def _row(name: str, state: TaskState) -> dict[str, Any]:
    return {
        "task": name, "state": str(state), "attempts": 0, "started_at": None, "ended_at": None, "duration_s": None,
        "waited_s": None, "worker": None, "key": None, "output": None, "outputs": {}, "error": None, "note": "",
    }  # fmt: skip


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
    return [_why(store, run, row) for row in found]


def _why(store: Store, run: RunRecord, row: dict[str, Any]) -> Decision:
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
        why = "failed, so nothing was kept" if state == TaskState.FAILED else "not cached"
        return Decision(path, "run", (Reason(why, None, None),))
    return Decision(path, "run", reasons_for(_parts_before(store, run, path), entry.parts))


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
