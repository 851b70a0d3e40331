"""How many calls a worker is sent ahead: none, except where calls are so short that waiting for the next one costs more."""

from __future__ import annotations

from collections import deque

from symphony.runtime.processes.hands import Flight

BATCHED_BELOW_S, AHEAD_BELOW_S = 0.001, 0.05
"""Shorter calls are sent in batches; a little longer ones with one more ahead, so that the worker never waits."""
_WORTH_S = 0.005
_MOST = 64
_WEIGHT = 0.2


class Batches:
    """Remembers how long calls of a player take, and cuts batches off the queue.

    A call that was sent ahead can be lost by a death that another call caused; so only calls that may be made again are
    sent ahead. The time of one with a timeout counts from the end of the call before it, so it is sent ahead of one call
    at most, and never batched.
    """

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._mean_s: dict[str, float] = {}

    def learn(self, flight: Flight, wall_s: float) -> None:
        """Note how long a call took."""
        if flight.ahead:
            mean = self._mean_s.get(flight.player)
            self._mean_s[flight.player] = wall_s if mean is None else mean + _WEIGHT * (wall_s - mean)

    def room(self, flight: Flight, waiting: int) -> int:
        """How many calls like this one a worker may have at once, where so many wait in all."""
        mean = self._mean_s.get(flight.player)
        if not flight.ahead or mean is None or mean >= AHEAD_BELOW_S or waiting < self._slots:
            return 1
        if not flight.batched or mean >= BATCHED_BELOW_S or waiting < 2 * self._slots:
            return 2
        return max(1, min(_MOST, int(_WORTH_S / max(mean, 1e-6)), waiting // (2 * self._slots)))

    def may_add(self, flights: deque[Flight], queue: deque[Flight]) -> bool:
        """Whether a worker that has calls should get more: they are short, and its batch is half used up."""
        if not queue or not flights or not queue[0].ahead or not self._is_short(flights[-1]):
            return False
        room = self.room(queue[0], len(queue))
        return room > 1 and len(flights) <= room // 2

    def _is_short(self, flight: Flight) -> bool:
        return flight.ahead and self._mean_s.get(flight.player, AHEAD_BELOW_S) < AHEAD_BELOW_S

    def cut(self, queue: deque[Flight], have: int) -> list[Flight]:
        """Take the next calls for a worker that has so many; at least one."""
        room = self.room(queue[0], len(queue)) - have
        first = queue.popleft()
        cut = [first]
        while len(cut) < room and queue and first.ahead and first.batched == queue[0].batched:
            if self.room(queue[0], len(queue)) == 1:
                break
            cut.append(queue.popleft())
        return cut
