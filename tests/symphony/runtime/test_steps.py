"""A plan made ready to run says the same of a task, whichever way it was made ready."""

from __future__ import annotations

import sys
import types
from dataclasses import fields
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from symphony.compiler.types import TaskTypes
from symphony.define.player import operator
from symphony.model.expression import Expression
from symphony.model.frozen import FrozenMap
from symphony.model.param import Param
from symphony.model.plan import Plan, PlannedTask, PlayerPin
from symphony.runtime.steps import _Builder, build_program

_FOUND_ANEW = {"task", "is_usual"}


def join(a: int = 0, b: int = 0) -> int:
    return a + b


def guess(a: Any = None) -> Any:
    return a


module = types.ModuleType("steps_players")
for function in (join, guess):
    function.__module__, function.__qualname__ = module.__name__, function.__name__
    setattr(module, function.__name__, operator(version="1.0.0")(function))
sys.modules[module.__name__] = module
PINS = FrozenMap(
    {
        name: PlayerPin(name=name, kind="operator", module=module.__name__, qualname=name, identity="0" * 64)
        for name in ("join", "guess")
    }
)
PARAMS = FrozenMap({"p": Param.model_validate({"type": "integer", "default": 1})})
REFERENCES = {
    "task": lambda i: Expression.reference("tasks", f"t{i}"),
    "field": lambda i: Expression.reference("tasks", f"t{i}", ("x",)),
    "param": lambda i: Expression.reference("params", "p"),
}


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    tasks = []
    for i in range(draw(st.integers(1, 8))):
        player = draw(st.sampled_from(["join", "guess"]))
        kinds = draw(st.lists(st.sampled_from(["literal", "task", "task", "field", "param"]), max_size=2))
        inputs = {
            name: REFERENCES[kind](draw(st.integers(0, i - 1))) if kind != "literal" and i else draw(st.integers(0, 9))
            for name, kind in zip("ab" if player == "join" else "a", kinds, strict=False)
        }
        fields_ = {"id": f"t{i}", "player": player, "with": inputs}
        more: dict[str, Any] = draw(
            st.sampled_from([{}, {}, {}, {"priority": 1}, {"cache": False}, {"retry": {"attempts": 2}}])
        )
        tasks.append(PlannedTask.model_validate(fields_ | more))
    return Plan(melody="m", players=PINS, params=PARAMS, tasks=tuple(tasks))


def said(step: Any) -> dict[str, Any]:
    return {f.name: getattr(step, f.name) for f in fields(step) if f.name not in _FOUND_ANEW}


@settings(max_examples=60, deadline=None)
@given(plans())
def test_a_usual_task_is_made_ready_like_every_other(plan: Plan) -> None:
    found = build_program(plan).steps
    builder = _Builder(plan.players, {name: getattr(module, name) for name in plan.players})
    types_of: dict[str, TaskTypes] = {}
    params = {name: param.port_type for name, param in plan.params.items()}

    for task in plan.tasks:
        slowly = builder.step(task, types_of, params, set())
        types_of[task.id] = slowly.types
        assert said(found[task.id]) == said(slowly)


def test_a_task_that_asks_for_more_or_reads_a_part_is_not_usual() -> None:
    tasks = [
        {"id": "plain", "player": "join", "with": {"a": 1}},
        {"id": "link", "player": "join", "with": {"a": Expression.reference("tasks", "plain")}},
        {"id": "field", "player": "join", "with": {"a": Expression.reference("tasks", "plain", ("x",))}},
        {"id": "param", "player": "join", "with": {"a": REFERENCES["param"](0)}},
        {"id": "retried", "player": "join", "with": {"a": 1}, "retry": {"attempts": 2}},
    ]
    plan = Plan(melody="m", players=PINS, params=PARAMS, tasks=tuple(map(PlannedTask.model_validate, tasks)))

    usual = {id for id, step in build_program(plan).steps.items() if step.is_usual}

    assert usual == {"plain", "link"}
