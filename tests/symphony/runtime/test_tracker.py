"""The tracker: what becomes of calls that fail or lose their worker while a run stops."""

from __future__ import annotations

from symphony.runtime import schedule as sc
from symphony.runtime.schedule import Schedule
from symphony.runtime.tracker import Tracker


def started() -> Tracker:
    """A tracker with one call that runs, and one that waits for it."""
    schedule = Schedule()
    schedule.add(2)
    schedule.link(0, 1)
    tracker = Tracker(schedule)
    tracker.put(tracker.settle(schedule.release(range(2)), 0.0))
    assert tracker.take(9, 0.0) == [0]
    assert tracker.start(0, 0.0) == 0.0
    return tracker


def test_a_failed_call_is_tried_again_at_its_time():
    tracker = started()

    tracker.try_again(0, 3.0, 1.0)

    assert tracker.next_attempt_at == 3.0
    assert tracker.take(9, 2.0) == []
    assert tracker.take(9, 3.0) == [0]
    assert tracker.start(0, 3.5) == 0.5


def test_a_call_that_fails_after_the_run_was_stopped_is_not_tried_again():
    """Or it would wait for an attempt that never comes, and the run for it."""
    tracker = started()
    tracker.stop(1.0)

    tracker.try_again(0, 3.0, 2.0)

    assert tracker.schedule.state[0] == sc.CANCELLED
    assert tracker.finished
    assert tracker.changed == [1, 0]


def test_a_call_whose_worker_is_lost_starts_again():
    tracker = started()

    tracker.put_back(0, 1.0)

    assert tracker.running == set()
    assert tracker.take(9, 1.0) == [0]


def test_a_call_whose_worker_is_lost_after_the_run_was_stopped_does_not_start_again():
    tracker = started()
    tracker.stop(1.0)

    tracker.put_back(0, 2.0)

    assert tracker.schedule.state[0] == sc.CANCELLED
    assert tracker.finished


def test_a_call_that_was_given_up_stays_ended_when_its_worker_is_lost():
    tracker = started()
    tracker.end(0, sc.FAILED, 1.0)

    tracker.put_back(0, 2.0)
    tracker.try_again(0, 3.0, 2.0)

    assert tracker.schedule.state[0] == sc.FAILED
    assert tracker.take(9, 9.0) == []
