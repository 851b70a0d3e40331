"""What a plan asks for and what there is: this machine, and the limits of the environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf
from typing import TYPE_CHECKING

from symphony.bootstrap.executors import traits_of
from symphony.config.environment import DEFAULT, Environment
from symphony.errors import SurroundingsError
from symphony.model.diagnostic import Diagnostic
from symphony.model.melody import Melody
from symphony.model.plan import Plan, PlannedTask

if TYPE_CHECKING:
    from symphony.runtime.contract import Traits


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
    traits = _traits(environment)
    return frozenset() if traits is None or traits.in_process else traits.resources


def _calls_are_made_elsewhere(environment: Environment) -> bool:
    traits = _traits(environment)
    return traits is not None and not traits.in_process


def _traits(environment: Environment) -> Traits | None:
    """The traits of the executor that was chosen; None for the default one, and where it cannot be loaded."""
    if environment.origin("executor") == DEFAULT:
        return None
    try:
        return traits_of(environment.executor)
    except SurroundingsError:
        return None


def pool_bytes(capacity: Mapping[str, float] | None, environment: Environment) -> int | None:
    """How much memory players that are kept set up may take: as much as there is; None where that is not known.

    Workers on other machines have memory of their own: for each of them only what the limits say is known here.
    """
    if _calls_are_made_elsewhere(environment):
        capacity = environment.limits
    memory = inf if capacity is None else capacity.get("memory", inf)
    return None if memory == inf else int(memory)


def _every_task(plan: Plan) -> Iterator[PlannedTask]:
    for task in plan.tasks:
        yield task
        if task.body is not None:
            yield from _every_task(task.body)
