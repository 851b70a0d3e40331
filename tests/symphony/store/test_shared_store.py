"""Two stores with one shared side serve each other's results, and nothing damaged."""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symphony.errors import CodecError, DamagedArtifactError, StoreError
from symphony.model.artifact import Artifact
from symphony.model.frozen import FrozenMap
from symphony.store.address import Shared, StoreAddress
from symphony.store.anchors import Anchors
from symphony.store.records import KeyEntry
from symphony.store.store import Store

LARGE = bytes(range(256)) * 1000
KEY, OTHER = "ab" * 32, "cd" * 32
Opened = Callable[..., Store]


@pytest.fixture(params=["file", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"file://{tmp_path}/shared" if request.param == "file" else f"memory://{uuid.uuid4().hex}/x"


@pytest.fixture
def opened(url: str, tmp_path: Path) -> Iterator[Opened]:
    stores = []

    def open_one(name: str, **mode: Any) -> Store:
        store = Store.open(tmp_path / name / ".symphony", shared=Shared(url, **{"patience_s": 0, **mode}))
        stores.append(store)
        return store

    yield open_one
    for store in stores:
        store.close()


def remember(store: Store, key: str, *, replace: bool = False, **outputs: Any) -> dict[str, Artifact]:
    artifacts = {port: store.put(value) for port, value in outputs.items()}
    store.remember(
        key, KeyEntry(FrozenMap(artifacts), "run1", "t", FrozenMap({"inputs.x": ("1", "2")})), replace=replace
    )
    store.flush()
    return artifacts


def spoil(url: str, artifact: Artifact, data: bytes | None) -> None:
    """Change an object behind everybody's back; nothing removes it."""
    place = Store.open(None, shared=Shared(url)).shared.place  # type: ignore[union-attr]
    name = f"objects/{artifact.digest[:2]}/{artifact.digest}"
    assert place.size(name) is not None
    place.remove(name) if data is None else place.put(name, data)


VALUES = [None, 7, "text", {"a": [1, (2, 3)]}, b"x" * 5_000, LARGE, np.arange(20_000)]


@pytest.mark.parametrize("value", VALUES, ids=["none", "int", "text", "plain", "middle", "large", "array"])
def test_a_result_is_served_to_another_machine(opened: Opened, value: Any) -> None:
    """Semantics 45: on a shared store each key is also a small object."""
    one, two = opened("one"), opened("two")
    remember(one, KEY, out=value)

    entry = two.lookup(KEY)

    assert entry is not None
    assert (entry.run, entry.task, dict(entry.parts)) == ("run1", "t", {"inputs.x": ["1", "2"]})
    got = two.get(entry.outputs["out"])
    assert np.array_equal(got, value) if isinstance(value, np.ndarray) else got == value


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=12))
def test_a_shared_side_is_a_dictionary_whose_first_entries_stay(steps: list[tuple[int, int]]) -> None:
    """Semantics 37, 45: the first recorded is kept."""
    shared = Shared(f"memory://{uuid.uuid4().hex}")
    model: dict[str, int] = {}
    for number, value in steps:
        key = hashlib.sha256(bytes([number])).hexdigest()
        with Store.open(None, shared=shared) as store:
            found = store.lookup(key)
            assert (None if found is None else store.get(found.outputs["out"])) == model.get(key)
            remember(store, key, out=value)
            model.setdefault(key, value)


def test_a_key_is_put_after_its_artifacts(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """Semantics 45: put if absent after its artifacts."""
    one = opened("one")
    assert one.shared is not None
    names: list[str] = []
    put, put_pieces = one.shared.place.put, one.shared.place.put_pieces
    monkeypatch.setattr(one.shared.place, "put", lambda name, *a, **k: (names.append(name), put(name, *a, **k)))
    monkeypatch.setattr(one.shared.place, "put_pieces", lambda name, *a: (names.append(name), put_pieces(name, *a)))

    remember(one, KEY, out=1, large=LARGE)

    assert [name.split("/")[0] for name in names] == ["objects", "objects", "keys"]


def test_what_came_from_the_shared_side_is_known_without_it_and_not_put_back(
    opened: Opened, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Semantics 45: SQLite is its cache."""
    remember(opened("one"), KEY, out={"a": 1}, large=LARGE)
    two = opened("two")
    entry = two.lookup(KEY)
    assert entry is not None
    assert two.get(entry.outputs["large"]) == LARGE
    assert two.shared is not None
    monkeypatch.setattr(two.shared.place, "put", lambda *_, **__: pytest.fail("it was put back"))
    monkeypatch.setattr(two.shared.place, "put_pieces", lambda *_, **__: pytest.fail("it was put back"))
    two.flush()
    two.close()

    with Store.open(tmp_path / "two" / ".symphony") as alone:
        found = alone.lookup(KEY)
        assert found == entry
        assert alone.get(found.outputs["out"]) == {"a": 1}
        assert alone.get(found.outputs["large"]) == LARGE


def test_files_and_folders_inside_a_value_come_along(opened: Opened, tmp_path: Path) -> None:
    one, two = opened("one"), opened("two")
    work = tmp_path / "work"
    (work / "sub").mkdir(parents=True)
    (work / "a.txt").write_text("small")
    (work / "sub" / "b.bin").write_bytes(LARGE)
    artifact = one.put({"file": work / "a.txt", "folder": work / "sub"}, anchors=Anchors(tmp_path, (), work))
    one.remember(KEY, KeyEntry(FrozenMap({"out": artifact})))
    one.flush()
    shutil.rmtree(work)

    entry = two.lookup(KEY)

    assert entry is not None
    got = two.get(entry.outputs["out"])
    assert got["file"].read_text() == "small"
    assert (got["folder"] / "b.bin").read_bytes() == LARGE


def test_a_list_of_elements_comes_along(opened: Opened) -> None:
    """Semantics 39: a list made by `each` is kept as element digests."""
    one, two = opened("one"), opened("two")
    whole = one.put_list([one.put(1), one.put(LARGE)])
    one.flush()

    assert two.get(whole) == [1, LARGE]


def test_a_source_is_served_where_the_same_file_lies(opened: Opened, tmp_path: Path) -> None:
    """Semantics 4: two checkouts share results."""
    one, two, three = opened("one"), opened("two"), opened("three")
    for name in ("one", "two"):
        (tmp_path / name / "data.csv").write_text("1,2\n")
    (tmp_path / "three" / "data.csv").write_text("other\n")
    one.remember(KEY, KeyEntry(FrozenMap({"out": one.put(tmp_path / "one" / "data.csv")})))
    one.flush()

    entry = two.lookup(KEY)

    assert entry is not None
    assert two.get(entry.outputs["out"]) == tmp_path / "two" / "data.csv"
    assert three.lookup(KEY) is None


# Damage


@pytest.mark.parametrize("bytes_there", [b"y" * len(LARGE), b"", LARGE + b"!"], ids=["changed", "empty", "longer"])
def test_a_damaged_large_object_is_never_served_and_is_healed_by_what_is_made_again(
    opened: Opened, url: str, bytes_there: bytes
) -> None:
    large = remember(opened("one"), KEY, out=LARGE)["out"]
    spoil(url, large, bytes_there)
    two = opened("two")

    with pytest.raises(DamagedArtifactError, match=r"is damaged in .* moved to .*quarantine/"):
        two.get(large)
    assert two.lookup(KEY) is None

    remember(two, KEY, out=LARGE)
    three = opened("three")
    assert three.lookup(KEY) is not None
    assert three.get(large) == LARGE


def test_a_damaged_small_object_is_never_served(opened: Opened, url: str) -> None:
    one = opened("one")
    small = one.put("a small value")
    one.flush()
    spoil(url, small, b"another value")
    two = opened("two")

    with pytest.raises(DamagedArtifactError, match="the bytes have another digest"):
        two.get(small)


def test_one_bad_answer_is_no_damage(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = opened("one"), opened("two")
    small = one.put("a small value")
    one.flush()
    assert two.shared is not None
    answers = [b"cut sho"]
    read = two.shared.place.read
    monkeypatch.setattr(two.shared.place, "read", lambda name: answers.pop() if answers else read(name))

    assert two.get(small) == "a small value"


def test_a_key_whose_object_is_gone_is_none_and_is_replaced(opened: Opened, url: str) -> None:
    large = remember(opened("one"), KEY, out=LARGE)["out"]
    spoil(url, large, None)
    two = opened("two")
    assert two.lookup(KEY) is None

    again = remember(two, KEY, out=LARGE[::-1])["out"]

    found = opened("three").lookup(KEY)
    assert found is not None
    assert found.outputs["out"] == again


def test_a_damaged_key_is_none_and_is_replaced(opened: Opened) -> None:
    one, two = opened("one"), opened("two")
    remember(one, KEY, out=1)
    assert one.shared is not None
    one.shared.place.put(f"keys/ab/{KEY}", b"nonsense")
    assert two.lookup(KEY) is None

    remember(two, KEY, out=1)

    assert opened("three").lookup(KEY) is not None


def test_a_damaged_local_object_is_fetched_again(opened: Opened, tmp_path: Path) -> None:
    one = opened("one")
    large = remember(one, KEY, out=LARGE)["out"]
    path = tmp_path / "one" / ".symphony" / "objects" / large.digest[:2] / large.digest
    path.chmod(0o644)
    path.write_bytes(b"y" * len(LARGE))

    assert one.get(large) == LARGE
    assert path.read_bytes() == LARGE
    assert len(list((tmp_path / "one" / ".symphony" / "quarantine").iterdir())) == 1


def test_a_pickle_of_another_machine_is_never_read(opened: Opened) -> None:
    one, two = opened("one"), opened("two")
    pickled = one.put({1, 2}, codec="pickle")
    one.remember(KEY, KeyEntry(FrozenMap({"out": pickled})))
    one.flush()

    assert one.lookup(KEY) is not None
    assert two.lookup(KEY) is None
    with pytest.raises(CodecError, match="pickle"):
        two.get(pickled)


# Modes


def test_reading_without_writing_leaves_the_shared_side_as_it_is(opened: Opened, url: str) -> None:
    remember(opened("one"), KEY, out=LARGE)
    reader = opened("reader", write=False)

    assert reader.lookup(KEY) is not None
    remember(reader, OTHER, out="new")

    assert opened("two").lookup(OTHER) is None
    with pytest.raises(StoreError, match="no shared side that may be written"):
        reader.share([])


def test_damage_is_refused_but_left_where_nothing_may_be_written(opened: Opened, url: str) -> None:
    large = remember(opened("one"), KEY, out=LARGE)["out"]
    spoil(url, large, b"y" * len(LARGE))

    with pytest.raises(DamagedArtifactError):
        opened("reader", write=False).get(large)
    assert opened("two").shared.place.size(f"objects/{large.digest[:2]}/{large.digest}") == len(LARGE)  # type: ignore[union-attr]


def test_writing_without_reading_looks_nothing_up_there(opened: Opened) -> None:
    remember(opened("one"), KEY, out=1)
    writer = opened("writer", read=False)

    assert writer.lookup(KEY) is None
    remember(writer, OTHER, out=2)

    assert opened("two").lookup(OTHER) is not None


def test_off_is_no_shared_side(opened: Opened) -> None:
    assert opened("one", read=False, write=False).shared is None


# Failures


def refuse(*_: Any, **__: Any) -> Any:
    raise StoreError("the place does not answer")


def test_what_could_not_be_shared_is_recorded_here_and_shared_by_the_next_process(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = opened("one")
    assert one.shared is not None
    with monkeypatch.context() as broken:
        broken.setattr(one.shared.place, "put", refuse)
        with pytest.raises(StoreError, match="does not answer"):
            remember(one, KEY, out=1, large=LARGE)
    found = one.lookup(KEY)
    assert found is not None
    one.close()
    assert opened("two").lookup(KEY) is None

    again = opened("one")
    again.flush()

    served = opened("three")
    assert served.lookup(KEY) == found
    assert served.get(found.outputs["large"]) == LARGE


def test_what_is_owed_is_told_by_every_flush_until_it_is_paid(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    one = opened("one")
    assert one.shared is not None
    artifact = one.put("x")
    with monkeypatch.context() as broken:
        broken.setattr(one.shared.place, "put", refuse)
        for _ in range(2):
            with pytest.raises(StoreError, match="does not answer"):
                one.flush()
    one.put("y")

    one.flush()

    assert opened("two").get(artifact) == "x"
    assert not one.shared.owes


def test_a_crash_between_upload_and_commit_harms_nobody(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    one = opened("one")

    def crash(*_: Any, **__: Any) -> Any:
        raise StoreError("the disk is gone")

    with monkeypatch.context() as broken:
        broken.setattr(one.database, "transaction", crash)
        with pytest.raises(StoreError, match="the disk is gone"):
            remember(one, KEY, out=LARGE)

    assert opened("two").lookup(KEY) is not None
    one.flush()
    assert one.lookup(KEY) is not None


# Workers


def test_a_worker_opens_the_same_store_from_plain_data(opened: Opened, tmp_path: Path) -> None:
    one = opened("one")
    sent = one.address.to_document()
    here = StoreAddress.from_document(sent)

    with Store.open_at(StoreAddress(tmp_path / "scratch", here.shared)) as worker:
        made = remember(worker, KEY, out=LARGE)["out"]

    assert one.get(made) == LARGE
    assert one.lookup(KEY) is not None


def test_sharing_puts_what_was_kept_before_there_was_a_shared_side(opened: Opened, tmp_path: Path) -> None:
    with Store.open(tmp_path / "one" / ".symphony") as alone:
        whole = alone.put_list([alone.put("a"), alone.put(LARGE)])
    one = opened("one")

    one.share([whole])

    assert opened("two").get(whole) == ["a", LARGE]


def test_a_store_is_refused_in_a_forked_child(opened: Opened) -> None:
    one = opened("one")
    remember(one, KEY, out=1)
    assert one.shared is not None
    child = os.fork()
    if child == 0:
        try:
            one.shared.place.read("x")
        except StoreError:
            os._exit(7)
        os._exit(1)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
