"""What a plan asks for and what there is: this machine and the project's limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf

from symphony.config.project import Project
from symphony.model.diagnostic import Diagnostic
from symphony.model.melody import Melody
from symphony.model.plan import Plan, PlannedTask


def never_possible(plan: Plan, project: Project, melody: Melody | None = None) -> list[Diagnostic]:
    """What the plan asks for that this machine and the project's limits cannot give."""
    capacity = capacity_for(plan, project)
    if capacity is None:
        return []
    from symphony.compiler.unmeetable import unmeetable  # only for plans that ask for resources

    return unmeetable(plan, capacity, melody=melody)


def capacity_for(plan: Plan, project: Project) -> Mapping[str, float] | None:
    """How much there is of each resource; None for a plan that asks for none."""
    if not any(task.resources is not None or task.tokens for task in _every_task(plan)):
        return None
    from symphony.config.limits import limits_of  # only for plans that ask for resources
    from symphony.runtime.machine import capacity_here

    return capacity_here(limits_of(project.root))


def pool_bytes(capacity: Mapping[str, float] | None) -> int | None:
    """How much memory players that are kept set up may take: as much as there is; None where that is not known."""
    memory = inf if capacity is None else capacity.get("memory", inf)
    return None if memory == inf else int(memory)


def _every_task(plan: Plan) -> Iterator[PlannedTask]:
    for task in plan.tasks:
        yield task
        if task.body is not None:
            yield from _every_task(task.body)
