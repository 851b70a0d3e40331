"""Opens the store of a project, or the one that was asked for."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symphony.config.project import Project

if TYPE_CHECKING:
    from symphony.runtime.result import RunResult
    from symphony.store.store import Store


def open_project_store(project: Project, *, durability: str = "process") -> Store:
    """Open the store in the project's state folder, making it if need be."""
    from symphony.store.store import Store

    return Store.open(project.state, durability=durability)


def open_store_to_look(project: Project) -> Store:
    """The project's store, or an empty one in memory where nothing was ever kept: who only looks makes no folder."""
    from symphony.store.store import Store

    return open_project_store(project) if (project.state / "symphony.db").exists() else Store.open(None)


class ChosenStore:
    """The store that was asked for; closed afterwards when it was opened here."""

    def __init__(self, asked: Any, home: Project, durability: str, record: bool) -> None:
        from symphony.store.store import Store

        self._own = not isinstance(asked, Store)
        if isinstance(asked, Store):
            self._store = asked
        elif asked == "memory" or (asked is None and not record):
            self._store = Store.open(None, durability=durability)
        elif asked is None:
            self._store = open_project_store(home, durability=durability)
        else:
            self._store = Store.open(Path(asked), durability=durability)

    def __enter__(self) -> Store:
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
