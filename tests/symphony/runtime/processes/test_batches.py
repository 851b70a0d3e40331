"""Only short calls that may be made again are sent ahead of their turn."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import pytest

from symphony.runtime.processes.batches import Batches
from symphony.runtime.processes.hands import Flight
from symphony.runtime.processes.orders import CallContext, PlayerBody, ProcessCall
from symphony.store.anchors import Anchors


def flight(*, safe: bool = True, timeout_s: float | None = None, name: str = "f") -> Flight:
    body = PlayerBody("m", name, f"m:{name}", {}, Anchors(Path("/")))
    return Flight(ProcessCall(1, body, CallContext("r", "t", "t"), timeout_s, safe), b"")


def taught(mean_s: float) -> Batches:
    batches = Batches(slots=2)
    batches.learn(flight(), mean_s)
    return batches


@pytest.mark.parametrize(
    ("mean_s", "expected"), [(0.00001, 64), (0.0005, 10), (0.002, 2), (0.2, 1)], ids=["tiny", "short", "ahead", "long"]
)
def test_the_shorter_the_calls_the_larger_the_batch(mean_s: float, expected: int) -> None:
    assert taught(mean_s).room(flight(), 1000) == expected


def test_calls_that_are_not_known_yet_go_alone() -> None:
    assert Batches(slots=2).room(flight(), 1000) == 1


def test_calls_that_are_not_safe_go_alone() -> None:
    assert taught(0.00001).room(flight(safe=False), 1000) == 1


def test_a_call_with_a_timeout_waits_behind_one_call_at_most() -> None:
    batches = taught(0.00001)
    queue = deque(flight(timeout_s=1.0) for _ in range(1000))

    assert batches.room(flight(timeout_s=1.0), 1000) == 2
    assert len(batches.cut(queue, 0)) == 2
    assert len(batches.cut(queue, 1)) == 1
    assert not batches.may_add(deque([flight(), flight()]), queue)


def test_a_batch_ends_before_a_call_with_a_timeout() -> None:
    queue = deque([flight(), flight(), flight(timeout_s=1.0), *(flight() for _ in range(100))])

    assert len(taught(0.00001).cut(queue, 0)) == 2


def test_nothing_is_sent_behind_a_call_that_may_be_long() -> None:
    batches, queue = taught(0.002), deque(flight() for _ in range(1000))
    batches.learn(flight(name="long"), 60.0)

    assert batches.may_add(deque([flight()]), queue)
    assert not batches.may_add(deque([flight(name="long")]), queue)
    assert not batches.may_add(deque([flight(name="unknown")]), queue)


def test_each_worker_can_have_a_call_before_any_is_sent_ahead() -> None:
    batches = taught(0.002)

    assert batches.room(flight(), 2) == 2
    assert batches.room(flight(), 1) == 1


def test_a_batch_leaves_enough_for_the_others() -> None:
    queue = deque(flight() for _ in range(40))

    assert len(taught(0.00001).cut(queue, 0)) == 10
    assert len(queue) == 30


def test_a_batch_ends_before_a_call_that_goes_alone() -> None:
    queue = deque([flight(), flight(), flight(safe=False), *(flight() for _ in range(100))])

    assert len(taught(0.00001).cut(queue, 0)) == 2


def test_a_worker_gets_more_once_half_of_its_batch_is_done() -> None:
    batches, queue = taught(0.00001), deque(flight() for _ in range(1000))

    assert not batches.may_add(deque(flight() for _ in range(33)), queue)
    assert batches.may_add(deque(flight() for _ in range(32)), queue)
    assert not batches.may_add(deque(), queue)
