"""Runs, resumes and predicts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symphony.bootstrap.asking import find_run
from symphony.bootstrap.checking import check, problems_here
from symphony.bootstrap.environments import executor_of, made_under, params_for, shared_store_of
from symphony.bootstrap.finding import folders_of, project_of
from symphony.bootstrap.identities import codes_of, keep_code_of
from symphony.bootstrap.pins import verify_pins
from symphony.bootstrap.placing import forget_texts
from symphony.bootstrap.resources import capacity_for, pool_bytes
from symphony.bootstrap.stores import ChosenStore, close_after, open_project_store, open_store_to_look
from symphony.config.environment import Environment, environment_of
from symphony.config.project import Project, find_project
from symphony.errors import CompileError, UsageError
from symphony.model.diagnostic import Severity
from symphony.model.event import Event
from symphony.model.plan import Plan
from symphony.model.quantities import parse_duration_s

if TYPE_CHECKING:
    from symphony.define.player import Player
    from symphony.runtime.clock import Clock
    from symphony.runtime.execute import Order
    from symphony.runtime.explain import Decision
    from symphony.runtime.result import RunResult


def run(
    target: Any,
    params: Mapping[str, Any] | None = None,
    *,
    env: str | None = None,
    executor: str | None = None,
    store: Any = None,
    durability: str | None = None,
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
    executor_options: Mapping[str, Any] | None = None,
    clock: Clock | None = None,
    stand_ins: Mapping[str, Player[..., Any]] | None = None,
) -> RunResult:
    """Run a melody or a plan and wait for the result; works inside a running event loop too.

    Args:
        target: a ``@melody`` function, a Melody, a Plan, or a path.
        params: values of parameters; relative paths start at the current folder.
        env: the environment, by name; None: the one that the settings choose. What is given here besides wins over it.
        executor: the name of the executor; None: as the environment says, else the Pit.
        store: None for the project's, ``"memory"``, a path, the URL of the shared side of the project's, or a Store.
        durability: what results survive: ``process`` or ``power``; None: as the environment says.
        workers, processes: how many threads, and how many calls in processes of their own; None: as the environment
            says, else what suits the machine.
        on_event: called with every event, from the thread where it happened; must be quick.
        record: False keeps results in memory only: no keys, no cache, no journal.
        fail_fast: whether the first failed task cancels what has not started; None: as the melody's `on_failure` says.
        limit_s: how long the whole run may take, in seconds; what is not done then is cancelled, and the run fails.
        only, until: these tasks and what they need; what they need is served where it is kept.
        force: these tasks anew, and what depends on them.
        raw_params: parameters as text, read by type.
        executor_options: what the executor is made with; None: as the environment says.
        clock: what retries and waits go by; None: the real one.
        stand_ins: players to be called in place of others, by the names of those; for tests.

    Raises:
        CompileError: the melody does not compile, or the environment cannot honour what it asks for.
        ConfigurationError: the settings are wrong, or there is no such environment.
        ParameterError: a parameter does not fit.
        RefusedError: the plan's players differ from the code found.
    """
    from symphony.runtime.execute import execute

    flags = {"executor": executor, "workers": workers, "processes": processes, "durability": durability,
             "executor_options": executor_options}  # fmt: skip
    if isinstance(store, str) and "://" in store:
        flags["store"], store = store, None
    plan, home, settings = _plan_and_settings(target, project, env, flags)
    order = _order(plan, home, settings, params, raw_params, record=record, no_cache=no_cache, fail_fast=fail_fast,
                   strict=strict, only=only, until=until, force=force, tags=tags, run_id=run_id, on_event=on_event,
                   limit_s=limit_s, stand_ins=stand_ins or {},
                   **({} if clock is None else {"clock": clock}))  # fmt: skip
    chosen = executor_of(settings)
    shared = shared_store_of(settings) if record else None
    place = ChosenStore(store, home, settings.durability, record, shared)
    with made_under(settings), place as opened:
        if record:
            keep_code_of(plan, home, opened)
        return place.serve(execute(plan, order, opened, chosen))


async def run_async(target: Any, params: Mapping[str, Any] | None = None, **options: Any) -> RunResult:
    """`run`, awaited: the event loop goes on while the melody runs."""
    import asyncio  # heavy: only callers inside an event loop need it

    return await asyncio.to_thread(run, target, params, **options)


def resume(
    run: str,
    *,
    project: Project | None = None,
    env: str | None = None,
    executor: str | None = None,
    on_event: Callable[[Event], None] | None = None,
    workers: int | None = None,
    executor_options: Mapping[str, Any] | None = None,
) -> RunResult:
    """Take up a run: what is recorded stands, the rest is run, with the recorded plan and parameters.

    Args:
        env: another environment than before; its executor is taken then.
        executor: another executor than before.
        executor_options: what it is made with.

    Raises:
        UsageError: there is no such run.
        RefusedError: the code has changed, or a living process owns the run.
    """
    from symphony.runtime.execute import Order
    from symphony.runtime.execute import resume as resume_run

    home = project or find_project(Path.cwd())
    store = open_store_to_look(home)
    record = find_run(store, run)
    store.greet()
    if record.state == "succeeded":
        raise UsageError(f"the run {record.id} succeeded: there is nothing to resume; run the melody again instead")
    root = Path(str(record.options.get("root", home.root)))
    there = Project(root, home.state)
    plan = Plan.from_text(record.plan_text, file=f"the plan of run {record.id}")
    verify_pins(plan.from_origin(folders_of(there, there.melodies)), there)
    flags = {"executor": executor or (record.executor if env is None else None),
              "workers": workers or (record.options.get("workers") if env is None else None),
              "processes": record.options.get("processes") if env is None else None,
              "executor_options": executor_options}  # fmt: skip
    settings = environment_of(root, env or str(record.options.get("environment") or "") or None, flags=flags)
    if problems := [d for d in problems_here(plan, there, settings) if d.severity is Severity.ERROR]:
        raise CompileError(problems)
    capacity = capacity_for(plan, settings)
    order = Order(root=root, here=root, lease_s=_lease_s(), capacity=capacity, pool_bytes=pool_bytes(capacity, settings),
                  on_event=on_event, workers=settings.workers, processes=settings.processes, no_cache=not settings.serves,
                  fail_fast=record.options.get("fail_fast"), strict=bool(record.options.get("strict")))  # fmt: skip
    if shared := shared_store_of(settings):
        store.close()
        store = open_project_store(home, durability=settings.durability, shared=shared)
        store.greet()
    with made_under(settings):
        result = resume_run(record, order, store, executor_of(settings))
    return close_after(result, store)


def dry_run(target: Any, params: Mapping[str, Any] | None = None, **options: Any) -> list[Decision]:
    """Say for every task whether a run would serve or run it, and why; runs nothing but fingerprints."""
    from symphony.runtime.code_record import code_changes
    from symphony.runtime.probe import probe

    project = options.pop("project", None)
    store, raw = options.pop("store", None), options.pop("raw_params", None)
    options.pop("on_event", None), options.pop("run_id", None)
    flags = {
        name: options.pop(name, None) for name in ("executor", "workers", "processes", "durability", "executor_options")
    }
    if isinstance(store, str) and "://" in store:
        flags["store"], store = store, None
    plan, home, settings = _plan_and_settings(target, project, options.pop("env", None), flags)
    rest = {"record": True, "only": (), "until": (), "force": (), "tags": (), "no_cache": False, **options}
    order = _order(plan, home, settings, params, raw, **rest)
    shared = shared_store_of(settings)
    with made_under(settings), ChosenStore(store, home, "process", True, shared) as opened:
        return probe(plan, order, opened, code_changes(opened, lambda: dict(codes_of(plan, home))))


def _plan_and_settings(
    target: Any, project: Project | None, env: str | None, flags: Mapping[str, Any]
) -> tuple[Plan, Project, Environment]:
    forget_texts()
    home = project or project_of(target)
    settings = environment_of(home.root, env, flags=flags)
    checked = check(target, project=project, env=settings)
    if checked.plan is not None and checked.melody is None:
        verify_pins(checked.plan, home)
    if checked.plan is None or not checked.ok:
        raise CompileError(checked.diagnostics)
    return checked.plan, home, settings


def _order(
    plan: Plan, home: Project, settings: Environment, params: Mapping[str, Any] | None, raw: Mapping[str, str] | None, *,
    record: bool, only: Iterable[str], until: Iterable[str], force: Iterable[str], tags: Iterable[str], no_cache: bool,
    **rest: Any,
) -> Order:  # fmt: skip
    from symphony.runtime.arguments import bind_params
    from symphony.runtime.execute import Order
    from symphony.runtime.path_params import check_paths
    from symphony.runtime.secrets import Secrets, check_secrets, short_secrets
    from symphony.runtime.selection import downstream, selected

    wanted, capacity = selected(plan, tuple(only), tuple(until)), capacity_for(plan, settings)
    given, texts = dict(params or {}), dict(raw or {})
    order = Order(
        given={**params_for(plan, settings, home.root, {*given, *texts}), **given}, texts=texts, root=home.root,
        here=Path.cwd(), recorded=record, selected=wanted, forced=downstream(plan, tuple(force)), tags=tuple(tags),
        lease_s=_lease_s(), capacity=capacity, pool_bytes=pool_bytes(capacity, settings), workers=settings.workers,
        processes=settings.processes, no_cache=no_cache or not settings.serves, **rest,
    )  # fmt: skip
    secrets = Secrets(settings.secrets) if settings.secrets != ("env",) or short_secrets() else None
    if secrets is not None or any("path" in spec.type or "file" in spec.type for spec in plan.params.values()):
        bound = bind_params(plan, order.given, order.texts, root=order.root, here=order.here)
        if secrets is not None:
            check_secrets(plan, bound, secrets)
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
