"""Which tasks of a plan a selection by name means."""

from __future__ import annotations

from collections.abc import Iterable

from symphony.errors import UsageError
from symphony.model.names import did_you_mean
from symphony.model.plan import Plan, PlannedTask
from symphony.model.template import expressions_in


def selected(plan: Plan, only: Iterable[str], until: Iterable[str]) -> frozenset[str] | None:
    """The tasks to run: `only` these (with what they need, served or run), or everything `until` these; None: all."""
    wanted = _known(plan, only) | _known(plan, until)
    if not wanted:
        return None
    needs = {t.id: needs_of(t) for t in plan.tasks}
    todo, found = list(wanted), set(wanted)
    while todo:
        for before in needs[todo.pop()]:
            if before not in found:
                found.add(before)
                todo.append(before)
    return frozenset(found)


def downstream(plan: Plan, tasks: Iterable[str]) -> frozenset[str]:
    """These tasks and everything that depends on them."""
    found = _known(plan, tasks)
    for task in plan.tasks:  # topological order: one pass is enough
        if needs_of(task) & found:
            found.add(task.id)
    return frozenset(found)


def needs_of(task: PlannedTask) -> set[str]:
    """The tasks that a task waits for."""
    values = [task.inputs, task.when, *(task.each.over.values() if task.each is not None else ())]
    names = {r.name for v in values for _, e in expressions_in(v) for r in e.references if r.root == "tasks"}
    return names | set(task.needs)


def _known(plan: Plan, names: Iterable[str]) -> set[str]:
    wanted = set()
    for name in names:
        inner = {t.id for t in plan.tasks if t.id == name or t.id.startswith(name + ".")}
        if not inner:
            raise UsageError(f"there is no task {name!r}: {did_you_mean(name, plan.by_id, what='tasks')}")
        wanted |= inner
    return wanted
