"""The parameters of a run: given values checked, defaults taken, paths made absolute."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

from symphony.compiler.literals import describe
from symphony.compiler.params import problem_with_value
from symphony.errors import ParameterError
from symphony.model.frozen import freeze
from symphony.model.names import did_you_mean
from symphony.model.param import Param
from symphony.model.plan import Plan
from symphony.runtime.coerce import coerce, parse_text
from symphony.runtime.values import Held

_SECRET = re.compile(r"(?:\$\{\{\s*)?secrets\.([A-Za-z_]\w*)(?:\s*\}\})?")


def bind_params(
    plan: Plan,
    given: Mapping[str, Any],
    texts: Mapping[str, str],
    *,
    root: Path,
    here: Path,
    secret_of: Any = None,
) -> dict[str, Held]:
    """Bind the parameters of a plan.

    Args:
        given: values; relative paths start at `here`.
        texts: values as text from a command line, read by the type of the parameter.
        root: where relative paths of defaults start.

    Raises:
        ParameterError: a parameter is unknown, missing, or does not fit.
    """
    for name in [*given, *texts]:
        if name not in plan.params:
            hint = did_you_mean(name, plan.params, what="parameters") or "it takes none"
            raise ParameterError(f"the melody {plan.melody!r} has no parameter {name!r}: {hint}")
    bound: dict[str, Held] = {}
    for name, spec in plan.params.items():
        if spec.secret:
            bound[name] = _secret(name, spec, given.get(name, texts.get(name)), secret_of)
        elif name in texts:
            bound[name] = Held(_checked(name, spec, parse_text(texts[name], spec.port_type, name), here))
        elif name in given:
            bound[name] = Held(_checked(name, spec, given[name], here))
        elif spec.has_default:
            bound[name] = Held(None if spec.default is None else coerce(spec.default, spec.port_type, root))
        else:
            raise ParameterError(
                f"the melody {plan.melody!r} needs the parameter {name!r} ({spec.type}): give it with -p {name}=…"
            )
    return bound


def _checked(name: str, spec: Param, value: Any, here: Path) -> Any:
    if isinstance(value, PurePath):
        value = str(value)
    if isinstance(value, (str, int, float, bool, list, tuple, Mapping, type(None), bytes)):
        data = freeze([str(v) if isinstance(v, PurePath) else v for v in value] if isinstance(value, list) else value)
        reason = problem_with_value(spec, data)
        if reason:
            raise ParameterError(f"the parameter {name!r}: {reason}")
        return coerce(data, spec.port_type, here)
    return value


def _secret(name: str, spec: Param, value: Any, secret_of: Any) -> Held:
    if value is None and spec.required is False:
        return Held(None)
    match = _SECRET.fullmatch(str(value)) if isinstance(value, str) else None
    if match is None:
        given = "nothing" if value is None else "a literal" if isinstance(value, str) else describe(value)
        raise ParameterError(f"the parameter {name!r} is a secret: give -p {name}=secrets.NAME, not {given}")
    secret = match[1]
    return Held(load=lambda: secret_of(secret), secret=secret)


def as_document(bound: Mapping[str, Held]) -> dict[str, Any]:
    """The parameters as plain data for the journal; secrets by name. `bind_params` reads it back."""
    return {n: f"secrets.{h.secret}" if h.secret else _plain(h.value) for n, h in bound.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(v) for v in value]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "total_seconds"):
        return value.total_seconds()
    return value
