"""Lists the tasks of a recorded run: in the plan's order, elements of `each` behind their task."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from symphony.model.artifact import Artifact
from symphony.model.plan import Plan, PlannedTask
from symphony.model.states import GOOD, RunState, TaskState
from symphony.store.codecs import lists
from symphony.store.records import CallRecord, RunRecord
from symphony.store.store import Store

_INSIDE = re.compile(r"\[(\d+)\]\.")
_UNFINISHED = (TaskState.RUNNING, TaskState.READY, TaskState.RETRYING)


def tasks_of(store: Store, run: RunRecord, state: RunState, *, lists_too: bool = False) -> list[dict[str, Any]]:
    """The tasks of a run. What an interrupted run left unfinished reads ``pending``.

    Args:
        lists_too: give tasks with `each` their list as output, where it was kept as one; takes a look-up per task.
    """
    plan = Plan.from_text(plan_text_of(store, run), file=f"the plan of run {run.id}")
    return list(_Listing(store, run, plan, live=state is RunState.RUNNING, lists_too=lists_too).rows(plan, ""))


def plan_text_of(store: Store, run: RunRecord) -> str:
    """The plan file of a run, also where the record came from a list."""
    whole = run if run.plan_text else store.run(run.id)
    return whole.plan_text if whole is not None else ""


class _Listing:
    def __init__(self, store: Store, run: RunRecord, plan: Plan, *, live: bool, lists_too: bool) -> None:
        self.store, self.plan, self.live, self.lists_too = store, plan, live, lists_too
        self.calls: dict[str, dict[int, CallRecord]] = {}
        self.regions: dict[str, set[int]] = {}
        ended = store.calls(run.id)
        for call in [*ended, *(_running(store, run, ended) if live else ())]:
            self.calls.setdefault(call.task, {})[call.index] = call
        for task in self.calls:
            for inside in _INSIDE.finditer(task):
                self.regions.setdefault(task[: inside.start()], set()).add(int(inside[1]))

    def rows(self, plan: Plan, prefix: str) -> Iterator[dict[str, Any]]:
        """The rows of a plan, or of a sub-melody inside one element."""
        for task in plan.tasks:
            name = prefix + task.id
            calls = self.calls.get(name, {})
            if task.each is None:
                yield self._call(name, calls.get(-1))
            else:
                yield from self._each(task, name, calls)

    def _each(self, task: PlannedTask, name: str, calls: Mapping[int, CallRecord]) -> Iterator[dict[str, Any]]:
        opened = self.regions.get(name, set())
        elements = [calls[i] for i in sorted(calls) if i >= 0]
        yield self._group(task, name, calls.get(-1), elements)
        for index in sorted({*calls, *opened} - {-1}):
            yield self._call(f"{name}[{index}]", calls.get(index))
            if task.body is not None and index in opened:
                yield from self.rows(task.body, f"{name}[{index}].")

    def _call(self, name: str, call: CallRecord | None) -> dict[str, Any]:
        if call is None:
            return _row(name, TaskState.PENDING)
        state = TaskState.PENDING if not self.live and call.state in _UNFINISHED else call.state
        row = _row(name, state) | _outputs(dict(call.outputs or {}))
        row |= {
            "attempts": call.attempt, "started_at": call.started_at, "ended_at": call.ended_at,
            "duration_s": _between(call.started_at, call.ended_at), "waited_s": call.waited_s,
            "worker": call.worker or None, "key": call.key, "error": dict(call.error) if call.error else None,
            "note": call.note or "", **_measures(call),
        }  # fmt: skip
        if state in GOOD or state is TaskState.SKIPPED:
            row["error"] = None
        return row

    def _group(
        self, task: PlannedTask, name: str, whole: CallRecord | None, elements: list[CallRecord]
    ) -> dict[str, Any]:
        row = self._call(name, whole)
        started = [c.started_at for c in elements if c.started_at is not None]
        ended = [c.ended_at for c in elements if c.ended_at is not None]
        if started:
            row["started_at"] = min(started)
        if ended and whole is not None:
            row["ended_at"] = max(ended)
            row["duration_s"] = _between(min(started), max(ended)) if started else row["duration_s"]
        row["attempts"] = max((c.attempt for c in elements), default=0)
        if elements:
            row["measures"] = _together([c.measures for c in elements if c.measures])
            row["waited_s"] = max(c.waited_s or 0.0 for c in elements)
        if whole is None and self.live and elements:
            row["state"] = str(TaskState.RUNNING)
        if self.lists_too and whole is not None and whole.state in GOOD:
            row |= _outputs(dict(self._lists(task, elements)))
        return row

    def _lists(self, task: PlannedTask, elements: list[CallRecord]) -> Iterator[tuple[str, Artifact]]:
        """The lists that a task with `each` gave, where somebody read them and so they were kept."""
        pin = self.plan.players.get(task.player or "")
        kept = [c.outputs or {} for c in elements if c.state in GOOD]
        for port in pin.outputs if pin is not None else dict.fromkeys(p for outputs in kept for p in outputs):
            if not all(port in outputs for outputs in kept):
                continue
            parts = [outputs[port] for outputs in kept]
            inner = {pin.outputs[port]} if pin is not None else {p.type for p in parts}
            data = lists.write(parts)
            kind = f"list[{inner.pop() if len(inner) == 1 else 'any'}]"
            artifact = Artifact(hashlib.sha256(data).hexdigest(), "list", kind, len(data))
            if self.store.contains(artifact):
                yield port, artifact


def _measures(call: CallRecord) -> dict[str, Any]:
    """What was measured of a call, and what became of its attempts before the last."""
    measures = dict(call.measures or {})
    return {"tried": measures.pop("tried", []), "measures": measures}


def _together(measures: list[Mapping[str, Any]]) -> dict[str, Any]:
    """What the elements of a task cost together: times and bytes in all, the largest peak of memory."""
    found: dict[str, Any] = {}
    for measured in measures:
        for name, value in measured.items():
            if not isinstance(value, int | float):
                continue
            found[name] = max(found.get(name, 0), value) if name.startswith("peak_") else found.get(name, 0) + value
    return found


def _running(store: Store, run: RunRecord, ended: list[CallRecord]) -> list[CallRecord]:
    """The calls that a live run is making, as far as the journal was told."""
    known = {(c.task, c.index) for c in ended}
    return [
        CallRecord(run.id, r["task"], r["index"], TaskState.RUNNING, r["attempt"], r["started_at"], worker=r["worker"])
        for r in store.running_now(run.id) or ()
        if (r["task"], r["index"]) not in known
    ]


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else max(0.0, end - start)


def _outputs(outputs: Mapping[str, Artifact]) -> dict[str, Any]:
    shown = {n: {"artifact": a.digest, "type": a.type, "bytes": a.size_bytes} for n, a in outputs.items()}
    return {"output": next(iter(shown.values())) if len(shown) == 1 else None, "outputs": shown}


def _row(name: str, state: TaskState) -> dict[str, Any]:
    return {
        "task": name, "state": str(state), "attempts": 0, "started_at": None, "ended_at": None, "duration_s": None,
        "waited_s": None, "worker": None, "key": None, "output": None, "outputs": {}, "error": None, "note": "",
        "measures": {}, "tried": [],
    }  # fmt: skip
