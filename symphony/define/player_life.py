"""How a player says what it needs before and after its calls: set-up, warm-up, tear-down."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from symphony.errors import PlayerDefinitionError

LIFE_OPTIONS = ("setup", "teardown", "warmup", "shared")
"""The options of a decorator that say how a player lives between its calls."""


def check_life(options: Mapping[str, Any]) -> None:
    """Check the options of a decorator that say how a player lives.

    Raises:
        PlayerDefinitionError: something that cannot be called, a set-up with arguments, or an option without a set-up.
    """
    setup = options.get("setup")
    for name in ("setup", "teardown", "warmup"):
        given = options.get(name)
        if given is not None and (not callable(given) or inspect.iscoroutinefunction(given)):
            raise PlayerDefinitionError(f"{name}= takes a plain function, it got {given!r}")
    lone = next((name for name in LIFE_OPTIONS[1:] if options.get(name)), None)
    if setup is None and lone is not None:
        raise PlayerDefinitionError(f"{lone}= is given without setup=: there is no state that it could be about")
    if not isinstance(options.get("shared", False), bool):
        raise PlayerDefinitionError(f"shared= takes True or False, it got {options['shared']!r}")
    needed = _needed(setup) if setup is not None else None
    if needed is not None:
        raise PlayerDefinitionError(
            f"setup= takes a function without arguments; {getattr(setup, '__qualname__', setup)}() needs {needed!r}"
        )


def _needed(function: Callable[..., Any]) -> str | None:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None  # a class of C code tells nothing; calling it will
    optional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return next((p.name for p in parameters if p.default is p.empty and p.kind not in optional), None)


def set_up_once(function: Callable[..., Any], options: Mapping[str, Any]) -> Callable[..., Any]:
    """The function with its state set up before the one call that follows, and torn down after it."""
    setup, teardown = options["setup"], options.get("teardown") or (lambda _: None)

    def call(*args: Any, **kwargs: Any) -> Any:
        state = setup()
        try:
            return function(state, *args, **kwargs)
        finally:
            teardown(state)

    async def call_async(*args: Any, **kwargs: Any) -> Any:
        state = setup()
        try:
            return await function(state, *args, **kwargs)
        finally:
            teardown(state)

    return call_async if inspect.iscoroutinefunction(function) else call
