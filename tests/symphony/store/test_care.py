"""Usage is counted, and every damaged artifact is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from symphony.model.frozen import FrozenMap
from symphony.model.states import TaskState
from symphony.store.care import disk_usage, verify
from symphony.store.records import CallRecord, KeyEntry, RunRecord
from symphony.store.store import Store

LARGE = b"large" * 20_000


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / ".symphony")


def test_usage_counts_every_kind(store: Store) -> None:
    large = store.put(LARGE)
    store.put(b"small")
    store.begin_run(RunRecord("r1", "m"))
    store.record([CallRecord("r1", "a", -1, TaskState.SUCCEEDED)])
    store.remember("ab" * 32, KeyEntry(FrozenMap({"out": large})))
    store.raw_path(large)

    usage = disk_usage(store)

    assert (usage["artifacts"].count, usage["artifacts"].size_bytes) == (2, len(LARGE) + 5)
    assert (usage["objects"].count, usage["objects"].size_bytes) == (1, len(LARGE))
    assert (usage["keys"].count, usage["runs"].count, usage["calls"].count) == (1, 1, 1)
    assert (usage["files"].count, usage["files"].size_bytes) == (1, len(LARGE))
    assert usage["database"].size_bytes > 0
    assert usage["quarantine"].count == 0


def test_a_whole_store_has_no_damage(store: Store) -> None:
    store.put(LARGE)
    store.put("small")

    assert verify(store) == []


def test_every_damaged_artifact_is_found_once(store: Store) -> None:
    flipped, gone, small = store.put(LARGE), store.put(LARGE + b"!"), store.put("small value")
    whole = [store.put("whole"), store.put(LARGE + b"?")]
    store.flush()
    path = store.objects.path(flipped.digest)  # type: ignore[attr-defined]
    path.chmod(0o644)
    path.write_bytes(b"X" + path.read_bytes()[1:])
    store.objects.remove(gone.digest)
    with store.database.transaction() as connection:
        connection.execute("UPDATE packs SET data=CAST(replace(data, 'small value', 'SMALL VALUE') AS BLOB)")

    found = verify(store)

    assert [d.digest for d in found] == sorted(a.digest for a in (flipped, gone, small))
    by_digest = {d.digest: d for d in found}
    assert "another digest" in by_digest[flipped.digest].why
    assert "is not in" in by_digest[gone.digest].why
    assert by_digest[flipped.digest].where == f"objects/{flipped.digest[:2]}/{flipped.digest}"
    assert verify(store) == []
    assert all(store.contains(a) for a in whole)


def test_a_damaged_object_without_a_row_is_found(store: Store) -> None:
    artifact = store.put(LARGE)
    store.flush()
    path = store.objects.path(artifact.digest)  # type: ignore[attr-defined]
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[1:])
    store.catalog.forget(artifact.digest)

    assert [d.digest for d in verify(store)] == [artifact.digest]
    assert not path.exists()


def test_a_damaged_record_of_a_run_hides_no_other_and_is_taken_out(store: Store) -> None:
    store.begin_run(RunRecord("r1", "m", started_at=1.0))
    store.begin_run(RunRecord("r2", "m", started_at=2.0))
    with store.database.transaction() as connection:
        ((data,),) = connection.execute("SELECT data FROM runs WHERE id='r1'").fetchall()
        connection.execute("UPDATE runs SET data=? WHERE id='r1'", (data[:-1] + bytes([data[-1] ^ 1]),))

    with pytest.warns(RuntimeWarning, match="the record of a run is damaged"):
        assert [run.id for run in store.runs()] == ["r2"]
    found = verify(store)

    assert [(d.digest, d.where) for d in found] == [("", "symphony.db, run r1")]
    assert verify(store) == []
    assert [run.id for run in store.runs()] == ["r2"]


def test_damaged_parts_of_the_journal_are_named_and_taken_out(store: Store) -> None:
    store.begin_run(RunRecord("r1", "m"))
    store.record([CallRecord("r1", "a", -1, TaskState.SUCCEEDED), CallRecord("r1", "b", -1, TaskState.SUCCEEDED)])
    store.flush()
    store.record([CallRecord("r1", "c", -1, TaskState.SUCCEEDED)])
    store.append_log("r1", [{"task": "a", "message": "hello"}])
    store.flush()
    with store.database.transaction() as connection:
        flipped = "CAST(substr(data, 1, length(data) - 1) || x'00' AS BLOB)"
        connection.execute(f"UPDATE slices SET data={flipped} WHERE id=1")
        connection.execute(f"UPDATE logs SET data={flipped}")

    found = verify(store)

    assert [(d.where, d.why) for d in found] == [
        ("symphony.db, run r1, part 1 of the journal", "it is damaged; 2 calls count as not recorded any more"),
        ("symphony.db, run r1, part 1 of its logs", "it is damaged; its lines are lost"),
    ]
    assert verify(store) == []
    assert [call.task for call in store.calls("r1")] == ["c"]
