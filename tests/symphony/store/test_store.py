"""The front door: values by content, results by key, verification, group commit, faults."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from symphony.errors import CodecError, DamagedArtifactError, StoreError, UsageError
from symphony.model.artifact import Artifact
from symphony.model.frozen import FrozenMap
from symphony.model.port_type import INTEGER
from symphony.store.records import KeyEntry
from symphony.store.store import Store

KEY = "ab" * 32
LARGE = b"large" * 20_000


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / ".symphony")


def entry(artifact: Artifact, run: str = "r1") -> KeyEntry:
    return KeyEntry(FrozenMap({"out": artifact}), run, "a", FrozenMap({"code": "x"}))


def test_the_folder_ignores_itself_in_git(tmp_path: Path) -> None:
    Store.open(tmp_path / "deep/.symphony").close()

    assert (tmp_path / "deep/.symphony/.gitignore").read_text() == "*\n"


@pytest.mark.parametrize(
    "value", [1, "text", b"bytes", LARGE, "x" * 100_000, {"a": [1, (2,)]}], ids=lambda v: repr(v)[:9]
)
@pytest.mark.parametrize("flushed", [True, False], ids=["written", "waiting"])
@pytest.mark.parametrize("kind", ["memory", "folder", "power"])
def test_a_value_comes_back(tmp_path: Path, value: object, flushed: bool, kind: str) -> None:
    folder = None if kind == "memory" else tmp_path
    with Store.open(folder, durability="power" if kind == "power" else "process") as store:
        artifact = store.put(value)
        if flushed:
            store.flush()

        assert store.get(artifact) == value
        assert store.contains(artifact)
        assert store.read_bytes(artifact) == store.open_stream(artifact).read()
        assert hashlib.sha256(store.read_bytes(artifact)).hexdigest() == artifact.digest
        assert store.raw_path(artifact).read_bytes() == store.read_bytes(artifact)


def test_equal_values_have_one_digest_and_are_kept_once(store: Store) -> None:
    one, other = store.put(LARGE), store.put(LARGE)
    store.flush()

    assert one == other
    assert len(list(store.objects.names())) == 1


def test_a_list_is_kept_by_its_elements(store: Store) -> None:
    """Semantics 39: a list made by `each` is kept as element digests."""
    elements = [store.put(n, type=INTEGER) for n in range(5)]

    artifact = store.put_list(elements)

    assert store.elements(artifact) == tuple(elements)
    assert store.get(artifact) == [0, 1, 2, 3, 4]
    with pytest.raises(CodecError, match="only a list has elements"):
        store.elements(elements[0])


def test_a_list_is_not_there_when_an_element_is_not(store: Store) -> None:
    artifact = store.put_list([store.put(1), Artifact("cd" * 32, "msgpack", "any", 1)])
    store.flush()

    assert not store.contains(artifact)


def test_an_artifact_is_found_by_a_prefix_of_its_digest(store: Store) -> None:
    written = store.put("a")
    store.flush()
    waiting = store.put("b")

    assert store.find(written.digest[:7]) == [written]
    assert store.find(waiting.digest) == [waiting]
    assert {a.digest for a in store.find(written.digest[0])} >= {written.digest}
    with pytest.raises(UsageError, match="'xyz' is no digest"):
        store.find("xyz")


def test_what_is_not_there_says_so(store: Store) -> None:
    for size in (3, 100_000):
        missing = Artifact("cd" * 32, "bytes", "any", size)

        assert not store.contains(missing)
        with pytest.raises(DamagedArtifactError, match=r"is not in .*run again what made it"):
            store.get(missing)


# Damage: every way is found, quarantined and never served


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)


def truncate(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1])


def to_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "damage", [flip, truncate, Path.unlink, to_folder], ids=["flip", "truncate", "delete", "folder"]
)
def test_a_damaged_object_is_never_served_and_can_be_kept_again(store: Store, damage: Callable[[Path], None]) -> None:
    artifact = store.put(LARGE)
    store.remember(KEY, entry(artifact))
    store.flush()
    path = store.objects.path(artifact.digest)  # type: ignore[attr-defined]

    damage(path)

    with pytest.raises(DamagedArtifactError) as caught:
        store.get(artifact)
    assert caught.value.digest == artifact.digest
    assert artifact.digest in str(caught.value)
    assert not path.exists()
    assert store.folder is not None
    assert damage is Path.unlink or len(list((store.folder / "quarantine").iterdir())) == 1
    assert not store.contains(artifact)
    assert store.lookup(KEY) is None
    assert store.get(store.put(LARGE)) == LARGE
    assert store.lookup(KEY) is not None


def test_two_swapped_objects_are_never_served(store: Store) -> None:
    one, other = store.put(LARGE), store.put(LARGE + b"!")
    paths = [store.objects.path(a.digest) for a in (one, other)]  # type: ignore[attr-defined]
    os.rename(paths[0], paths[0].with_suffix(".x"))
    os.rename(paths[1], paths[0])
    os.rename(paths[0].with_suffix(".x"), paths[1])

    for artifact in (one, other):
        with pytest.raises(DamagedArtifactError):
            store.get(artifact)


def test_a_damaged_row_is_never_served_and_can_be_kept_again(store: Store, tmp_path: Path) -> None:
    artifact = store.put("a value to damage")
    store.remember(KEY, entry(artifact))
    store.flush()
    with store.database.transaction() as connection:
        (data,) = connection.execute("SELECT data FROM packs WHERE instr(data, 'a value to damage')").fetchone()
        changed = data.replace(b"a value to damage", b"A value to damage")
        connection.execute("UPDATE packs SET data=? WHERE data=?", (changed, data))
    reopened = Store.open(store.folder)

    with pytest.raises(DamagedArtifactError, match="moved to"):
        reopened.get(artifact)

    assert reopened.lookup(KEY) is None
    assert reopened.get(reopened.put("a value to damage")) == "a value to damage"
    assert reopened.lookup(KEY) is not None


def test_a_file_laid_out_and_changed_is_laid_out_anew(store: Store) -> None:
    artifact = store.put("text")
    path = store.raw_path(artifact)
    path.chmod(0o644)
    path.write_text("changed")

    assert store.raw_path(artifact).read_text() == "text"


# Keys


def test_the_result_of_a_key_comes_back(store: Store) -> None:
    result = entry(store.put([1, 2]))
    store.remember(KEY, result)
    assert store.lookup(KEY) == result

    store.flush()

    assert store.lookup(KEY) == result
    assert store.lookup("cd" * 32) is None


@pytest.mark.parametrize("flushed", [True, False], ids=["written", "waiting"])
def test_the_first_result_of_a_key_stays(store: Store, flushed: bool) -> None:
    """Semantics 37: the first recorded is kept."""
    store.remember(KEY, entry(store.put(1), "first"))
    if flushed:
        store.flush()
    store.remember(KEY, entry(store.put(2), "second"))
    store.flush()

    found = store.lookup(KEY)

    assert found is not None
    assert found.run == "first"


@pytest.mark.parametrize("flushed", [True, False], ids=["written", "waiting"])
def test_without_cache_the_result_replaces_the_old(store: Store, flushed: bool) -> None:
    """Semantics 37: `--no-cache` writes, and its result replaces the old."""
    store.remember(KEY, entry(store.put(1), "first"))
    if flushed:
        store.flush()
    store.remember(KEY, entry(store.put(2), "second"), replace=True)
    store.flush()

    found = store.lookup(KEY)

    assert found is not None
    assert found.run == "second"


def test_a_key_whose_artifact_is_gone_is_a_miss_and_is_recorded_again(store: Store) -> None:
    store.remember(KEY, entry(Artifact("cd" * 32, "bytes", "any", 3), "gone"))
    store.flush()
    assert store.lookup(KEY) is None

    store.remember(KEY, entry(store.put(1), "new"))
    store.flush()

    found = store.lookup(KEY)
    assert found is not None
    assert found.run == "new"


def test_keys_of_one_commit_do_not_mix(store: Store) -> None:
    keys = [hashlib.sha256(b"%d" % n).hexdigest() for n in range(300)]
    for n, key in enumerate(keys):
        store.remember(key, entry(store.put(n), str(n)))
    store.flush()

    assert [store.get(e.outputs["out"]) for key in keys if (e := store.lookup(key))] == list(range(300))


# Group commit


def test_numbers_grow_and_tell_when_entries_are_written(store: Store) -> None:
    before = store.sequence
    store.put("a")
    assert store.sequence == before + 1

    store.flush()

    assert store.durable_sequence == store.sequence


def test_closing_writes_what_waits_and_refuses_the_rest(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    artifact = store.put("a")
    store.close()
    store.close()

    assert Store.open(tmp_path).get(artifact) == "a"
    with pytest.raises(StoreError, match="this store is closed"):
        store.get(artifact)


# Faults


def test_an_unknown_durability_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="there are: process, power"):
        Store.open(None, durability="eternal")


def test_a_path_that_is_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StoreError, match="/file") as caught:
        Store.open(tmp_path / "file" / "s")

    assert caught.value.exit_code == 4


def test_a_forked_child_is_refused(store: Store) -> None:
    store.put("a")
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            store.put("b")
            os.write(write, b"no error")
        except StoreError as error:
            os.write(write, str(error).encode())
        finally:
            os._exit(0)
    os.close(write)
    os.waitpid(child, 0)

    assert b"open it again in the child" in os.read(read, 1000)
    assert store.get(store.put("c")) == "c"


def test_values_that_come_without_a_call_are_written_by_a_flush(tmp_path: Path) -> None:
    with Store.open(tmp_path / "state") as one, Store.open(tmp_path / "state") as two:
        encoded = one.encode("small")

        one.record((), rows=one.place(encoded))
        one.flush()

        assert two.get(encoded.artifact) == "small"
