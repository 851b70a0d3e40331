"""The types behind the references of an expression, as they are known while a plan runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from symphony.compiler.types import TypeScope
from symphony.model import port_type as pt
from symphony.model.expression import Expression
from symphony.model.port_type import PortType
from symphony.runtime.steps import Program, Step


def scope_of(program: Program, step: Step | None, expression: Expression, environment: Iterable[str]) -> TypeScope:
    """What the references of an expression can lead to.

    Args:
        program: the program that the expression stands in.
        step: the task that it stands in, for `item`; None for outputs of the melody.
        environment: the environment variables that the melody reads.
    """
    types = {id: s.types for id, s in program.steps.items()} if "tasks" in expression.text else {}
    scope = TypeScope(program.param_types, types, frozenset(environment), None, known_tasks=types)
    if step is not None and step.task.each is not None:
        scope.items = {name: _element_type(value, scope) for name, value in step.task.each.over.items()}
    return scope


def _element_type(value: Any, scope: TypeScope) -> PortType:
    bare = value.bare if isinstance(value, Expression) else None
    if bare is None:
        return pt.ANY
    found = scope.type_of(bare, lambda *_: None)
    return found.inner() if found.name == "list" else pt.ANY
