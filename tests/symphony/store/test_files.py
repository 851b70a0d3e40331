"""Kept values are laid out read-only, under safe names, and anew where somebody changed them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from symphony.model.frozen import FrozenMap
from symphony.model.port_type import parse_port_type
from symphony.store.anchors import Anchors
from symphony.store.files import discard
from symphony.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / ".symphony")


@pytest.mark.parametrize(
    ("value", "type_text", "name"),
    [("<p>", "text/html", "value.html"), ("a,b", "text/csv", "value.csv"), ("x", "string", "value.txt"),
     (b"x", "image/png", "value.png"), (b"x", "bytes", "value.bin"), ([1], "any", "value.msgpack")],
)  # fmt: skip
def test_the_type_gives_the_ending(store: Store, value: object, type_text: str, name: str) -> None:
    assert store.raw_path(store.put(value, type=parse_port_type(type_text))).name == name


@pytest.mark.parametrize("name", ["../../out", "/abs", "..", "a/b", "nul\0"])
def test_a_name_of_a_stranger_does_not_lead_out_of_the_folder(store: Store, name: str) -> None:
    artifact = replace(store.put(b"x"), codec="file", meta=FrozenMap({"name": name, "mode": 0o644}))
    store.flush()

    path = store.raw_path(artifact)

    assert path.parent == store.files.folder / artifact.digest[:2] / artifact.digest
    assert path.name == "value"


def test_what_is_laid_out_is_not_laid_out_again(store: Store) -> None:
    artifact = store.put("x")

    first = store.raw_path(artifact).stat().st_ino

    assert store.raw_path(artifact).stat().st_ino == first


def test_the_same_bytes_as_program_and_as_file_lie_apart(store: Store) -> None:
    file = replace(store.put(b"x"), codec="file", meta=FrozenMap({"name": "a", "mode": 0o644}))
    program = replace(file, meta=FrozenMap({"name": "a", "mode": 0o755}))
    store.flush()

    modes = [store.raw_path(a).stat().st_mode & 0o777 for a in (file, program, file)]

    assert modes == [0o444, 0o555, 0o444]


def test_a_folder_that_was_changed_is_laid_out_anew_by_the_next_process(store: Store, tmp_path: Path) -> None:
    work = tmp_path / "work"
    (work / "site").mkdir(parents=True)
    (work / "site/a").write_text("a")
    artifact = store.put(work / "site", anchors=Anchors(tmp_path, (), work))
    store.flush()
    path = store.raw_path(artifact)
    path.chmod(0o755)
    (path / "b").write_text("b")

    again = Store.open(store.folder).raw_path(artifact)

    assert [p.name for p in again.iterdir()] == ["a"]


def test_a_store_in_memory_leaves_no_files_behind() -> None:
    store = Store.open(None)
    path = store.raw_path(store.put("x"))
    assert path.read_text() == "x"

    store.close()

    assert not path.exists()


def test_discarding_nothing_is_allowed(tmp_path: Path) -> None:
    discard(tmp_path / "missing")
