"""Hands ready calls to threads: short ones many at a time, and nothing waits behind a long one that another could take."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress

from symphony.runtime.clock import REAL_CLOCK, Clock
from symphony.runtime.tracker import Tracker

_MOST = 64
_SHORT_S = 0.0001
_LONG_S = 0.002
"""What waits behind a call that takes longer is taken by other workers."""
_LOOK_S = 0.005
"""How often a worker looks, where the clock jumps, whether nothing but time is waited for."""


class Taken(deque[int]):
    """The calls that one worker has taken and not begun; the next one is at the right.

    Attributes:
        since: when the call began that the worker makes now.
        most: how many it takes at a time.
    """

    since = 0.0
    most = 1


class WorkQueue:
    """The ready calls of a run, as workers see them.

    Args:
        tracker: knows which calls are ready.
        lock: guards the tracker.
        over: whether there is nothing more to take.
        clock: what the waits for next attempts go by.
        until: when the run will be stopped, by that clock: it does not jump any further.
    """

    def __init__(
        self, tracker: Tracker, lock: threading.RLock, over: Callable[[], bool], clock: Clock = REAL_CLOCK,
        until: float | None = None,
    ) -> None:  # fmt: skip
        self._tracker, self._lock, self._over = tracker, lock, over
        self._clock, self._until = clock, until
        self._changed = threading.Condition(lock)
        self._idle = 0
        self._taken: list[Taken] = []

    def worker(self) -> Taken:
        """What a new worker takes calls into."""
        taken = Taken()
        self._taken.append(taken)
        return taken

    def next(self, taken: Taken, workers: int) -> int | None:
        """The call that a worker is to make now; waits for one. None where the run is over."""
        while True:
            with suppress(IndexError):  # another worker may have taken the last one meanwhile
                return taken.pop()
            found = self._take(taken.most, workers)
            if not found:
                return None
            taken.extend(found)

    def _take(self, most: int, workers: int) -> list[int]:
        tracker = self._tracker
        with self._lock:
            while not self._over():
                now = self._clock.monotonic()
                found = tracker.take(max(1, min(most, len(tracker.ready) // max(1, workers))), now)
                if found:
                    found.reverse()
                    return found
                if found := self._behind_long_calls():
                    return found
                self._wait(now)
            return []

    def _wait(self, now: float) -> None:
        due = self._tracker.next_attempt_at
        pause = _LONG_S if any(self._taken) else None
        if self._clock.jumps:
            if self._jumped(due, now):
                return
            pause = _LOOK_S
        elif due is not None:
            pause = max(0.0, due - now) if pause is None else min(pause, max(0.0, due - now))
        self._idle += 1
        self._changed.wait(pause)
        self._idle -= 1

    def _jumped(self, due: float | None, now: float) -> bool:
        """Let the clock jump to the next attempt, where nothing else is waited for; returns whether it did."""
        if due is None or not self._tracker.only_waits:
            return False
        if self._until is not None:
            due = min(due, self._until)
        if due <= now:  # the run is about to be stopped
            return False
        self._clock.jump(due - now)
        self.wake()
        return True

    def _behind_long_calls(self) -> list[int]:
        now = time.monotonic()
        for taken in self._taken:
            if taken and now - taken.since > _LONG_S:
                with suppress(IndexError):
                    return [taken.popleft()]
        return []

    def made(self, taken: Taken, ready: Iterable[int], *, in_order: bool) -> None:
        """A worker has made its call, which made these ready; it goes on with them, and shares what is too much.

        Args:
            in_order: whether the order of all ready calls counts, so that none may be kept back.
        """
        taken.most = min(_MOST, 2 * taken.most) if time.monotonic() - taken.since < _SHORT_S else 1
        if in_order:
            self.offer(list(ready))
        else:
            taken.extend(ready)
        if len(taken) > taken.most or (self._idle and len(taken) > 1):
            self._share(taken)

    def _share(self, taken: Taken) -> None:
        """Let others have what this worker will not come to soon; the oldest lie at the left."""
        given: list[int] = []
        with suppress(IndexError):  # another worker may have taken some meanwhile; what was taken here must not be lost
            for _ in range(len(taken) - max(1, min(taken.most, len(taken) // 2))):
                given.append(taken.popleft())
        self.offer(given[::-1])

    def offer(self, nodes: list[int]) -> None:
        """Let any worker take these calls."""
        if nodes:
            with self._lock:
                self._tracker.put(nodes)
                self.wake(len(nodes))

    def wake(self, count: int | None = None) -> None:
        """Wake workers that wait; all of them when no number is said. Under the lock."""
        if count is None:
            self._changed.notify_all()
        elif count and self._idle:
            self._changed.notify(count)
