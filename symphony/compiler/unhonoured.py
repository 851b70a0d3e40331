"""Finds what a plan asks for that an executor cannot do. Accompanies a plan, and is never part of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from symphony.model.diagnostic import Diagnostic
from symphony.model.melody import Melody
from symphony.model.plan import Plan, PlannedTask
from symphony.model.policy import Isolation
from symphony.model.source import Path

CODE = "SYM190"


@dataclass(frozen=True, slots=True)
class Abilities:
    """What an executor can do, as far as tasks can ask for it.

    Attributes:
        executor: its name.
        can_kill: whether it can end a running body.
    """

    executor: str
    can_kill: bool


def asks(plan: Plan) -> bool:
    """Whether a plan asks for anything that an executor may not be able to do."""
    return any(True for _ in _wishes(plan.tasks, ""))


def unhonoured(plan: Plan, abilities: Abilities, *, melody: Melody | None = None) -> list[Diagnostic]:
    """Report everything that the executor cannot do, in the order of the plan.

    Resources are not among it: what an executor does not account for, the engine does.

    Args:
        melody: the definition, for places.
    """
    is_async = {name: pin.is_async for name, pin in plan.players.items()}
    return [
        _diagnostic(task, what, place, hint, abilities, melody)
        for task, planned in _wishes(plan.tasks, "")
        for what, place, hint in _beyond(planned, is_async.get(planned.player or "", False), abilities)
    ]


def _wishes(tasks: Iterable[PlannedTask], prefix: str) -> Iterator[tuple[str, PlannedTask]]:
    """The tasks that ask for something, by full name."""
    for task in tasks:
        if task.body is not None:
            yield from _wishes(task.body.tasks, f"{prefix}{task.id}.")
        elif task.timeout is not None or task.isolation is Isolation.PROCESS:
            yield f"{prefix}{task.id}", task


def _beyond(task: PlannedTask, is_async: bool, abilities: Abilities) -> Iterator[tuple[str, Path, str]]:
    """What is asked for, where, and what to do about it."""
    if not abilities.can_kill and task.timeout is not None and not is_async:
        yield "ending a body after a timeout", ("timeout",), "leave the timeout out, or make the player async"
    elif not abilities.can_kill and task.isolation is Isolation.PROCESS:
        yield "a process that can be ended", ("isolation",), "ask for isolation: thread"


def _diagnostic(
    task: str, what: str, place: Path, hint: str, abilities: Abilities, melody: Melody | None
) -> Diagnostic:  # fmt: skip
    own, dot, _ = task.partition(".")
    at: Path = ("tasks", own) if dot else ("tasks", own, *place)
    return Diagnostic(
        CODE,
        f"the task {task!r} asks for {what}, which the executor {abilities.executor!r} cannot do",
        hint=f"{hint}; or choose another executor: symphony executors shows what each can do",
        file=melody.source.file if melody is not None else "",
        span=melody.source.locate(at) if melody is not None else None,
        task=task,
    )
