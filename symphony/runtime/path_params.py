"""Finds path parameters that lead nowhere although a task reads what lies there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from symphony.errors import ParameterError
from symphony.model.expression import Expression
from symphony.model.plan import Plan, PlannedTask, PlayerPin
from symphony.model.template import expressions_in
from symphony.runtime.values import Held


def check_paths(plan: Plan, bound: Mapping[str, Held], selected: frozenset[str] | None = None) -> None:
    """Check that the paths given lead to something, wherever a task reads it.

    A player that gives something reads the paths it takes, by content or through its fingerprint. An effect and a shell
    step may make what is not there, a task with `when` may be left out: they do not ask for it.

    Args:
        selected: the tasks that are to run; None: all.

    Raises:
        ParameterError: a path leads nowhere; names the parameter, the path and the task.
    """
    for name, held in bound.items():
        missing = None if held.secret else next((p for p in _paths(held.value) if not p.exists()), None)
        if missing is not None and (task := _reader(plan, name, plan.players, selected)) is not None:
            raise ParameterError(
                f"the parameter {name!r}: there is nothing at {missing}, and the task {task!r} reads it. "
                "Relative paths of -p start at the current folder, those of a melody at the project's root"
            )


def _paths(value: Any) -> Iterator[Path]:
    if isinstance(value, Path):
        yield value
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _paths(inner)


def _reader(
    plan: Plan, param: str, players: Mapping[str, PlayerPin], selected: frozenset[str] | None = None
) -> str | None:
    """The first task that reads what lies at a parameter's path."""
    for task in plan.tasks:
        if task.when is not None or (selected is not None and task.id not in selected):
            continue
        for port in _ports(task, param):
            if task.body is not None:
                inner = _reader(task.body, port, players)
                if inner is not None:
                    return f"{task.id}.{inner}"
            elif task.player is not None and _reads(players[task.player], port):
                return task.id
    return None


def _ports(task: PlannedTask, param: str) -> Iterable[str]:
    """The inputs that get the parameter, whole or as elements of `each`."""
    over = task.each.over.items() if task.each is not None else ()
    items = {f"item.{list_}" if list_ else "item" for list_, value in over if _names(value, f"params.{param}")}
    return [n for n, value in task.inputs.items() if any(_names(value, text) for text in (f"params.{param}", *items))]


def _names(value: Any, text: str) -> bool:
    return any(isinstance(e, Expression) and e.text == text for _, e in expressions_in(value))


def _reads(pin: PlayerPin, port: str) -> bool:
    return not pin.effect and any(word in pin.inputs.get(port, "") for word in ("path", "file"))
