"""Finds executors by name and makes them."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from symphony.errors import ConfigurationError, MissingExtraError, SurroundingsError, UsageError
from symphony.model.names import did_you_mean

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from symphony.runtime.contract import Traits

EXTRA_EXECUTORS = ("dask", "prefect")
"""Executors of Symphony that an extra installs; named after it."""


def executor_named(name: str, /, **options: Any) -> Any:
    """Make the executor that an entry point names.

    Args:
        options: what its class is called with: the ``executor_options`` of an environment.

    Raises:
        UsageError: no executor has the name, or it takes no such option.
        MissingExtraError: it is known, but what it needs is not installed.
        SurroundingsError: it is installed and cannot be loaded.
    """
    made_by = executor_class(name)
    if options:
        _check_options(name, made_by, options)
    try:
        return made_by(**options)
    except ModuleNotFoundError as error:
        raise _unloadable(name, error) from error


def executor_class(name: str) -> Any:
    """The class of an executor; see `executor_named` for what it raises."""
    found = _entry_points(tuple(sys.path))
    if name not in found:
        if name in EXTRA_EXECUTORS:
            raise MissingExtraError(f"the executor {name!r}", name)
        known = sorted({*found, *EXTRA_EXECUTORS})
        raise UsageError(f"there is no executor {name!r}: {did_you_mean(name, known, what='executors')}")
    try:
        return found[name].load()
    except ImportError as error:
        raise _unloadable(name, error) from error


@lru_cache(maxsize=1)
def _entry_points(folders: tuple[str, ...]) -> Mapping[str, EntryPoint]:
    """The executors by name, as the distributions in `folders` say; reading those takes as long as a small run."""
    from importlib.metadata import entry_points  # only running needs the list

    return {e.name: e for e in entry_points(group="symphony.executors")}


def traits_of(name: str) -> Traits:
    """What an executor can do; see `executor_named` for what it raises."""
    traits: Traits = executor_class(name).traits
    return traits


def _unloadable(name: str, error: ImportError) -> SurroundingsError:
    if name in EXTRA_EXECUTORS:
        return MissingExtraError(f"the executor {name!r}", name)
    return SurroundingsError(f"the executor {name!r} cannot be loaded: {type(error).__name__}: {error}")


def _check_options(name: str, made_by: Any, options: Mapping[str, Any]) -> None:
    taken = inspect.signature(made_by).parameters
    if any(p.kind is p.VAR_KEYWORD for p in taken.values()):
        return
    unknown = next((option for option in options if option not in taken), None)
    if unknown is not None:
        hint = did_you_mean(unknown, taken, what="options", limit=20) or "it takes none"
        raise ConfigurationError(f"the executor {name!r} takes no option {unknown!r}: {hint}")
