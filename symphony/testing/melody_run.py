"""Runs a melody for a test: in a store of its own, strictly, with stubs, on a clock that may jump."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from symphony.bootstrap.checking import check
from symphony.bootstrap.finding import project_around, project_of
from symphony.bootstrap.running import run
from symphony.errors import CompileError, UsageError
from symphony.model.names import did_you_mean
from symphony.model.plan import Plan
from symphony.model.states import RunState
from symphony.runtime.clock import Clock
from symphony.store.store import Store
from symphony.testing.melody_result import MelodyResult
from symphony.testing.storing import open_store
from symphony.testing.stubs import Stubs


def run_melody(
    melody: Any,
    params: Mapping[str, Any] | None = None,
    *,
    stubs: Mapping[str, Any] | None = None,
    clock: Clock | None = None,
    store: Any = "memory",
    strict: bool = True,
    near: Path | str | None = None,
    env: str | None = None,
    **options: Any,
) -> MelodyResult:
    """Run a melody for a test, and wait for it. A failed task is no error here: look at the result.

    Args:
        melody: a ``@melody`` function, a file, ``file.py:name``, or the name of a melody of the project.
        params: values of parameters; relative paths start at the current folder.
        stubs: stand-ins for players, by the name that the melody calls them by: a value, an exception, `in_turn`, or a
            function of the player's inputs by name. What they give must fit the output of the player.
        clock: a `FakeClock` lets delays of retries pass at once; None: the real one.
        store: ``"memory"``, or a folder such as pytest's ``tmp_path``, to see what is served the second time.
        strict: whether a task that changes its inputs fails.
        near: the file or folder where names and relative paths of melodies start, besides the current folder.
        env: the environment, by name; None: the one that the settings choose. Its executor and shared store do not count.
        options: more of `symphony.run`: `executor` (the Pit when nothing is said), `workers`,
            `limit_s`, `only`, `fail_fast`, `on_event`.

    Raises:
        CompileError: the melody does not compile.
        ParameterError: a parameter does not fit.
        UsageError: there is no such melody; a stub does not fit, or stands for a player that no task calls.
        KeyboardInterrupt: Ctrl-C ended the run.
    """
    place = None if near is None else Path(near)
    target = melody_near(melody, place)
    project = project_around(place) if place is not None and isinstance(target, str) else project_of(target)
    checked = check(target, project=project, env=env)
    if checked.plan is None or not checked.ok:
        raise CompileError(checked.diagnostics)
    plan = checked.plan
    _check_params(plan, params or {})
    stand_ins = Stubs(plan, stubs or {})
    options.setdefault("executor", "pit")
    if isinstance(store, (str, Path)) and store != "memory":
        store = open_store(Path(store))  # by itself: what stubs give must not reach a store that others share
    result = run(plan, params, project=project, store=store, strict=strict, clock=clock, env=env, stand_ins=stand_ins.players,
                 **options)  # fmt: skip
    if isinstance(store, Store):
        store.flush()
    if result.state is RunState.CANCELLED:
        raise KeyboardInterrupt  # the run took it and ended in order; the tests that follow are not to be run either
    if stand_ins.problem is not None:
        raise stand_ins.problem
    return MelodyResult(result, stand_ins.calls)


def melody_near(melody: Any, near: Path | None) -> Any:
    """A melody that is named by a path beside a file, or by a name of the project around it, as a whole path."""
    if near is None or not isinstance(melody, (str, Path)):
        return melody
    file, colon, inner = str(melody).partition(":")
    folder = near if near.is_dir() else near.parent
    beside = folder / file
    if beside.is_file():
        return f"{beside}{colon}{inner}"
    for suffix in (".yaml", ".yml", ".py"):
        found = project_around(near).melodies / f"{file}{suffix}"
        if found.is_file():
            return f"{found}{colon}{inner}"
    return str(melody)


def _check_params(plan: Plan, params: Mapping[str, Any]) -> None:
    for name in params:
        if name not in plan.params:
            known = did_you_mean(name, plan.params, what="parameters") or "it has none"
            raise UsageError(f"{plan.melody} has no parameter {name!r}: {known}")
