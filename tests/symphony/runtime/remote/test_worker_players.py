"""Players that a worker keeps set up: within its memory, and torn down when the run ends there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from symphony import bootstrap, instrument, melody
from symphony.runtime.remote.remote_call import RemoteCall
from symphony.runtime.remote.sheet import RunSheet
from symphony.runtime.remote.worker import CallWorker

HAPPENED: list[str] = []


def set_up_first() -> str:
    HAPPENED.append("first set up")
    return "first"


def set_up_second() -> str:
    HAPPENED.append("second set up")
    return "second"


def tear_down(state: str) -> None:
    HAPPENED.append(f"{state} torn down")


@instrument(setup=set_up_first, teardown=tear_down, memory="6MB", cache=False)
def first(state: str, n: int) -> str:
    return f"{state} {n}"


@instrument(setup=set_up_second, teardown=tear_down, memory="6MB", cache=False)
def second(state: str, n: int) -> str:
    return f"{state} {n}"


@melody
def both():
    return {"a": first(n=1), "b": second(n=2)}


@pytest.fixture(autouse=True)
def _nothing_happened() -> None:
    HAPPENED.clear()


def made_by_a_worker(tmp_path: Path, *, memory: float, pool_bytes: int | None = None) -> list[str]:
    """Make the call of each player; gives what happened before the worker was closed."""
    plan = bootstrap.compile(both)
    sheet = RunSheet(run="r", plan=plan.to_text(), root=str(tmp_path), recorded=False, pool_bytes=pool_bytes)
    news: list[dict[str, Any]] = []
    worker = CallWorker(sheet, news.append, memory=lambda: memory)
    try:
        for task in plan.tasks:
            worker.perform(RemoteCall(f"{task.id}#1", "r", task.id, task.id, -1, 1, (task.id,)), {})
        happened = list(HAPPENED)
    finally:
        worker.close()
    assert [n["how"] for n in news if n["what"] == "ended"] == ["succeeded"] * 2
    return happened


def test_a_player_makes_room_where_the_worker_has_memory_for_one(tmp_path: Path) -> None:
    assert made_by_a_worker(tmp_path, memory=10e6) == ["first set up", "first torn down", "second set up"]


def test_the_limit_of_the_run_counts_where_it_is_lower(tmp_path: Path) -> None:
    happened = made_by_a_worker(tmp_path, memory=100e6, pool_bytes=10_000_000)

    assert happened == ["first set up", "first torn down", "second set up"]


def test_with_room_for_both_both_stay_and_are_torn_down_at_the_end(tmp_path: Path) -> None:
    assert made_by_a_worker(tmp_path, memory=100e6) == ["first set up", "second set up"]
    assert sorted(HAPPENED[2:]) == ["first torn down", "second torn down"]
