"""Parcels hold values in the forms of the store, small ones in the message, large ones in files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pyarrow
import pytest

from symphony.errors import CodecError, DamagedArtifactError
from symphony.ipc.framing import Decoder, frame
from symphony.runtime.processes.parcel import Parcel, ParcelStore, make_spool, remove_spool
from symphony.store.anchors import Anchors
from symphony.store.encoded import SMALL_BYTES
from symphony.store.store import Store


@pytest.fixture
def parcels(tmp_path: Path) -> ParcelStore:
    (tmp_path / "spool").mkdir()
    return ParcelStore(tmp_path / "spool", tmp_path / "store")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store") as opened:
        yield opened


def over_the_wire(parcel: Parcel) -> Parcel:
    return Parcel.from_wire(Decoder().feed(frame(parcel.to_wire()))[0])


VALUES = [
    None, 7, "text", b"bytes", [1, (2, {3})], {"path": Path("/somewhere/else")}, Path("/somewhere"), "t" * SMALL_BYTES * 2,
    b"b" * SMALL_BYTES * 2, list(range(SMALL_BYTES)),
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=lambda v: repr(v)[:20])
def test_values_come_back_equal_and_of_the_same_class(parcels: ParcelStore, value: Any) -> None:
    parcel = over_the_wire(parcels.pack(value))

    back = parcels.unpack(parcel)

    assert (back, type(back)) == (value, type(value))
    assert (parcel.data is None) == (parcel.artifact.size_bytes > SMALL_BYTES or parcel.artifact.codec == "source")


def test_tables_are_views_of_their_file(parcels: ParcelStore) -> None:
    table = pyarrow.table({"a": numpy.arange(50_000)})
    parcel = parcels.pack(table)
    before = pyarrow.total_allocated_bytes()

    back = parcels.unpack(parcel)

    assert back == table
    assert pyarrow.total_allocated_bytes() - before < 50_000


def test_a_value_outlives_its_file(parcels: ParcelStore) -> None:
    values = numpy.arange(100_000)
    parcel = parcels.pack(values)
    back = parcels.unpack(parcel)

    parcels.release(parcel)

    assert not parcels.path(parcel).exists()
    assert numpy.array_equal(back, values)


def test_the_digest_of_a_result_is_the_one_that_a_store_gives(parcels: ParcelStore, store: Store) -> None:
    for value in (numpy.arange(100_000).reshape(10, -1), numpy.arange(100_000)[::2], b"x" * SMALL_BYTES * 3, "short"):
        assert parcels.put(value).digest == store.encode(value).artifact.digest


def test_what_a_store_keeps_becomes_a_parcel(parcels: ParcelStore, store: Store, tmp_path: Path) -> None:
    there = tmp_path / "there.txt"
    there.write_text("x")
    values: list[Any] = [1, "t" * SMALL_BYTES * 2, [there, "x" * SMALL_BYTES * 2], there, numpy.ones(SMALL_BYTES)]
    for value in values:
        parcel = over_the_wire(parcels.pack_artifact(store, store.put(value)))
        assert (
            numpy.array_equal(parcels.unpack(parcel), value)
            if hasattr(value, "shape")
            else parcels.unpack(parcel) == value
        )
    elements = store.put_list([store.put(1), store.put(there)])
    assert parcels.unpack(parcels.pack_artifact(store, elements)) == [1, there]


def test_a_large_object_of_the_store_is_not_copied(parcels: ParcelStore, store: Store) -> None:
    parcel = parcels.pack_artifact(store, store.put(numpy.ones(SMALL_BYTES)))

    assert (parcel.data, parcel.at) == (None, "")


def test_a_damaged_object_is_never_served(parcels: ParcelStore, store: Store) -> None:
    parcel = parcels.pack_artifact(store, store.put(b"x" * SMALL_BYTES * 2))
    path = parcels.path(parcel)
    path.chmod(0o644)
    path.write_bytes(b"y" * SMALL_BYTES * 2)

    with pytest.raises(DamagedArtifactError, match="have another digest"):
        parcels.unpack(parcel)


def test_results_are_put_and_kept_with_the_files_they_refer_to(
    parcels: ParcelStore, store: Store, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "a.txt").write_text("a")
    artifact = parcels.put({"file": work / "a.txt"}, anchors=Anchors(tmp_path, workdir=work))
    parcel = over_the_wire(parcels.taken(artifact))
    (work / "a.txt").unlink()

    with pytest.raises(CodecError, match="once it is kept in a store"):
        parcels.unpack(parcel)

    assert store.get(parcels.keep(store, parcel))["file"].read_text() == "a"


def test_a_kept_result_counts_only_as_long_as_the_sources_in_it_are_the_same(
    parcels: ParcelStore, store: Store, tmp_path: Path
) -> None:
    """Semantics 6."""
    source = tmp_path / "source.txt"
    source.write_text("before")
    artifact = parcels.put([source], anchors=Anchors(tmp_path))
    kept = parcels.keep(store, over_the_wire(parcels.taken(artifact)))
    assert store.contains(kept, anchors=Anchors(tmp_path))

    source.write_text("after, and longer")

    assert not store.contains(kept, anchors=Anchors(tmp_path))


def test_what_cannot_come_back_equal_is_refused(parcels: ParcelStore) -> None:
    """Semantics 38; and pickle is used only where it is asked for."""
    with pytest.raises(CodecError, match="cannot keep value"):
        parcels.pack(object)

    assert parcels.unpack(parcels.pack({"class": dict}, codec="pickle")) == {"class": dict}


def test_a_spool_is_private_and_goes(tmp_path: Path) -> None:
    spool = make_spool()

    assert spool.stat().st_mode & 0o777 == 0o700
    remove_spool(spool)
    assert not spool.exists()
