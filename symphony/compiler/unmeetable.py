"""Finds tasks that could never start in an environment, because they ask for more than it has. Accompanies a plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from symphony.model.diagnostic import Diagnostic
from symphony.model.melody import Melody
from symphony.model.plan import Plan, PlannedTask
from symphony.model.resources import TOKEN, amount_text, amount_there_is, demand_of, resource_text
from symphony.model.source import Path


def unmeetable(plan: Plan, capacity: Mapping[str, float], *, melody: Melody | None = None) -> list[Diagnostic]:
    """Report every demand that exceeds what there is in all, in the order of the plan.

    Args:
        capacity: amounts by resource; a token that is not in it counts 1.
        melody: the definition, for places.
    """
    return [_diagnostic(task, name, amount, capacity, melody) for task, name, amount in _demands(plan.tasks, "")
            if amount > amount_there_is(capacity, name)]  # fmt: skip


def _demands(tasks: tuple[PlannedTask, ...], prefix: str) -> Iterator[tuple[str, str, float]]:
    for task in tasks:
        if task.body is not None:
            yield from _demands(task.body.tasks, f"{prefix}{task.id}.")
            continue
        for name, amount in demand_of(task.resources, task.tokens).items():
            yield f"{prefix}{task.id}", name, amount


def _diagnostic(
    task: str, name: str, amount: float, capacity: Mapping[str, float], melody: Melody | None
) -> Diagnostic:
    there_is = amount_text(name, amount_there_is(capacity, name))
    hint = f"ask for at most {there_is}, or raise the limit: {_setting(name)}"
    if name.startswith(TOKEN) and name not in capacity:
        hint = f"a token that is not configured counts 1; configure it: {_setting(name)}"
    return Diagnostic(
        "SYM193",
        f"the task {task!r} asks for {amount_text(name, amount)} of {resource_text(name)}, there is {there_is} in all",
        hint=hint,
        file=melody.source.file if melody is not None else "",
        span=melody.source.locate(_place(task, name)) if melody is not None else None,
        task=task,
    )


def _setting(name: str) -> str:
    key = f"tokens.{name.removeprefix(TOKEN)}" if name.startswith(TOKEN) else name
    return f"{key} under [tool.symphony.limits]"


def _place(task: str, name: str) -> Path:
    """Where the demand is written; for a task of a sub-melody the task that names the sub-melody."""
    own, dot, _ = task.partition(".")
    if dot:
        return ("tasks", own)
    policy = ("tokens", name.removeprefix(TOKEN)) if name.startswith(TOKEN) else ("resources", name)
    return ("tasks", own, *policy)
