"""Reads from plan and journal what the calls of a run waited for, as jobs that can be played through again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from symphony.model.expression import Expression
from symphony.model.plan import Plan, PlannedTask
from symphony.model.policy import Isolation
from symphony.model.states import TaskState
from symphony.model.template import expressions_in
from symphony.runtime.what_if import Job
from symphony.store.records import CallRecord

THREADS, PROCESSES, COROUTINES = "threads", "processes", "coroutines"


def jobs_of(plan: Plan, calls: Mapping[tuple[str, int], CallRecord]) -> list[Job]:
    """The calls of a run in an order in which each stands behind what it waits for.

    A task with `each` is a job per element, and one behind them that takes no time: the whole list.

    Args:
        calls: by task path and index.
    """
    reader = _Reader(plan, calls)
    reader.read(plan, "", ())
    return reader.jobs


def busy_s(call: CallRecord | None) -> float:
    """How long a call kept its worker busy, in seconds: earlier attempts and the keeping of its result included."""
    if call is None or call.state is TaskState.CACHED or call.started_at is None or call.ended_at is None:
        return 0.0
    measures = call.measures or {}
    parts: float = sum(measures.get(name, 0.0) for name in ("load_s", "compute_s", "save_s"))
    tried: float = sum(_between(attempt) for attempt in measures.get("tried", ()))
    return max(0.0, call.ended_at - call.started_at, parts) + tried


def _between(attempt: Mapping[str, Any]) -> float:
    start, end = attempt.get("started_at"), attempt.get("ended_at")
    return 0.0 if start is None or end is None else max(0.0, end - start)


class _Reader:
    def __init__(self, plan: Plan, calls: Mapping[tuple[str, int], CallRecord]) -> None:
        self.jobs: list[Job] = []
        self._calls, self._players = calls, plan.players
        self._elements: dict[str, set[int]] = {}
        for task, index in calls:
            if index >= 0:
                self._elements.setdefault(task, set()).add(index)
            while (start := task.rfind("].")) >= 0:  # an element of a region shows by the tasks inside
                name, _, number = task[:start].rpartition("[")
                self._elements.setdefault(name, set()).add(int(number))
                task = name

    def read(self, plan: Plan, prefix: str, entry: tuple[int, ...]) -> list[int]:
        """Read a plan, or a sub-melody inside one element; gives the positions of its tasks.

        Args:
            entry: what everything in it waits for.
        """
        whole: dict[str, int] = {}
        elements: dict[str, dict[int, int]] = {}
        for task in plan.tasks:
            name = prefix + task.id
            streams = [n for n in _streamed(task) if n in elements and not _filters(plan.by_id[n])]
            known = [whole[n] for n in dict.fromkeys(_names(task)) if n in whole and n not in streams]
            after = tuple(known) or entry
            if task.each is None:
                whole[task.id] = self._add(name, self._calls.get((name, -1)), task, after)
                continue
            found = elements[task.id] = {}
            for index in sorted(self._elements.get(name, ())):
                sources = tuple(elements[n].get(index, whole[n]) for n in streams)
                found[index] = self._element(task, name, index, (*after, *sources))
            ends = (*found.values(), *after, *(whole[n] for n in streams))
            whole[task.id] = self._append(Job(name, 0.0, tuple(ends)))
        return list(whole.values())

    def _element(self, task: PlannedTask, name: str, index: int, after: tuple[int, ...]) -> int:
        path = f"{name}[{index}]"
        if task.body is None:
            return self._add(path, self._calls.get((name, index)), task, after)
        inside = self.read(task.body, f"{path}.", after)
        return self._append(Job(path, 0.0, (*inside, *after)))

    def _add(self, path: str, call: CallRecord | None, task: PlannedTask, after: tuple[int, ...]) -> int:
        return self._append(Job(path, busy_s(call), after, self._pool(task)))

    def _append(self, job: Job) -> int:
        self.jobs.append(job)
        return len(self.jobs) - 1

    def _pool(self, task: PlannedTask) -> str:
        if task.run is not None or task.isolation is Isolation.PROCESS:
            return PROCESSES
        pin = self._players.get(task.player or "")
        return COROUTINES if pin is not None and pin.is_async else THREADS


def _names(task: PlannedTask) -> Iterator[str]:
    """The tasks that a task waits for."""
    values = (task.inputs, task.each.over if task.each is not None else {}, task.when)
    for value in values:
        for _, expression in expressions_in(value):
            yield from (r.name for r in expression.references if r.root == "tasks")
    yield from task.needs


def _streamed(task: PlannedTask) -> Iterator[str]:
    """The tasks whose elements a task with `each` takes one by one, as far as the form of the task tells."""
    if task.each is None or task.each.product:
        return
    waited = [r.name for value in (task.inputs, task.when) for _, e in expressions_in(value) for r in e.references]
    for value in task.each.over.values():
        bare = value.bare if isinstance(value, Expression) else None
        if bare is not None and bare.root == "tasks" and bare.name not in (*waited, *task.needs):
            yield bare.name


def _filters(task: PlannedTask) -> bool:
    """Whether a condition leaves elements out, so that those behind it move up."""
    return any(r.root in ("item", "index") for _, e in expressions_in(task.when) for r in e.references)
