"""Names of runs and tasks, read without opening a store."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from symphony import melody, operator, run
from symphony.store.glance import planned_tasks, recent_runs


@operator
def double(x: int) -> int:
    return 2 * x


@melody
def twice(x: int = 1):
    once = double(x)
    return double(once)


def test_runs_come_newest_first_and_no_more_than_asked(tmp_path: Path) -> None:
    ids = [run(twice, store=tmp_path).run for _ in range(3)]

    assert recent_runs(tmp_path) == [(id, "twice", "succeeded") for id in reversed(ids)]
    assert [id for id, _, _ in recent_runs(tmp_path, 1)] == ids[-1:]


def test_tasks_come_in_the_order_of_the_plan(tmp_path: Path) -> None:
    first = run(twice, store=tmp_path).run

    tasks = planned_tasks(tmp_path, "last")

    assert [task for task, _ in tasks] == ["once", "double"]
    assert tasks == planned_tasks(tmp_path, first) == planned_tasks(tmp_path, first[:10])
    assert planned_tasks(tmp_path, "no such run") == []


@pytest.mark.parametrize("content", [None, b"", b"no database"], ids=["none", "empty", "damaged"])
def test_what_cannot_be_read_has_no_names_and_is_left_as_it_is(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "symphony.db"
    if content is not None:
        file.write_bytes(content)

    assert recent_runs(tmp_path) == []
    assert planned_tasks(tmp_path, "last") == []
    assert (file.read_bytes() if file.exists() else None) == content


def test_a_writer_at_work_is_not_waited_for(tmp_path: Path) -> None:
    started = run(twice, store=tmp_path).run
    writer = sqlite3.connect(tmp_path / "symphony.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    try:
        assert [id for id, _, _ in recent_runs(tmp_path)] == [started]
    finally:
        writer.close()
