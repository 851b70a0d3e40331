"""The inputs of a call: what a definition's values stand for, once it is known where references lead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from symphony.model import port_type as pt
from symphony.model.expression import Expression, Reference
from symphony.model.task import Each
from symphony.model.template import expressions_in, map_expressions
from symphony.runtime.coerce import coerce, plain
from symphony.runtime.steps import Step
from symphony.runtime.values import Held
from symphony.store.anchors import Anchors


class Sources(Protocol):
    """Where references lead, for one call."""

    def referred(self, reference: Reference) -> Held:
        """What a reference stands for. Raises KeyError where it names a task that was left out."""

    def evaluated(self, expression: Expression) -> Any:
        """The value of an expression that is more than a reference."""


def inputs_of(step: Step, sources: Sources, anchors: Anchors) -> dict[str, Held]:
    """The inputs of a call; expressions are evaluated when their value is asked for."""
    return {name: input_of(step, name, value, sources, anchors) for name, value in step.task.inputs.items()}


def input_of(step: Step, name: str, value: Any, sources: Sources, anchors: Anchors) -> Held:
    """One input, of the type that its port takes. Literals are made once per step."""
    constant = step.constants.get(name)
    if constant is not None:
        return constant  # type: ignore[no-any-return]
    wanted, folder = step.ports.get(name, pt.ANY), anchors.root
    if isinstance(value, Expression):
        held = held_value(value, sources)
        if value.bare is None or _is_literal(value.bare, step.task.each):
            return Held(load=lambda: coerce(held.value, wanted, folder))
        return held
    if any(True for _ in expressions_in(value)):
        inner = held_value(value, sources)
        return Held(load=lambda: coerce(inner.value, wanted, folder))
    held = step.constants[name] = Held(coerce(value, wanted, folder))
    return held


def held_value(value: Any, sources: Sources) -> Held:
    """What a definition's value stands for.

    Raises:
        KeyError: it refers to a task that was left out.
    """
    if isinstance(value, Expression):
        bare = value.bare
        if bare is not None:
            return sources.referred(bare)
        return Held(load=lambda: sources.evaluated(value))
    if isinstance(value, (tuple, Mapping)):
        return Held(load=lambda: plain(map_expressions(value, lambda e: held_value(e, sources).value)))
    return Held(value)


def _is_literal(reference: Reference, each: Each | None) -> bool:
    """Whether a reference names elements that stand in the melody itself: they become what the port takes."""
    if reference.root != "item" or each is None:
        return False
    name = "" if each.single else str(reference.path[0]) if reference.path else ""
    return isinstance(each.over.get(name), tuple)
