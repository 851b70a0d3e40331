"""An invented world: a clock that jumps from event to event, and chance from one seed."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from random import Random
from zlib import crc32

Action = Callable[[], None]


class SimulationError(Exception):
    """A property does not hold.

    Attributes:
        property: the name of the property, see `symphony.testing.simulation.properties`.
    """

    def __init__(self, property: str, message: str) -> None:
        self.property = property
        super().__init__(f"{property}: {message}")


class World:
    """The clock, the events to come, chance, and the trace.

    Attributes:
        now: invented seconds.
        chance: the only source of chance; the same seed gives the same world.
        events: how many events have happened.
        trace: what happened, a line each; None where nobody reads it.
    """

    def __init__(self, seed: int, *, trace: bool = False) -> None:
        self.now = 0.0
        self.chance = Random(seed)
        self.events = 0
        self.trace: list[str] | None = [] if trace else None
        self._queue: list[tuple[float, int, Action]] = []
        self._count = 0

    def after(self, delay_s: float, action: Action) -> None:
        """Let something happen in a while. What is due at the same time happens in the order in which it was asked for."""
        self._count += 1
        heapq.heappush(self._queue, (self.now + delay_s, self._count, action))

    def note(self, who: str, text: str, *facts: object) -> None:
        """Write a line of the trace; the text is filled in only where somebody reads it."""
        if self.trace is not None:
            self.trace.append(f"{self.now:10.4f}  {who:<12} {text % facts}")

    def run(self, until_s: float) -> bool:
        """Let everything happen; returns whether nothing was left to happen at the given time."""
        queue = self._queue
        while queue:
            at, _, action = heapq.heappop(queue)
            if at > until_s:
                return False
            self.now = at
            self.events += 1
            action()
        return True

    def happens(self, probability: float) -> bool:
        """Whether something happens that happens so often."""
        return probability > 0.0 and self.chance.random() < probability


def mixed(*parts: object) -> int:
    """A number that follows from the parts alone, the same in every process."""
    return crc32(repr(parts).encode()) * 2_654_435_761 >> 7 & 0xFFFF_FFFF
