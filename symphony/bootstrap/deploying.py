"""Registers a melody with what has schedules and workers of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symphony.bootstrap.checking import check
from symphony.bootstrap.finding import find_definition, project_of, shipped_melodies
from symphony.config.project import Project
from symphony.errors import CompileError, MissingExtraError, SurroundingsError, UsageError
from symphony.model.names import did_you_mean

if TYPE_CHECKING:
    from symphony.runtime.deployment import Deployed, Deployer

_GROUP = "symphony.deployers"


def deploy(
    target: str,
    *,
    to: str | None = None,
    name: str = "default",
    params: Mapping[str, Any] | None = None,
    raw_params: Mapping[str, str] | None = None,
    schedule: str | None = None,
    work_pool: str | None = None,
    env: str | None = None,
    project: Project | None = None,
) -> Deployed:
    """Register a melody, after checking it and its parameters.

    Args:
        to: with what, by the name of the entry point; None: the only one there is.
        name: of the registration; the same name again replaces it.
        params, raw_params: parameters of its runs; relative paths start at the current folder.
        schedule: five fields of cron.
        work_pool: which workers run it.
        env: the environment of its runs.

    Raises:
        CompileError: the melody does not compile.
        ParameterError: a parameter does not fit.
        UsageError: there is no such deployer, schedule or pool.
        SurroundingsError: the server does not answer.
    """
    from symphony.runtime.arguments import bind_params
    from symphony.runtime.deployment import DeployOrder

    deployer = deployer_named(to)
    home = project or project_of(target)
    checked = check(target, project=project)
    if checked.plan is None or not checked.ok:
        raise CompileError(checked.diagnostics)
    plan, given, texts = checked.plan, dict(params or {}), dict(raw_params or {})
    bind_params(plan, given, texts, root=home.root, here=Path.cwd(), secret_of=lambda name: "")
    return deployer(
        DeployOrder(
            melody=plan.melody, target=_lasting(target, home), folder=str(Path.cwd()), state=str(home.state),
            plan_hash=plan.hash, description=plan.description or "", name=name, params=given, texts=texts,
            schedule=schedule, work_pool=work_pool, environment=env,
        )
    )  # fmt: skip


def deployer_named(name: str | None) -> Deployer:
    """What registers melodies.

    Raises:
        UsageError: there is none of the name, or several and none was named.
        MissingExtraError: it is known, but what it needs is not installed.
    """
    from importlib.metadata import entry_points  # only deploying needs the list

    found = {point.name: point for point in entry_points(group=_GROUP)}
    if name is None and len(found) == 1:
        name = next(iter(found))
    if name is None:
        known = ", ".join(sorted(found)) or "none is installed"
        raise UsageError(f"say with --to where the melody is to be deployed: {known}")
    if name not in found:
        raise UsageError(f"nothing deploys to {name!r}: {did_you_mean(name, sorted(found), what='deployers')}")
    try:
        deployer: Deployer = found[name].load()
    except ModuleNotFoundError as error:
        if error.name == name:
            raise MissingExtraError(f"the deployer {name!r}", name) from error
        raise SurroundingsError(f"the deployer {name!r} cannot be loaded: {error}") from error
    return deployer


def _lasting(target: str, home: Project) -> str:
    """A melody as it is found from any folder."""
    file, colon, inner = find_definition(target, home).partition(":")
    path = Path(file).resolve()
    if path.is_relative_to(shipped_melodies().resolve()):
        return target
    return f"{path}{colon}{inner}"
