"""Care of the shared side: counted, verified and collected only when it is asked for."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from symphony.errors import UsageError
from symphony.model.frozen import FrozenMap
from symphony.store.address import Shared
from symphony.store.care import collect, disk_usage, verify
from symphony.store.records import KeyEntry
from symphony.store.shared_care import collect_shared, push, shared_usage, verify_shared
from symphony.store.store import Store

LARGE = b"x" * 100_000
ONE, TWO = "ab" * 32, "cd" * 32


@pytest.fixture
def shared() -> Shared:
    return Shared(f"memory://{uuid.uuid4().hex}")


@pytest.fixture
def opened(shared: Shared) -> Callable[..., Store]:
    return lambda **mode: Store.open(None, shared=Shared(shared.url, **mode))


@pytest.fixture
def store(opened: Callable[..., Store]) -> Store:
    store = opened()
    remember(store, ONE, out=LARGE)
    remember(store, TWO, out="small", more=7)
    return store


def remember(store: Store, key: str, **outputs: Any) -> None:
    store.remember(key, KeyEntry(FrozenMap({port: store.put(value) for port, value in outputs.items()}), "r", "t"))
    store.flush()


def test_what_lies_there_is_counted(store: Store) -> None:
    usage = shared_usage(store)

    assert (usage["shared objects"].count, usage["shared keys"].count) == (3, 2)
    assert usage["shared objects"].size_bytes == len(LARGE) + len("small") + 1
    assert usage["shared quarantine"].count == 0
    assert not any(kind.startswith("shared") for kind in disk_usage(store))


def test_a_whole_shared_side_has_no_damage(store: Store) -> None:
    assert verify_shared(store) == []


def test_damage_is_found_and_set_aside_once(store: Store, shared: Shared) -> None:
    digest = hashlib.sha256(LARGE).hexdigest()
    assert store.shared is not None
    store.shared.place.put(f"objects/{digest[:2]}/{digest}", b"y" * len(LARGE))
    store.shared.place.put(f"keys/cd/{TWO}", b"nonsense")

    found = verify_shared(store)

    assert [(d.digest, d.why) for d in found] == [
        (digest, "the bytes have another digest"),
        (TWO, "the checksum does not fit"),
    ]
    assert found[0].where == f"{shared.url}/objects/{digest[:2]}/{digest}"
    assert verify_shared(store) == []
    assert shared_usage(store)["shared quarantine"].count == 2


def test_damage_is_only_told_where_nothing_may_be_written(store: Store, opened: Callable[..., Store]) -> None:
    assert store.shared is not None
    store.shared.place.put(f"keys/cd/{TWO}", b"nonsense")
    reader = opened(write=False)

    assert len(verify_shared(reader)) == len(verify_shared(reader)) == 1


def test_a_collection_here_removes_nothing_there(store: Store, opened: Callable[..., Store]) -> None:
    collect(store, keep_runs=0, spare_s=0)

    assert shared_usage(store)["shared keys"].count == 2
    assert opened().lookup(ONE) is not None


def test_a_collection_here_removes_what_only_others_computed(tmp_path: Path, store: Store, shared: Shared) -> None:
    with Store.open(tmp_path, shared=shared) as other:
        assert other.lookup(ONE) is not None
        other.flush()

        assert collect(other, spare_s=0).keys == 1
        assert other.lookup(ONE) is not None, "it comes back from the shared side"


def test_verifying_here_asks_nobody_else(tmp_path: Path, store: Store, shared: Shared) -> None:
    with Store.open(tmp_path, shared=shared) as other:
        assert other.lookup(ONE) is not None

        assert verify(other) == []


def test_objects_that_no_key_refers_to_go(store: Store, opened: Callable[..., Store]) -> None:
    store.put_list([store.put(1), store.put(2)])
    store.flush()

    would = collect_shared(store, dry_run=True, spare_s=-1)
    assert (would.keys, would.objects) == (0, 3)
    assert shared_usage(store)["shared objects"].count == 6

    assert collect_shared(store, spare_s=-1) == would
    assert shared_usage(store)["shared objects"].count == 3
    other = opened()
    assert all(other.get(a) is not None for key in (ONE, TWO) for a in other.lookup(key).outputs.values())  # type: ignore[union-attr]


def test_young_objects_stay(store: Store) -> None:
    store.put("nobody refers to it")
    store.flush()

    assert collect_shared(store).objects == 0


def test_old_keys_go_with_what_only_they_referred_to(store: Store, opened: Callable[..., Store]) -> None:
    gone = collect_shared(store, older_than_s=-1, spare_s=-1)

    assert (gone.keys, gone.objects) == (2, 3)
    assert opened().lookup(ONE) is None


def test_what_a_kept_value_refers_to_stays(store: Store, opened: Callable[..., Store]) -> None:
    whole = store.put_list([store.put("element"), store.put(LARGE[::-1] + b"z")])
    store.remember("ef" * 32, KeyEntry(FrozenMap({"out": whole})))
    store.flush()

    assert collect_shared(store, spare_s=-1).objects == 0
    assert opened().get(whole) == ["element", LARGE + b"z"]


def test_a_collector_that_may_not_write_is_refused(opened: Callable[..., Store]) -> None:
    with pytest.raises(UsageError, match="is used read-only here"):
        collect_shared(opened(write=False))


def test_a_store_without_a_shared_side_says_how_to_get_one() -> None:
    with pytest.raises(UsageError, match="SYMPHONY_STORE=s3://bucket/prefix"):
        shared_usage(Store.open(None))


def test_pushing_puts_what_is_only_here(tmp_path: Path, shared: Shared, opened: Callable[..., Store]) -> None:
    with Store.open(tmp_path) as alone:
        remember(alone, ONE, out=LARGE, small=1)
    with Store.open(tmp_path, shared=shared) as store:
        assert push(store) == push(store) == 1

    found = opened().lookup(ONE)
    assert found is not None
    assert opened().get(found.outputs["out"]) == LARGE
