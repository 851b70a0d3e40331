"""Opens a store for a test."""

from __future__ import annotations

from pathlib import Path

from symphony.store.store import Store


def open_store(folder: Path | None = None) -> Store:
    """Open a store with `put(value) -> Artifact` and `get(artifact) -> value`; close it, or use it with `with`.

    Args:
        folder: where it lies, such as pytest's ``tmp_path``; nothing for a store in memory.

    Raises:
        StoreError: the folder cannot be written.
    """
    return Store.open(folder)
