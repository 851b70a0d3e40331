"""The journal tells what was given, written or waiting, the latest sitting first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from symphony.errors import RefusedError, UsageError
from symphony.model.artifact import Artifact
from symphony.model.frozen import FrozenMap
from symphony.model.states import RunState, TaskState
from symphony.store.records import CallRecord, KeyEntry, Lease, RunRecord
from symphony.store.store import Store

RUN = RunRecord(
    "r1", "report", "ff" * 32, "{}", FrozenMap({"top": 3, "names": ("a",)}), "pit", "ci", FrozenMap({"workers": 2}),
    ("nightly",), RunState.RUNNING, 100.0, None, "host", 7, "boot",
)  # fmt: skip
DONE, FAILED = TaskState.SUCCEEDED, TaskState.FAILED
OUT = FrozenMap({"out": Artifact("ab" * 32, "file", "path", 3, FrozenMap({"name": "a", "mode": 0o644}))})


@pytest.fixture(params=["memory", "folder"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return Store.open(None if request.param == "memory" else tmp_path / "s")


def call(task: str, state: TaskState = DONE, index: int = -1, **more: object) -> CallRecord:
    return CallRecord("r1", task, index, state, **more)  # type: ignore[arg-type]


def test_a_run_comes_back_as_it_was_begun(store: Store) -> None:
    store.begin_run(RUN)

    found = store.run("r1")

    assert found is not None
    assert replace(found, params=RUN.params) == RUN
    assert found.params == {"top": 3, "names": ["a"]}


def test_a_run_is_begun_once(store: Store) -> None:
    store.begin_run(RUN)

    with pytest.raises(UsageError, match="there is a run r1 already"):
        store.begin_run(RUN)


def test_changes_of_a_run_are_kept(store: Store) -> None:
    store.begin_run(RUN)

    store.update_run("r1", state=RunState.FAILED, ended_at=120.0, failure={"task": "a"}, outputs={"x": 1})

    found = store.run("r1")
    assert found is not None
    assert (found.state, found.ended_at, found.failure, found.outputs) == ("failed", 120.0, {"task": "a"}, {"x": 1})
    assert found.plan_text == "{}"


@pytest.mark.parametrize(
    ("run", "changes", "message"),
    [("r1", {"colour": 1}, "no field 'colour'"), ("r2", {"state": RunState.FAILED}, "no run r2")],
)
def test_unknown_runs_and_fields_are_named(store: Store, run: str, changes: dict[str, object], message: str) -> None:
    store.begin_run(RUN)

    with pytest.raises(UsageError, match=message):
        store.update_run(run, **changes)


def test_runs_are_newest_first_and_can_be_narrowed(store: Store) -> None:
    for n, state in enumerate([RunState.SUCCEEDED, RunState.FAILED, RunState.FAILED]):
        store.begin_run(replace(RUN, id=f"r{n}", started_at=float(n), state=state, tags=("odd",) if n % 2 else ()))

    assert [r.id for r in store.runs()] == ["r2", "r1", "r0"]
    assert [r.id for r in store.runs(state="failed", limit=1)] == ["r2"]
    assert [r.id for r in store.runs(since=1.0)] == ["r2", "r1"]
    assert [r.id for r in store.runs(tag="odd", limit=1)] == ["r1"]
    assert store.run("r9") is None


def test_a_call_comes_back_whole(store: Store) -> None:
    whole = CallRecord(
        "r1", "child[3].x", 4, FAILED, 2, 1.5, 2.5, 0.25, "pit-1", "cd" * 32, OUT,
        {"type": "ValueError", "message": "no", "traceback": "..."}, {"inputs.a": "x"}, "when",
    )  # fmt: skip
    store.record([whole])
    assert store.calls("r1") == [whole]

    store.flush()

    assert store.calls("r1") == [whole]


def test_columns_of_mixed_calls_come_back(store: Store) -> None:
    calls = [
        call("a", key="ab" * 32, outputs=OUT),
        call("b", key=None, outputs=None, started_at=1.0),
        call("c", TaskState.SKIPPED, note="failed: b"),
        call("each", index=0, outputs={}),
        call("each", index=1, outputs=OUT, key="cd" * 32),
    ]

    store.record(calls)
    store.flush()

    assert store.calls("r1") == calls


def test_the_last_record_of_a_call_tells_where_it_stands(store: Store) -> None:
    store.record([call("a", TaskState.RETRYING, attempt=1), call("b")])
    store.flush()
    store.record([call("a", attempt=2)])

    assert [(c.task, c.state, c.attempt) for c in store.calls("r1")] == [("a", DONE, 2), ("b", DONE, 0)]


def test_a_later_sitting_wins_over_an_earlier_one(tmp_path: Path) -> None:
    """Semantics 40: a resume opens a new sitting of the same run."""
    first, second = Store.open(tmp_path), Store.open(tmp_path)
    first.begin_run(RUN)
    first.record([call("a", FAILED), call("b")])
    first.flush()
    second.update_run("r1", sitting=2)
    second.record([call("a", attempt=2)])
    second.flush()

    first.record([call("a", FAILED, attempt=9)])
    first.flush()

    assert [(c.task, c.state, c.attempt) for c in second.calls("r1")] == [("a", DONE, 2), ("b", DONE, 0)]


def next_lease(sitting: int, before: Lease | None) -> Lease:
    return Lease("r1", sitting, "host", 7, 1e12)


def test_what_waited_when_a_run_was_taken_again_counts_for_the_earlier_sitting(tmp_path: Path) -> None:
    """Another process had the run in between: what this one still held back must not come after what that one wrote."""
    first, second = Store.open(tmp_path), Store.open(tmp_path)
    first.begin_run(RUN, next_lease(1, None))
    with first._committer.held():  # the group commit waits
        first.record([call("a", FAILED)])
        second.take_run("r1", next_lease, {})
        second.record([call("a", attempt=2)])
        second.flush()

        first.take_run("r1", next_lease, {})

    first.flush()
    assert [(c.task, c.state, c.attempt) for c in second.calls("r1")] == [("a", DONE, 2)]


def test_a_run_that_has_succeeded_is_not_taken(store: Store) -> None:
    """For a run only `succeeded` is final: it may have ended between being looked at and being taken."""
    store.begin_run(RUN, next_lease(1, None))
    store.update_run("r1", state=RunState.SUCCEEDED)

    with pytest.raises(RefusedError, match="r1 succeeded: there is nothing to resume"):
        store.take_run("r1", next_lease, {"state": RunState.RUNNING})

    found = store.run("r1")
    assert found is not None
    assert found.state is RunState.SUCCEEDED


def test_what_is_no_plain_data_is_told_by_its_text_and_stops_no_commit(store: Store) -> None:
    store.record([call("a", FAILED, error={"type": "E", "value": {1, 2}, "odd": object})])

    store.flush()

    assert store.calls("r1")[0].error == {"type": "E", "value": {1, 2}, "odd": "<class 'object'>"}


def test_calls_of_runs_do_not_mix(store: Store) -> None:
    store.record([call("a"), CallRecord("r2", "b", -1, DONE)])
    store.flush()

    assert [c.task for c in store.calls("r1")] == ["a"]
    assert [c.task for c in store.calls("r2")] == ["b"]


def test_the_calls_that_run_now_are_replaced(store: Store) -> None:
    store.running("r1", [{"task": "a"}])
    assert store.running_now("r1") == [{"task": "a"}]
    store.flush()
    store.running("r1", [])
    store.flush()

    assert store.running_now("r1") == []
    assert store.running_now("r2") is None


def test_log_lines_come_back_in_order_of_one_task_with_its_elements(store: Store) -> None:
    def line(n: int, task: str) -> dict[str, object]:
        return {"at": float(n), "task": task, "attempt": 1, "level": "info", "message": str(n)}

    store.append_log("r1", [line(1, "stats[0]"), line(2, "page")])
    store.flush()
    store.append_log("r1", [line(3, "stats[1]"), line(4, "statsx")])

    assert [x["message"] for x in store.logs("r1")] == ["1", "2", "3", "4"]
    assert [x["message"] for x in store.logs("r1", "stats")] == ["1", "3"]
    assert store.logs("r2") == []


def test_the_parts_of_the_latest_good_call_are_found(store: Store) -> None:
    for n, state in enumerate([DONE, DONE, FAILED]):
        store.begin_run(replace(RUN, id=f"r{n}", started_at=float(n)))
        parts = {"player": "text.split@1", "inputs.top": n}
        store.record([CallRecord(f"r{n}", "a", -1, state, parts=parts, key="ab" * 32)])

    assert store.latest_parts("text.split@1", "a", "report") == {"player": "text.split@1", "inputs.top": 1}
    assert store.latest_parts("text.split@1", "b", "report") is None
    assert store.latest_parts("text.split@1", "a", "other") is None


def test_the_parts_may_lie_with_the_key_and_belong_to_an_element(store: Store) -> None:
    store.begin_run(RUN)
    store.remember("ab" * 32, KeyEntry(OUT, "r1", "a[2]", FrozenMap({"x": 1})))
    store.record([call("a", index=2, key="ab" * 32)])
    store.flush()

    assert store.latest_parts("p", "a[2]", "report") == {"x": 1}


def test_a_call_of_another_player_counts_only_where_there_is_no_other(store: Store) -> None:
    for n, player in enumerate(["old", "new"]):
        store.begin_run(replace(RUN, id=f"r{n}", started_at=float(n)))
        store.record([CallRecord(f"r{n}", "a", -1, DONE, parts={"player": player})])

    assert store.latest_parts("old", "a", "report") == {"player": "old"}
    assert store.latest_parts("third", "a", "report") == {"player": "new"}


def test_a_run_that_goes_on_is_read_anew(store: Store) -> None:
    store.begin_run(RUN)
    store.record([call("a", parts={"n": 1})])
    store.flush()
    assert store.latest_parts("", "a", "report") == {"n": 1}

    store.record([call("a", parts={"n": 2})])
    store.flush()

    assert store.latest_parts("", "a", "report") == {"n": 2}


def test_a_damaged_slice_counts_as_not_recorded(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    store.record([call("a")])
    store.flush()
    with store.database.transaction() as connection:
        connection.execute("UPDATE slices SET data=CAST(substr(data, 1, length(data) - 1) || x'00' AS BLOB)")

    with pytest.warns(RuntimeWarning, match="part of the journal of run r1 is damaged"):
        assert store.calls("r1") == []
