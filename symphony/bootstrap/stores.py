"""Opens the store of a project, or the one that was asked for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symphony.config.project import Project
from symphony.errors import UsageError
from symphony.model.quantities import parse_duration_s

if TYPE_CHECKING:
    from symphony.store.address import Shared
    from symphony.store.store import Store


def shared_of_environment() -> Shared | None:
    """The shared side that ``SYMPHONY_STORE`` names, or nothing; ``SYMPHONY_STORE_PATIENCE`` is how long it is waited for.

    Raises:
        UsageError: the patience is no duration.
    """
    return _shared_at(os.environ.get("SYMPHONY_STORE", ""))


def _shared_at(url: str) -> Shared | None:
    if not url:
        return None
    from symphony.store.address import PATIENCE_S, Shared

    text = os.environ.get("SYMPHONY_STORE_PATIENCE")
    try:
        patience_s = parse_duration_s(text) if text else PATIENCE_S
    except ValueError as error:
        raise UsageError(f"SYMPHONY_STORE_PATIENCE={text!r}: {error}") from error
    return Shared(url, patience_s=patience_s)


def open_project_store(project: Project, *, durability: str = "process", url: str = "") -> Store:
    """Open the store in the project's state folder, making it if need be.

    Args:
        url: the URL of its shared side; by default ``SYMPHONY_STORE`` names it.
    """
    from symphony.store.store import Store

    return Store.open(project.state, durability=durability, shared=_shared_at(url) or shared_of_environment())


def open_store_to_look(project: Project) -> Store:
    """The project's store, or an empty one in memory where nothing was ever kept: who only looks makes no folder."""
    from symphony.store.store import Store

    if (project.state / "symphony.db").exists():
        return open_project_store(project)
    return Store.open(None, shared=shared_of_environment())


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
        elif isinstance(asked, str) and "://" in asked:
            self._store = open_project_store(home, durability=durability, url=asked)
        else:
            self._store = Store.open(Path(asked), durability=durability)

    def __enter__(self) -> Store:
        self._store.greet()
        return self._store

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        # values that a result loads lazily come from the store: one in memory lives as long as the result does
        if self._own and self._store.folder is not None:
            self._store.flush() if kind is None else self._store.close()
