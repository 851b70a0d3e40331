"""Stores for tests."""

from __future__ import annotations

from pathlib import Path

from symphony.testing import open_store


def test_a_store_in_memory_gives_back_what_was_put() -> None:
    with open_store() as store:
        assert store.get(store.put({"words": ["to", "be"]})) == {"words": ["to", "be"]}


def test_a_store_in_a_folder_outlives_being_closed(tmp_path: Path) -> None:
    with open_store(tmp_path / "state") as store:
        artifact = store.put([1, 2, 3])

    with open_store(tmp_path / "state") as store:
        assert store.get(artifact) == [1, 2, 3]
