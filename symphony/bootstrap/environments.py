"""Brings an environment and a plan together: parameters, secrets, and what the environment cannot honour."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symphony.bootstrap.executors import executor_named, traits_of
from symphony.compiler.params import problem_with_value
from symphony.config.environment import DEFAULT, Environment
from symphony.errors import SurroundingsError
from symphony.model.diagnostic import Diagnostic, Severity
from symphony.model.melody import Melody
from symphony.model.param import Param
from symphony.model.plan import Plan

if TYPE_CHECKING:
    from symphony.config.shared_store import SharedStoreSettings


def made_under(environment: Environment) -> AbstractContextManager[None]:
    """Start runs with the secrets and the policies of an environment, in this thread."""
    from symphony.runtime.run_environment import RunEnvironment, under  # only runs need the runtime

    return under(RunEnvironment(environment.name, environment.secrets, environment.retry, environment.timeout_s))


def executor_of(environment: Environment) -> Any:
    """Make the executor of an environment; see `executor_named` for what it raises."""
    return executor_named(environment.executor, **with_secrets(environment.executor_options, environment))


def shared_store_of(environment: Environment) -> SharedStoreSettings | None:
    """The shared store of an environment, with its secrets resolved; None where it has none.

    Raises:
        SurroundingsError: a secret is not set.
    """
    if environment.shared_store({}) is None:
        return None
    return environment.shared_store(with_secrets(environment.store_options, environment))


def with_secrets(options: Mapping[str, Any], environment: Environment) -> dict[str, Any]:
    """Options with every text ``secrets.NAME``, however deep, replaced by the secret.

    Raises:
        SurroundingsError: a secret is not set.
    """
    if not options:
        return {}
    from symphony.runtime.secrets import Secrets  # only options need them here

    secrets = Secrets(environment.secrets)

    def resolved(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: resolved(inner) for key, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [resolved(inner) for inner in value]
        if isinstance(value, str) and value.startswith("secrets."):
            return secrets.get(value.removeprefix("secrets."))
        return value

    return {key: resolved(value) for key, value in options.items()}


def params_for(plan: Plan, environment: Environment, root: Path, given: Collection[str]) -> dict[str, Any]:
    """The environment's values for parameters that the plan has and the caller did not give; paths start at `root`."""
    wanted = {n: v for n, v in environment.params.items() if n in plan.params and n not in given}
    if not wanted:
        return {}
    from symphony.runtime.coerce import coerce  # only for values of an environment

    return {name: _coerced(plan.params[name], value, root, coerce) for name, value in wanted.items()}


def _coerced(param: Param, value: Any, root: Path, coerce: Any) -> Any:
    """The value with its paths made absolute; one that does not fit stays as it is, for `bind_params` to refuse."""
    if param.secret or problem_with_value(param, value):
        return value
    return coerce(value, param.port_type, root)


def problems_under(plan: Plan, environment: Environment, melody: Melody | None = None) -> list[Diagnostic]:
    """What the environment cannot honour: abilities that its executor lacks, and parameters that do not fit."""
    return [*_beyond_executor(plan, environment, melody), *_misfits(plan, environment, melody)]


def _beyond_executor(plan: Plan, environment: Environment, melody: Melody | None) -> list[Diagnostic]:
    from symphony.compiler.unhonoured import CODE, Abilities, asks, unhonoured  # kept from plans that are only read

    chosen = environment.origin("executor") != DEFAULT
    if not chosen and environment.timeout_s is None and not asks(plan):
        return []
    try:
        traits = traits_of(environment.executor)
    except SurroundingsError as error:
        what = f"the executor {environment.executor!r} is not to be had here: what it cannot do was not looked for"
        return [Diagnostic("SYM189", what, severity=Severity.WARNING, hint=str(error), file=_file(melody))]
    abilities = Abilities(environment.executor, traits.can_kill)
    found = unhonoured(plan, abilities, melody=melody)
    if environment.timeout_s is not None and not traits.can_kill:
        what = f"the environment has a timeout, and the executor {environment.executor!r} cannot end running bodies"
        hint = f"take it out ({environment.origin('timeout')}), or choose another executor"
        found.insert(0, Diagnostic(CODE, what, hint=hint, file=_file(melody)))
    return found


def _misfits(plan: Plan, environment: Environment, melody: Melody | None) -> list[Diagnostic]:
    found = []
    for name, value in environment.params.items():
        param = plan.params.get(name)
        reason = None if param is None else _misfit(param, value)
        if reason:
            found.append(
                Diagnostic(
                    "SYM194", f"the environment's value of the parameter {name!r}: {reason}", file=_file(melody),
                    span=melody.source.locate(("params", name)) if melody is not None else None,
                    hint=f"it is set by {environment.origin(f'params.{name}')}",
                )
            )  # fmt: skip
    return found


def _misfit(param: Param, value: Any) -> str | None:
    if not param.secret:
        return problem_with_value(param, value)
    named = isinstance(value, str) and value.removeprefix("${{").strip().startswith("secrets.")
    return None if named else "it is a secret, which takes only secrets.NAME"


def _file(melody: Melody | None) -> str:
    return melody.source.file if melody is not None else ""
