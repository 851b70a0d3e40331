"""Which tasks of a plan were only renamed in another one, and what the rest looks like with the new names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar, cast

from symphony.model.canonical import digest_of
from symphony.model.expression import Expression, Index, Literal, Name, Node, Reference, Select, rewrite
from symphony.model.frozen import FrozenMap
from symphony.model.plan import Plan, PlannedTask
from symphony.model.template import expressions_in, map_expressions

T = TypeVar("T")


def find_renames(before: Plan, after: Plan) -> dict[str, str]:
    """Pair tasks that disappeared with tasks that appeared and have the same content.

    Tasks stand in topological order, so what a task reads is paired before the task itself. Where several have the
    same content, the one with the most readers in common is taken, else the first.

    Returns:
        The new id by the old one.
    """
    appeared: dict[str, list[PlannedTask]] = {}
    for task in after.tasks:
        if task.id not in before.by_id:
            appeared.setdefault(_content(task), []).append(task)
    if not appeared:
        return {}
    readers = _readers(before), _readers(after)
    renames: dict[str, str] = {}
    for certain in (True, False):  # first those whose readers agree, so that they are not taken by others
        for task in before.tasks:
            if task.id in after.by_id or task.id in renames:
                continue
            candidates = appeared.get(_content(renamed(task, renames)), [])
            known = readers[0].get(task.id, set())
            best = max(candidates, key=lambda c: len(known & readers[1].get(c.id, set())), default=None)
            if best is not None and not (certain and known.isdisjoint(readers[1].get(best.id, set()))):
                candidates.remove(best)
                renames[task.id] = best.id
    return renames


def renamed(task: PlannedTask, renames: Mapping[str, str]) -> PlannedTask:
    """The task as it reads when the tasks it refers to have their new names."""
    if not renames:
        return task
    each = task.each and task.each.model_copy(update={"over": rename_in(task.each.over, renames)})
    return task.model_copy(
        update={
            "inputs": rename_in(task.inputs, renames),
            "when": rename_in(task.when, renames),
            "each": each,
            "needs": tuple(renames.get(need, need) for need in task.needs),
        }
    )


def rename_in(value: T, renames: Mapping[str, str]) -> T:
    """The value with every reference to a renamed task following it."""
    if not renames:
        return value

    def step(node: Node) -> Node | None:
        if isinstance(node, Select) and node.operand == Name("tasks") and node.field in renames:
            return Reference("tasks", renames[node.field], optional=node.optional).node()
        if isinstance(node, Index) and node.operand == Name("tasks") and isinstance(node.index, Literal):
            new = renames.get(node.index.value) if isinstance(node.index.value, str) else None
            return None if new is None else Reference("tasks", new, optional=node.optional).node()
        return None

    def change(expression: Expression) -> Expression:
        if not any(r.root == "tasks" and r.name in renames for r in expression.references):
            return expression
        return Expression(rewrite(expression.node, step))

    return cast("T", map_expressions(value, change))


def _readers(plan: Plan) -> dict[str, set[tuple[object, ...]]]:
    """For each task who reads it, and where: (reader, path)."""
    readers: dict[str, set[tuple[object, ...]]] = {}
    values: list[tuple[str, object]] = [(f"output:{name}", value) for name, value in plan.outputs.items()]
    for task in plan.tasks:
        over = task.each.over if task.each else None
        values.append((task.id, FrozenMap({"with": task.inputs, "when": task.when, "each": over})))
        for need in task.needs:
            readers.setdefault(need, set()).add((task.id, "needs"))
    for reader, value in values:
        for path, expression in expressions_in(value):
            for reference in expression.references:
                if reference.root == "tasks":
                    readers.setdefault(reference.name, set()).add((reader, *path))
    return readers


def _content(task: PlannedTask) -> str:
    document = task.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    document.pop("id")
    return digest_of(document)
