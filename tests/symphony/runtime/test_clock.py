"""The clock of a run: the real one waits, another jumps where nothing but time is waited for."""

from __future__ import annotations

import threading

from symphony.runtime import schedule as sc
from symphony.runtime.clock import REAL_CLOCK
from symphony.runtime.schedule import Schedule
from symphony.runtime.tracker import Tracker
from symphony.runtime.watching import Stop, Watch
from symphony.runtime.work_queue import Taken, WorkQueue
from symphony.testing import FakeClock


def tracker_of(count: int) -> Tracker:
    schedule = Schedule()
    schedule.add(count)
    tracker = Tracker(schedule)
    tracker.put(tracker.offer(schedule.release(range(count)), 0.0))
    return tracker


def retry_later(tracker: Tracker, node: int, at: float) -> None:
    tracker.take(1, 0.0)
    tracker.start(node, 0.0)
    tracker.try_again(node, at, 0.0)


def test_the_real_clock_never_jumps() -> None:
    assert not REAL_CLOCK.jumps
    assert REAL_CLOCK.now() > 1_000_000_000


def test_only_waits_where_every_call_that_may_start_has_a_time() -> None:
    tracker = tracker_of(2)
    assert not tracker.only_waits

    retry_later(tracker, 0, 5.0)
    assert not tracker.only_waits  # the other one is ready

    tracker.take(1, 0.0)
    tracker.start(1, 0.0)
    assert not tracker.only_waits  # the other one runs

    tracker.end(1, sc.SUCCEEDED, 0.0)
    assert tracker.only_waits

    tracker.take(1, 5.0)
    assert not tracker.only_waits  # a worker has it


def test_a_worker_that_only_waits_lets_the_clock_jump_to_the_next_attempt() -> None:
    tracker, clock = tracker_of(1), FakeClock()
    retry_later(tracker, 0, 604_800.0)
    queue = WorkQueue(tracker, threading.RLock(), lambda: False, clock)

    assert queue.next(Taken(), 1) == 0
    assert clock.monotonic() == 604_800.0


def test_the_clock_jumps_no_further_than_to_the_end_of_the_run() -> None:
    tracker, clock = tracker_of(1), FakeClock()
    retry_later(tracker, 0, 100.0)
    queue = WorkQueue(tracker, threading.RLock(), lambda: clock.monotonic() >= 60.0, clock, until=60.0)

    assert queue.next(Taken(), 1) is None
    assert clock.monotonic() == 60.0


def test_the_limit_of_a_run_goes_by_its_clock() -> None:
    clock = FakeClock(start_s=1000.0)
    watch = Watch("r", None, None, 60.0, clock)
    assert watch.look() is None

    clock.advance(60.0)

    assert watch.look() is Stop.TIMED_OUT
    assert watch.until == 60.0
