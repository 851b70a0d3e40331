"""Paths as values: kept from the work folder, remembered as sources elsewhere."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from symphony.errors import CodecError, StoreError
from symphony.store.anchors import Anchors
from symphony.store.identity import key_part
from symphony.store.store import Store


@pytest.fixture
def place(tmp_path: Path) -> Anchors:
    for name in ("project", "work", "other"):
        (tmp_path / name).mkdir()
    return Anchors(tmp_path / "project", (("repo", tmp_path / "other"),), tmp_path / "work")


@pytest.fixture
def store(place: Anchors) -> Store:
    return Store.open(place.root / ".symphony")


def test_a_path_in_the_work_folder_is_kept_with_bytes_name_and_mode(store: Store, place: Anchors) -> None:
    """Semantics 6: a returned path inside the work folder is kept (bytes, base name, mode)."""
    assert place.workdir is not None
    made = place.workdir / "run.sh"
    made.write_bytes(b"#!/bin/sh\n")
    made.chmod(0o700)

    artifact = store.put(made, anchors=place)
    made.unlink()
    found = store.get(artifact, anchors=place)

    assert (artifact.codec, artifact.digest) == ("file", hashlib.sha256(b"#!/bin/sh\n").hexdigest())
    assert artifact.meta == {"name": "run.sh", "mode": 0o755}
    assert (found.name, found.read_bytes()) == ("run.sh", b"#!/bin/sh\n")
    assert found.stat().st_mode & 0o777 == 0o555


def test_a_folder_in_the_work_folder_is_kept(store: Store, place: Anchors) -> None:
    """Semantics 6: a returned path inside the work folder is kept."""
    assert place.workdir is not None
    (place.workdir / "site/sub").mkdir(parents=True)
    (place.workdir / "site/sub/page.html").write_text("x" * 100_000)

    artifact = store.put(place.workdir / "site", anchors=place)
    found = store.get(artifact)

    assert artifact.codec == "folder"
    assert (found / "sub/page.html").read_text() == "x" * 100_000


def test_a_path_elsewhere_is_a_source_named_from_the_root(store: Store, place: Anchors) -> None:
    """Semantics 4 and 6: outside the work folder it is a source, named relative to the project root."""
    (place.root / "data.csv").write_text("a")

    artifact = store.put(place.root / "data.csv", anchors=place)

    assert (artifact.codec, artifact.digest) == ("source", hashlib.sha256(b"a").hexdigest())
    assert artifact.meta == {"kind": "file", "anchor": "", "name": "data.csv"}
    assert store.get(artifact, anchors=place) == place.root / "data.csv"


def test_two_checkouts_give_the_same_source(tmp_path: Path, store: Store, place: Anchors) -> None:
    """Semantics 4: with absolute paths two checkouts would share nothing."""
    copy = Anchors(tmp_path / "copy", (("repo", tmp_path / "other2"),))
    for folder in (place.root, place.params[0][1], copy.root, copy.params[0][1]):
        folder.mkdir(exist_ok=True)
        (folder / "a").write_text("x")

    parts = [
        [key_part(store.put([folder / "a"], anchors=anchors)) for folder in (anchors.root, anchors.params[0][1])]
        for anchors in (place, copy)
    ]

    assert parts[0] == parts[1]


def test_two_empty_files_of_different_names_are_two_values(store: Store, place: Anchors) -> None:
    """Semantics 4: without the name two empty `__init__.py` share one wrong result."""
    for name in ("a", "b"):
        (place.root / name).mkdir()
        (place.root / name / "__init__.py").touch()
    one, other = (store.put(place.root / name / "__init__.py", anchors=place) for name in ("a", "b"))

    assert one.digest == other.digest
    assert key_part(one) != key_part(other)


def test_a_source_is_there_as_long_as_its_bytes_are(store: Store, place: Anchors) -> None:
    file = place.root / "a"
    file.write_text("one")
    artifact = store.put([file], anchors=place)
    assert store.contains(artifact, anchors=place)

    file.write_text("two")

    assert not store.contains(artifact, anchors=place)
    with pytest.raises(StoreError, match="has changed or is gone"):
        store.get(artifact, anchors=place)


def test_paths_inside_values_come_back_absolute(store: Store, place: Anchors) -> None:
    assert place.workdir is not None
    (place.workdir / "out").write_text("kept")
    (place.root / "in").write_text("source")
    value = {"files": (place.workdir / "out", place.root / "in"), "n": 1}

    found = store.get(store.put(value, anchors=place), anchors=place)

    kept, source = found["files"]
    assert kept.read_text() == "kept"
    assert source == place.root / "in"
    assert found["n"] == 1


def test_by_name_the_bytes_do_not_count(store: Store, place: Anchors) -> None:
    """Semantics 3: `ByName` enters by name only."""
    file = place.root / "a"
    parts = []
    for text in ("one", "two"):
        file.write_text(text)
        parts.append(key_part(store.encode(file, anchors=place, by_name=True).artifact))

    assert parts[0] == parts[1]
    assert parts[0] != key_part(store.encode(place.root / "b", anchors=place, by_name=True).artifact)


def test_a_path_where_nothing_lies_is_a_value_until_something_does(store: Store, place: Anchors) -> None:
    artifact = store.put(place.root / "later", anchors=place)
    assert store.contains(artifact, anchors=place)
    assert store.get(artifact, anchors=place) == place.root / "later"

    (place.root / "later").touch()

    assert not store.contains(artifact, anchors=place)


def test_a_returned_path_without_a_file_is_refused(store: Store, place: Anchors) -> None:
    assert place.workdir is not None
    with pytest.raises(CodecError, match="there is nothing"):
        store.put(place.workdir / "missing", anchors=place)


def test_a_kept_file_that_is_passed_on_stays_the_same_artifact(store: Store, place: Anchors) -> None:
    assert place.workdir is not None
    (place.workdir / "a.txt").write_text("x")
    artifact = store.put(place.workdir / "a.txt", anchors=place)

    again = store.put(store.get(artifact), anchors=place)

    assert again == artifact


def test_a_large_file_is_an_object(store: Store, place: Anchors) -> None:
    assert place.workdir is not None
    (place.workdir / "big").write_bytes(b"ab" * 100_000)

    artifact = store.put(place.workdir / "big", anchors=place)

    assert store.objects.has(artifact.digest, 200_000)
    assert store.read_bytes(artifact) == b"ab" * 100_000
