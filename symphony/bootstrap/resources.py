"""What a plan asks for and what there is: this machine, and the limits of the environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf

from symphony.bootstrap.executors import traits_of
from symphony.config.environment import DEFAULT, Environment
from symphony.errors import SurroundingsError
from symphony.model.diagnostic import Diagnostic
from symphony.model.melody import Melody
from symphony.model.plan import Plan, PlannedTask


def never_possible(plan: Plan, environment: Environment, melody: Melody | None = None) -> list[Diagnostic]:
    """What the plan asks for that this machine and the limits of the environment cannot give."""
    capacity = capacity_for(plan, environment)
    if capacity is None:
        return []
    from symphony.compiler.unmeetable import unmeetable  # only for plans that ask for resources

    return unmeetable(plan, capacity, melody=melody)


def capacity_for(plan: Plan, environment: Environment) -> Mapping[str, float] | None:
    """How much there is of each resource; None for a plan that asks for none."""
    if not any(task.resources is not None or task.tokens for task in _every_task(plan)):
        return None
    from symphony.runtime.machine import capacity_here  # only for plans that ask for resources

    return capacity_here({**dict.fromkeys(_counted_elsewhere(environment), float("inf")), **environment.limits})


def _counted_elsewhere(environment: Environment) -> frozenset[str]:
    """What the executor accounts for on machines of its own: how much there is of it is not known here."""
    if environment.origin("executor") == DEFAULT:
        return frozenset()
    try:
        traits = traits_of(environment.executor)
    except SurroundingsError:
        return frozenset()
    return frozenset() if traits.in_process else traits.resources


def pool_bytes(capacity: Mapping[str, float] | None) -> int | None:
    """How much memory players that are kept set up may take: as much as there is; None where that is not known."""
    memory = inf if capacity is None else capacity.get("memory", inf)
    return None if memory == inf else int(memory)


def _every_task(plan: Plan) -> Iterator[PlannedTask]:
    for task in plan.tasks:
        yield task
        if task.body is not None:
            yield from _every_task(task.body)
