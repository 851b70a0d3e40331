"""Opens the store of a project, or the one that was asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from symphony.config.project import Project
from symphony.config.shared_store import SharedStoreSettings
from symphony.errors import SurroundingsError

if TYPE_CHECKING:
    from symphony.store.store import Store


def open_project_store(
    project: Project, *, durability: str = "process", shared: SharedStoreSettings | None = None
) -> Store:
    """Open the store in the project's state folder, making it if need be.

    Args:
        shared: the shared store behind it, if there is one.

    Raises:
        SurroundingsError: this build has no shared stores.
    """
    return _opened(project.state, durability, shared)


def _opened(folder: Path, durability: str, shared: SharedStoreSettings | None) -> Store:
    from symphony.store.store import Store

    if shared is not None:
        raise SurroundingsError(f"this build cannot open the shared store {shared.name}; take the setting store out")
    return Store.open(folder, durability=durability)


def open_store_to_look(project: Project) -> Store:
    """The project's store, or an empty one in memory where nothing was ever kept: who only looks makes no folder."""
    from symphony.store.store import Store

    return open_project_store(project) if (project.state / "symphony.db").exists() else Store.open(None)


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
        return self._store

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        # values that a result loads lazily come from the store: one in memory lives as long as the result does
        if self._own and self._store.folder is not None:
            self._store.flush() if kind is None else self._store.close()
