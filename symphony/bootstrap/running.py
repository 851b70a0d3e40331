"""Runs, resumes and predicts."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symphony.bootstrap.asking import find_run
from symphony.bootstrap.checking import check
from symphony.bootstrap.finding import folders_of, project_of
from symphony.bootstrap.identities import codes_of, keep_code_of
from symphony.bootstrap.pins import verify_pins
from symphony.bootstrap.placing import forget_texts
from symphony.bootstrap.resources import capacity_for, never_possible, pool_bytes
from symphony.bootstrap.stores import ChosenStore, open_store_to_look
from symphony.config.project import Project, find_project
from symphony.errors import CompileError, MissingExtraError, UsageError
from symphony.model.event import Event
from symphony.model.names import did_you_mean
from symphony.model.plan import Plan
from symphony.model.quantities import parse_duration_s

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from symphony.define.player import Player
    from symphony.runtime.clock import Clock
    from symphony.runtime.execute import Order
    from symphony.runtime.explain import Decision
    from symphony.runtime.result import RunResult

EXTRA_EXECUTORS = ("dask", "prefect")
"""Executors of Symphony that an extra installs; named after it."""


def executor_named(name: str) -> Any:
    """Make the executor that an entry point names.

    Raises:
        UsageError: no executor has the name.
        MissingExtraError: it is known, but what it needs is not installed.
    """
    found = _entry_points(tuple(sys.path))
    if name not in found:
        if name in EXTRA_EXECUTORS:
            raise MissingExtraError(f"the executor {name!r}", name)
        known = sorted({*found, *EXTRA_EXECUTORS})
        raise UsageError(f"there is no executor {name!r}: {did_you_mean(name, known, what='executors')}")
    try:
        return found[name].load()()
    except ModuleNotFoundError as error:
        if name not in EXTRA_EXECUTORS:
            raise
        raise MissingExtraError(f"the executor {name!r}", name) from error


@lru_cache(maxsize=1)
def _entry_points(folders: tuple[str, ...]) -> Mapping[str, EntryPoint]:
    """The executors by name, as the distributions in `folders` say; reading those takes as long as a small run."""
    from importlib.metadata import entry_points  # only running needs the list

    return {e.name: e for e in entry_points(group="symphony.executors")}


def run(
    target: Any,
    params: Mapping[str, Any] | None = None,
    *,
    executor: str = "pit",
    store: Any = None,
    durability: str = "process",
    workers: int | None = None,
    processes: int | None = None,
    on_event: Callable[[Event], None] | None = None,
    project: Project | None = None,
    record: bool = True,
    no_cache: bool = False,
    fail_fast: bool | None = None,
    strict: bool = False,
    limit_s: float | None = None,
    only: Iterable[str] = (),
    until: Iterable[str] = (),
    force: Iterable[str] = (),
    tags: Iterable[str] = (),
    run_id: str | None = None,
    raw_params: Mapping[str, str] | None = None,
    clock: Clock | None = None,
    stand_ins: Mapping[str, Player[..., Any]] | None = None,
) -> RunResult:
    """Run a melody or a plan and wait for the result; works inside a running event loop too.

    Args:
        target: a ``@melody`` function, a Melody, a Plan, or a path.
        params: values of parameters; relative paths start at the current folder.
        executor: the name of the executor.
        store: None for the project's, ``"memory"``, a path, or a Store.
        workers, processes: how many threads, and how many calls in processes of their own; None: what suits the machine.
        on_event: called with every event, from the thread where it happened; must be quick.
        record: False keeps results in memory only: no keys, no cache, no journal.
        fail_fast: whether the first failed task cancels what has not started; None: as the melody's `on_failure` says.
        limit_s: how long the whole run may take, in seconds; what is not done then is cancelled, and the run fails.
        only, until: these tasks and what they need; what they need is served where it is kept.
        force: these tasks anew, and what depends on them.
        raw_params: parameters as text, read by type.
        clock: what retries and waits go by; None: the real one.
        stand_ins: players to be called in place of others, by the names of those; for tests.

    Raises:
        CompileError: the melody does not compile.
        ParameterError: a parameter does not fit.
        RefusedError: the plan's players differ from the code found.
    """
    from symphony.runtime.execute import execute

    plan, home = _plan_and_project(target, project)
    order = _order(plan, home, params, raw_params, record=record, workers=workers, no_cache=no_cache, fail_fast=fail_fast,
                   strict=strict, only=only, until=until, force=force, tags=tags, run_id=run_id, on_event=on_event,
                   limit_s=limit_s, processes=processes, stand_ins=stand_ins or {},
                   **({} if clock is None else {"clock": clock}))  # fmt: skip
    chosen = executor_named(executor)
    with ChosenStore(store, home, durability, record) as opened:
        if record:
            keep_code_of(plan, home, opened)
        return execute(plan, order, opened, chosen)


async def run_async(target: Any, params: Mapping[str, Any] | None = None, **options: Any) -> RunResult:
    """`run`, awaited: the event loop goes on while the melody runs."""
    import asyncio  # heavy: only callers inside an event loop need it

    return await asyncio.to_thread(run, target, params, **options)


def resume(
    run: str,
    *,
    project: Project | None = None,
    executor: str | None = None,
    on_event: Callable[[Event], None] | None = None,
    workers: int | None = None,
) -> RunResult:
    """Take up a run: what is recorded stands, the rest is run, with the recorded plan and parameters.

    Raises:
        UsageError: there is no such run.
        RefusedError: the code has changed, or a living process owns the run.
    """
    from symphony.runtime.execute import Order
    from symphony.runtime.execute import resume as resume_run

    home = project or find_project(Path.cwd())
    store = open_store_to_look(home)
    record = find_run(store, run)
    if record.state == "succeeded":
        raise UsageError(f"the run {record.id} succeeded: there is nothing to resume; run the melody again instead")
    root = Path(str(record.options.get("root", home.root)))
    there = Project(root, home.state)
    plan = Plan.from_text(record.plan_text, file=f"the plan of run {record.id}")
    verify_pins(plan.from_origin(folders_of(there, there.melodies)), there)
    capacity = capacity_for(plan, there)
    order = Order(root=root, here=root, lease_s=_lease_s(), capacity=capacity, pool_bytes=pool_bytes(capacity), on_event=on_event,
                  workers=workers or record.options.get("workers"), processes=record.options.get("processes"),
                  fail_fast=record.options.get("fail_fast"), strict=bool(record.options.get("strict")))  # fmt: skip
    result = resume_run(record, order, store, executor_named(executor or record.executor or "pit"))
    store.flush()
    return result


def dry_run(target: Any, params: Mapping[str, Any] | None = None, **options: Any) -> list[Decision]:
    """Say for every task whether a run would serve or run it, and why; runs nothing but fingerprints."""
    from symphony.runtime.code_record import code_changes
    from symphony.runtime.probe import probe

    project = options.pop("project", None)
    store, raw = options.pop("store", None), options.pop("raw_params", None)
    for name in ("executor", "on_event", "durability", "run_id"):
        options.pop(name, None)
    plan, home = _plan_and_project(target, project)
    rest = {"record": True, "only": (), "until": (), "force": (), "tags": (), **options}
    order = _order(plan, home, params, raw, **rest)
    with ChosenStore(store, home, "process", True) as opened:
        return probe(plan, order, opened, code_changes(opened, lambda: dict(codes_of(plan, home))))


def _plan_and_project(target: Any, project: Project | None) -> tuple[Plan, Project]:
    forget_texts()
    home = project or project_of(target)
    checked = check(target, project=project)
    if checked.plan is None or not checked.ok:
        raise CompileError(checked.diagnostics)
    if checked.melody is None:
        verify_pins(checked.plan, home)
        if problems := never_possible(checked.plan, home):
            raise CompileError(problems)
    return checked.plan, home


def _order(
    plan: Plan, home: Project, params: Mapping[str, Any] | None, raw: Mapping[str, str] | None, *,
    record: bool, only: Iterable[str], until: Iterable[str], force: Iterable[str], tags: Iterable[str], **rest: Any,
) -> Order:  # fmt: skip
    from symphony.runtime.arguments import bind_params
    from symphony.runtime.execute import Order
    from symphony.runtime.path_params import check_paths
    from symphony.runtime.secrets import check_secrets, short_secrets
    from symphony.runtime.selection import downstream, selected

    wanted, capacity = selected(plan, tuple(only), tuple(until)), capacity_for(plan, home)
    order = Order(
        given=dict(params or {}), texts=dict(raw or {}), root=home.root, here=Path.cwd(), recorded=record,
        selected=wanted, forced=downstream(plan, tuple(force)), tags=tuple(tags), lease_s=_lease_s(),
        capacity=capacity, pool_bytes=pool_bytes(capacity), **rest,
    )  # fmt: skip
    short = short_secrets()
    if short or any("path" in spec.type or "file" in spec.type for spec in plan.params.values()):
        bound = bind_params(plan, order.given, order.texts, root=order.root, here=order.here)
        check_secrets(plan, bound, short)
        check_paths(plan, bound, wanted)
    return order


def _lease_s() -> float:
    """How long an owner that says nothing still counts as the owner: `SYMPHONY_LEASE`, such as ``5s``."""
    from symphony.runtime.lease import LEASE_S

    text = os.environ.get("SYMPHONY_LEASE")
    if text is None:
        return LEASE_S
    try:
        return parse_duration_s(text)
    except ValueError as error:
        raise UsageError(f"SYMPHONY_LEASE={text!r}: {error}") from error
