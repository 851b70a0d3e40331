"""Opens the store of a project, or the one that was asked for."""

from __future__ import annotations

import os
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symphony.config.project import Project
from symphony.config.shared_store import SharedStoreSettings
from symphony.errors import SurroundingsError, UsageError
from symphony.model.quantities import parse_duration_s

if TYPE_CHECKING:
    from symphony.runtime.result import RunResult
    from symphony.store.address import Shared
    from symphony.store.store import Store


def open_project_store(
    project: Project, *, durability: str = "process", shared: SharedStoreSettings | None = None
) -> Store:
    """Open the store in the project's state folder, making it if need be.

    Args:
        shared: the shared side behind it, if there is one.

    Raises:
        UsageError: the patience with the shared side is no duration.
    """
    return _opened(project.state, durability, shared)


def _opened(folder: Path | None, durability: str, shared: SharedStoreSettings | None) -> Store:
    from symphony.store.store import Store

    return Store.open(folder, durability=durability, shared=None if shared is None else _side(shared))


def _side(shared: SharedStoreSettings) -> Shared:
    """A shared side; ``SYMPHONY_STORE_PATIENCE`` is how long it is waited for."""
    from symphony.store.address import PATIENCE_S, Shared

    text = os.environ.get("SYMPHONY_STORE_PATIENCE")
    try:
        patience_s = parse_duration_s(text) if text else PATIENCE_S
    except ValueError as error:
        raise UsageError(f"SYMPHONY_STORE_PATIENCE={text!r}: {error}") from error
    return Shared(shared.url, shared.options, shared.read, shared.write, patience_s)


def _shared_to_look(project: Project) -> SharedStoreSettings | None:
    """The shared side that the settings name, as far as its secrets are there: who looks at what is here needs none."""
    from symphony.bootstrap.environments import shared_store_of  # reads settings
    from symphony.config.environment import environment_of

    try:
        return shared_store_of(environment_of(project.root))
    except SurroundingsError:
        return None


def open_store_to_look(project: Project) -> Store:
    """The project's store, or an empty one in memory where nothing was ever kept: who only looks makes no folder."""
    there = (project.state / "symphony.db").exists()
    return _opened(project.state if there else None, "process", _shared_to_look(project))


class ChosenStore:
    """The store that was asked for; closed afterwards when it was opened here."""

    def __init__(self, asked: Any, home: Project, durability: str, record: bool,
                 shared: SharedStoreSettings | None = None) -> None:  # fmt: skip
        from symphony.store.store import Store

        self._own = not isinstance(asked, Store)
        if isinstance(asked, Store):
            self._store = asked
        elif asked == "memory" or (asked is None and not record):
            self._store = Store.open(None, durability=durability)
        elif asked is None:
            self._store = open_project_store(home, durability=durability, shared=shared)
        else:
            self._store = _opened(Path(asked), durability, shared)

    def __enter__(self) -> Store:
        self._store.greet()
        return self._store

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if self._own and self._store.folder is not None:
            self._store.close()

    def serve(self, result: RunResult) -> RunResult:
        """Do not close the store after the block, but when nobody has the outputs of a result any more."""
        if self._own:
            self._own = False
            close_after(result, self._store)
        return result


def close_after(result: RunResult, store: Store) -> RunResult:
    """Let a store be closed when nobody has the outputs of a result any more: they load from it when they are asked for.

    One in memory stays open: files that it gave out lie in a folder that would go with it.
    """
    store.flush()
    # a body that was left behind may come to the store still
    if store.folder is not None and not result.abandoned:
        # when the process ends all is written; to close then would only make it wait for the disk
        weakref.finalize(result.outputs, store.close).atexit = False
    return result
