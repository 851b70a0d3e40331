"""The tracker: calls that are tried again, lose their worker or wait for resources, also while their run stops."""

from __future__ import annotations

from symphony.runtime import schedule as sc
from symphony.runtime.schedule import Schedule
from symphony.runtime.tracker import Tracker


class Room:
    """An admission with room for one call."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def ask(self, node: int, now: float) -> bool:
        self.asked.append(node)
        return len(self.asked) == 1

    def give_back(self, node: int, now: float) -> list[int]:
        self.asked.remove(node)
        return self.asked[:1]


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


def test_a_call_that_was_cancelled_after_it_was_taken_asks_for_nothing():
    """It never starts, so it never ends, and nobody would give back what it got."""
    schedule, room = Schedule(), Room()
    schedule.add(1)
    tracker = Tracker(schedule, admission=room)
    tracker.put(tracker.settle(schedule.release(range(1)), 0.0))
    assert tracker.take(9, 0.0) == [0]
    tracker.stop(1.0)

    assert not tracker.admit(0, 1.0)
    assert room.asked == []


def test_a_call_that_waits_for_resources_is_ready_when_another_gives_them_back():
    schedule = Schedule()
    schedule.add(2)
    tracker = Tracker(schedule, admission=Room())
    tracker.put(tracker.settle(schedule.release(range(2)), 0.0))
    tracker.take(9, 0.0)
    assert tracker.admit(0, 0.0)
    assert not tracker.admit(1, 0.0)
    tracker.start(0, 0.0)

    tracker.end(0, sc.SUCCEEDED, 1.0)

    assert tracker.take(9, 1.0) == [1]
    assert tracker.admit(1, 1.0)
