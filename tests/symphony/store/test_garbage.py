"""Collection of garbage removes what nothing refers to, and nothing else."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from symphony.model.artifact import Artifact
from symphony.model.frozen import FrozenMap
from symphony.model.states import RunState, TaskState
from symphony.store.anchors import Anchors
from symphony.store.care import verify
from symphony.store.garbage import collect
from symphony.store.records import CallRecord, KeyEntry, RunRecord
from symphony.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / ".symphony")


def key(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def a_run(store: Store, name: str, *artifacts: Artifact, at: float = 1.0, state: RunState = RunState.SUCCEEDED) -> None:
    """A run whose calls gave these artifacts, recorded under keys of their own."""
    store.begin_run(RunRecord(name, "m", state=state, started_at=at, ended_at=at + 1))
    for n, artifact in enumerate(artifacts):
        outputs = FrozenMap({"out": artifact})
        store.remember(key(f"{name}{n}"), KeyEntry(outputs, name, f"t{n}"))
        store.record([CallRecord(name, f"t{n}", -1, TaskState.SUCCEEDED, key=key(f"{name}{n}"), outputs=outputs)])


def test_what_nothing_refers_to_goes(store: Store) -> None:
    orphans = [store.put("orphan"), store.put("large orphan" * 10_000)]
    kept = [store.put("kept"), store.put("kept large" * 10_000)]
    a_run(store, "r1", *kept)

    report = collect(store, spare_s=0)

    assert (report.artifacts, report.objects, report.keys, report.runs) == (2, 1, 0, [])
    assert [store.contains(a) for a in (*orphans, *kept)] == [False, False, True, True]
    assert [store.get(a) for a in kept] == ["kept", "kept large" * 10_000]


def test_a_dry_run_removes_nothing(store: Store) -> None:
    orphan = store.put("orphan")
    a_run(store, "r1", store.put(1))

    report = collect(store, dry_run=True, keep_runs=0, spare_s=0)

    assert (report.artifacts, report.keys, report.runs) == (2, 1, ["r1"])
    assert store.contains(orphan)
    assert store.lookup(key("r10")) is not None
    assert store.run("r1") is not None


def test_what_is_young_stays_for_whoever_is_about_to_refer_to_it(store: Store) -> None:
    orphans = [store.put("orphan"), store.put("large orphan" * 10_000)]

    collect(store)

    assert all(store.contains(a) for a in orphans)


def test_old_runs_go_with_what_only_they_needed(store: Store) -> None:
    shared, old, new = store.put("shared"), store.put("old"), store.put("new")
    a_run(store, "r1", shared, old, at=1.0)
    a_run(store, "r2", shared, new, at=2.0)
    store.append_log("r1", [{"message": "x"}])

    report = collect(store, keep_runs=1, spare_s=0)

    assert report.runs == ["r1"]
    assert [store.contains(a) for a in (shared, old, new)] == [True, False, True]
    assert (store.calls("r1"), store.logs("r1")) == ([], [])
    assert store.lookup(key("r10")) is not None, "its result is used by the run that stays"
    assert store.lookup(key("r11")) is None
    assert len(store.calls("r2")) == 2


def test_runs_go_by_age(store: Store) -> None:
    a_run(store, "r1", store.put(1), at=1.0)
    a_run(store, "r2", store.put(2), at=4e9)

    assert collect(store, older_than_s=3600, spare_s=0).runs == ["r1"]


def test_while_a_run_is_live_neither_keys_nor_values_go(store: Store) -> None:
    intermediate = store.put("kept, and not yet recorded by a call")
    a_run(store, "old", store.put("old"), at=1.0)
    a_run(store, "live", store.put("live"), at=2.0, state=RunState.RUNNING)

    report = collect(store, keep_runs=0, spare_s=0)

    assert (report.runs, report.keys, report.artifacts) == (["old"], 0, 0)
    assert store.contains(intermediate)
    assert store.lookup(key("live0")) is not None
    assert store.lookup(key("old0")) is not None
    assert len(store.calls("live")) == 1


def test_what_kept_values_refer_to_stays(store: Store, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "f").write_text("inside")
    (work / "g").write_bytes(b"inside" * 20_000)
    value = store.put({"files": [work / "f", work / "g"]}, anchors=Anchors(tmp_path, (), work))
    elements = [store.put(n) for n in range(3)]
    a_run(store, "r1", value, store.put_list([store.put_list(elements)]))

    collect(store, spare_s=0)

    found = store.get(value)
    assert [p.read_bytes() for p in found["files"]] == [b"inside", b"inside" * 20_000]
    assert all(store.contains(e) for e in elements)


def test_what_the_outputs_of_a_run_name_stays(store: Store) -> None:
    artifact = store.put("named")
    a_run(store, "r1")
    store.update_run("r1", outputs={"report": artifact.to_document()})

    collect(store, spare_s=0)

    assert store.contains(artifact)


def test_packs_are_made_small_again(store: Store) -> None:
    values = [f"value {n} " * 20 for n in range(600)]
    artifacts = [store.put(v) for v in values]
    a_run(store, "r1", *artifacts[::10], at=2.0)
    a_run(store, "r0", *artifacts[1::10], at=1.0)
    store.flush()

    collect(store, keep_runs=1, spare_s=0)

    ((size,),) = store.database.read("SELECT sum(length(data)) FROM packs")
    assert size < 60 * 1_000
    assert [store.get(a) for a in artifacts[::10]] == values[::10]
    assert all(store.lookup(key(f"r1{n}")) for n in range(60))
    assert verify(store) == []


def test_another_process_reads_on_after_a_collection(store: Store) -> None:
    values = [f"value {n} " * 20 for n in range(300)]
    artifacts = [store.put(v) for v in values]
    a_run(store, "r1", *artifacts[::10])
    store.flush()
    other = Store.open(store.folder)
    assert other.get(artifacts[0]) == values[0]
    assert other.lookup(key("r10")) is not None

    collect(store, spare_s=0)

    assert [other.get(a) for a in artifacts[::10]] == values[::10]
    assert all(other.lookup(key(f"r1{n}")) for n in range(30))
    assert not other.contains(artifacts[1])
    artifact = other.put(values[1])
    other.flush()
    assert store.get(artifact) == values[1]


def test_files_laid_out_go_with_their_artifact(store: Store) -> None:
    path = store.raw_path(store.put("orphan"))

    collect(store, spare_s=0)

    assert not path.exists()


def test_a_run_whose_engine_was_killed_does_not_keep_garbage_for_ever(store: Store) -> None:
    orphan, kept = store.put("orphan"), store.put("kept")
    a_run(store, "killed", kept, state=RunState.RUNNING)

    assert collect(store, spare_s=0).artifacts == 0, "it may go on"
    report = collect(store, spare_s=0, lives=lambda run: False)

    assert (report.runs, report.artifacts) == ([], 1)
    assert not store.contains(orphan)
    assert store.contains(kept), "it can still be resumed"
    assert collect(store, keep_runs=0, spare_s=0, lives=lambda run: False).runs == ["killed"]


def test_an_object_that_is_kept_again_while_garbage_is_collected_stays(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = b"large" * 20_000
    old = store.put(value)
    store.flush()
    store.catalog.forget(old.digest)
    os.utime(store.objects.path(old.digest), (1.0, 1.0))  # type: ignore[attr-defined]
    other = Store.open(store.folder)
    monkeypatch.setattr(
        store.catalog, "drop_cache", lambda: other.put(value)
    )  # behind the decision, before the removal

    report = collect(store, spare_s=0)
    other.flush()

    assert report.objects == 1
    assert other.get(old) == value
