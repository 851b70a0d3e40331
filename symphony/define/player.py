"""Players: functions with typed ports, made by ``@operator``, ``@instrument`` and ``@motif``.

Called outside a melody a player is the plain function. Called inside ``@melody`` the call is recorded.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from functools import cached_property, partial, update_wrapper
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, get_type_hints, overload

from symphony.define.annotations import is_by_name, record_fields, to_port_type
from symphony.define.context import Context
from symphony.define.player_life import LIFE_OPTIONS, check_life, set_up_once
from symphony.define.recording import current_recorder
from symphony.errors import PlayerDefinitionError
from symphony.model.frozen import FrozenMap
from symphony.model.names import problem_with_version
from symphony.model.policy import Isolation, Resources, Retry
from symphony.model.port_type import ANY
from symphony.model.quantities import parse_duration_s
from symphony.model.signature import PlayerKind, Port, Signature

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")
SHIPPED = "symphony.players."


class Player(Generic[P, R]):
    """A function with typed ports.

    Attributes:
        function: the plain function.
        kind: operator, instrument or motif.
        options: what the decorator was given, checked.
    """

    def __init__(self, function: Callable[P, R], kind: PlayerKind, options: Mapping[str, Any]) -> None:
        self.function = function
        self.kind = kind
        self.options = options
        update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        recorder = current_recorder()
        if recorder is None:
            return self._made(*args, **kwargs)
        return recorder.record(self, args, kwargs, {})  # type: ignore[no-any-return]

    def _made(self, *args: Any, **kwargs: Any) -> R:
        """Call the function; a player with a set-up is set up for this one call."""
        if self.state_parameter is None:
            return self.function(*args, **kwargs)
        return set_up_once(self.function, self.options)(*args, **kwargs)  # type: ignore[no-any-return]

    def with_state(self, state: Any) -> Callable[P, R]:
        """Give the player with a state in place of what its set-up makes: ``classify.with_state(fake)("text")``.

        Raises:
            PlayerDefinitionError: it has no set-up.
        """
        if self.state_parameter is None:
            raise PlayerDefinitionError(f"{self.name} takes no state: it is declared without setup=")
        return partial(self.function, state)

    def with_options(self, **options: Any) -> Callable[P, R]:
        """Give the player with other policies for one call: ``measure.with_options(retry=3)(file)``."""

        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            recorder = current_recorder()
            if recorder is None:
                return self._made(*args, **kwargs)
            return recorder.record(self, args, kwargs, options)  # type: ignore[no-any-return]

        return call

    def __repr__(self) -> str:
        return f"<{self.kind} {self.function.__module__}:{self.function.__qualname__}>"

    @cached_property
    def name(self) -> str:
        """The registered name of a shipped player, else ``module:qualname``."""
        module, qualname = self.function.__module__, self.function.__qualname__
        if module.startswith(SHIPPED):
            return f"{module[len(SHIPPED) :]}.{qualname.removesuffix('_')}"
        return f"{module}:{qualname}"

    @cached_property
    def hints(self) -> dict[str, Any]:
        """The annotations, resolved.

        Raises:
            PlayerDefinitionError: an annotation names something that is not there.
        """
        try:
            return get_type_hints(self.function, include_extras=True)
        except Exception as error:
            raise PlayerDefinitionError(
                f"{_where(self.function)}: an annotation of {self.function.__qualname__}() cannot be resolved: {error}"
            ) from error

    @cached_property
    def parameters(self) -> dict[str, inspect.Parameter]:
        """The parameters of the function, context and state left out."""
        state = self.state_parameter
        everything = inspect.signature(self.function).parameters.items()
        return {n: p for n, p in everything if not self._is_context(n) and n != state}

    @cached_property
    def state_parameter(self) -> str | None:
        """The name of the parameter that takes what the set-up made: the first one; None without a set-up.

        Raises:
            PlayerDefinitionError: there is a set-up and no parameter that could take what it makes.
        """
        if self.options.get("setup") is None:
            return None
        first = next(iter(inspect.signature(self.function).parameters.values()), None)
        positional = first is not None and first.kind in (first.POSITIONAL_ONLY, first.POSITIONAL_OR_KEYWORD)
        if first is None or not positional or self._is_context(first.name):
            raise PlayerDefinitionError(
                f"{_where(self.function)}: {self.function.__qualname__}() has a set-up, so its first parameter must take "
                "what the set-up makes: def classify(model: Model, text: str)"
            )
        return first.name

    def _is_context(self, name: str) -> bool:
        return self.hints.get(name) is Context

    @cached_property
    def context_parameter(self) -> str | None:
        """The name of the parameter that takes the context, or None."""
        return next((n for n in inspect.signature(self.function).parameters if self._is_context(n)), None)

    @cached_property
    def signature(self) -> Signature:
        """The player as a value.

        Raises:
            PlayerDefinitionError: the function cannot be a player; says why and where.
        """
        function, options = self.function, self.options
        result = self.hints.get("return", ANY)
        sections = _docstring(inspect.getdoc(function) or "")
        summary, doc, args = sections
        resources = {k: options[k] for k in ("cpus", "memory", "gpus") if options.get(k) is not None}
        return Signature(
            name=self.name,
            module=function.__module__,
            qualname=function.__qualname__,
            kind=self.kind,
            version=options.get("version") or "",
            inputs=tuple(self._port(p, args) for p in self.parameters.values()),
            outputs=self._outputs(result),
            several=bool(options.get("outputs")),
            summary=summary,
            doc=doc,
            tags=tuple(options.get("tags") or ()),
            effect=result is type(None) and "return" in self.hints,
            cache=bool(options.get("cache", True)),
            fingerprint=options.get("fingerprint") is not None,
            env=tuple(options.get("env") or ()),
            codec=options.get("codec"),
            is_async=inspect.iscoroutinefunction(function),
            takes_context=self.context_parameter is not None,
            retry=options.get("retry"),
            timeout_s=options.get("timeout"),
            isolation=options.get("isolation"),
            resources=Resources(**resources) if resources else None,
            tokens=FrozenMap(options.get("tokens") or {}),
            in_project=not function.__module__.startswith(SHIPPED),
        )

    def _port(self, parameter: inspect.Parameter, docs: Mapping[str, str]) -> Port:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise PlayerDefinitionError(
                f"{_where(self.function)}: the parameter {str(parameter)!r} of {self.function.__qualname__}() cannot be a port: "
                "ports have names, so *args, **kwargs and positional-only parameters are not possible"
            )
        hint = self.hints.get(parameter.name, Any)
        return Port(
            name=parameter.name,
            type=to_port_type(hint),
            required=parameter.default is parameter.empty,
            default=None if parameter.default is parameter.empty else parameter.default,
            by_name=is_by_name(hint),
            doc=docs.get(parameter.name, ""),
        )

    def _outputs(self, result: Any) -> tuple[Port, ...]:
        if not self.options.get("outputs"):
            return (Port("out", ANY if result is ANY else to_port_type(result)),)
        fields = record_fields(result)
        if not fields:
            raise PlayerDefinitionError(
                f"{_where(self.function)}: {self.function.__qualname__}() says outputs=True, so it must return a TypedDict, "
                f"NamedTuple or dataclass; its annotation is {result!r}"
            )
        types = to_port_type(result).fields or {}
        return tuple(Port(n, types.get(n, ANY)) for n in fields)


def _where(function: Callable[..., Any]) -> str:
    code = getattr(function, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code is not None else function.__module__


_ARGUMENT = re.compile(r"^ {0,8}(\w+)(?:\s*\([^)]*\))?:\s*(.*)$")


def _docstring(text: str) -> tuple[str, str, dict[str, str]]:
    """Split a Google-style docstring into its first line, the rest, and the line of each argument."""
    summary, _, rest = text.partition("\n")
    arguments: dict[str, str] = {}
    inside, last = False, ""
    for line in rest.split("\n"):
        if line.strip() in ("Args:", "Arguments:"):
            inside = True
        elif inside and line and not line.startswith(" "):
            inside = False
        elif inside and (match := _ARGUMENT.match(line)) and len(line) - len(line.lstrip()) <= 4:
            last = match[1]
            arguments[last] = match[2].strip()
        elif inside and last and line.strip():
            arguments[last] += " " + line.strip()
    return summary.strip(), rest.strip(), arguments


_OPTIONS = frozenset(
    [
        "version",
        "retry",
        "timeout",
        "cpus",
        "memory",
        "gpus",
        "isolation",
        "cache",
        "env",
        "fingerprint",
        "codec",
        "outputs",
        "tags",
        "tokens",
        *LIFE_OPTIONS,
    ]
)


def _checked(options: dict[str, Any]) -> dict[str, Any]:
    """Check and convert the options of a decorator."""
    check_life(options)
    version = options.get("version")
    problem = problem_with_version(version) if version else None
    if problem:
        raise PlayerDefinitionError(problem)
    try:
        if options.get("retry") is not None:
            options["retry"] = Retry.model_validate(options["retry"])
        if options.get("timeout") is not None:
            options["timeout"] = parse_duration_s(options["timeout"])
        if options.get("isolation") is not None:
            options["isolation"] = Isolation(options["isolation"])
        if any(options.get(k) is not None for k in ("cpus", "memory", "gpus")):
            Resources(**{k: options[k] for k in ("cpus", "memory", "gpus") if options.get(k) is not None})
    except ValueError as error:
        raise PlayerDefinitionError(f"a player's options are wrong: {error}") from error
    return options


class _Decorator:
    """One of ``@operator``, ``@instrument``, ``@motif``; used bare or with options.

    Options: `version` (MAJOR.MINOR.PATCH), `retry` (attempts, a mapping or a Retry), `timeout`, `cpus`, `memory`,
    `gpus`, `isolation` (thread, process, sandbox), `cache` (False: never served), `env` (environment variables that
    enter the key), `fingerprint` (a function of the inputs that describes the world the player reads), `codec`,
    `outputs` (True: each field of the result is an output), `tags`, `tokens`. A player that is dear to set up says
    `setup` (makes a state, which the body takes as its first parameter), and may say `teardown` and `warmup` (each
    takes the state) and `shared` (calls at the same time use one state; else each has its own).
    """

    def __init__(self, kind: PlayerKind) -> None:
        self.kind = kind

    @overload
    def __call__(self, function: Callable[P, R], /) -> Player[P, R]: ...
    @overload
    def __call__(
        self,
        *,
        setup: Callable[[], S],
        teardown: Callable[[S], object] | None = None,
        warmup: Callable[[S], object] | None = None,
        **options: Any,
    ) -> Callable[[Callable[Concatenate[S, P], R]], Player[P, R]]: ...
    @overload
    def __call__(self, **options: Any) -> Callable[[Callable[P, R]], Player[P, R]]: ...
    def __call__(self, *functions: Any, **options: Any) -> Any:
        unknown = sorted(set(options) - _OPTIONS)
        if unknown:
            raise PlayerDefinitionError(
                f"@{self.kind} has no option {unknown[0]!r}; valid: {', '.join(sorted(_OPTIONS))}"
            )
        checked = _checked(options)
        if functions:
            return Player(functions[0], self.kind, checked)
        return lambda f: Player(f, self.kind, checked)


operator = _Decorator(PlayerKind.OPERATOR)
"""Makes a player of the kind Operator: a utility."""
instrument = _Decorator(PlayerKind.INSTRUMENT)
"""Makes a player of the kind Instrument: a model."""
motif = _Decorator(PlayerKind.MOTIF)
"""Makes a player of the kind Motif: something for the eye."""
