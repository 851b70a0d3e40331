"""Ready calls reach the workers, each once, whoever takes what from whom."""

from __future__ import annotations

import threading
from collections import Counter

from symphony.runtime.schedule import Schedule
from symphony.runtime.tracker import Tracker
from symphony.runtime.work_queue import Taken, WorkQueue


def queue_of(count: int) -> tuple[WorkQueue, Tracker]:
    schedule = Schedule()
    tracker = Tracker(schedule)
    schedule.add(count)
    tracker.put(schedule.release(range(count)))
    return WorkQueue(tracker, threading.RLock(), lambda: not tracker.ready), tracker


class _Raced(Taken):
    """The calls of a worker, some of which another takes while they are being shared."""

    def popleft(self) -> int:
        node = super().popleft()
        if node == 2:
            for _ in range(5):
                super().popleft()
        return node


def test_what_a_worker_has_taken_out_to_share_is_offered_even_where_others_took_the_rest() -> None:
    """Eight calls wait; another worker takes five of them while they are shared. The other three must be somewhere."""
    queue, tracker = queue_of(0)
    taken = _Raced(range(8))

    queue.made(taken, (), in_order=False)

    assert sorted([*tracker.ready, *taken]) == [0, 1, 2]


def test_every_call_is_taken_once_by_one_of_several_workers() -> None:
    queue, _ = queue_of(2_000)
    found: list[int] = []

    def work() -> None:
        taken = queue.worker()
        while (node := queue.next(taken, 4)) is not None:
            found.append(node)
            queue.made(taken, (), in_order=False)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)

    assert Counter(found) == Counter(range(2_000))


def test_what_waits_behind_a_long_call_is_taken_by_another_worker() -> None:
    queue, _ = queue_of(0)
    slow = queue.worker()
    slow.extend([7, 8])
    slow.since = 0.0  # its call began long ago
    quick = queue.worker()

    queue._over = lambda: False
    assert queue.next(quick, 2) == 7


def test_where_the_order_counts_a_worker_keeps_nothing_back() -> None:
    queue, tracker = queue_of(0)
    taken = queue.worker()

    queue.made(taken, [3, 1, 2], in_order=True)

    assert (list(taken), list(tracker.ready)) == ([], [3, 1, 2])
