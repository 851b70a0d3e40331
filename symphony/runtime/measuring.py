"""Measures what calls on lent threads cost, at a cost that short calls do not notice."""

from __future__ import annotations

import time
from typing import Any

WORTH_MEASURING_S = 0.001
"""Nothing is measured of a call that is shorter."""


class CpuMeter:
    """Takes the processor time of long calls. Thread-safe.

    Reading the clock of a thread takes a microsecond, more than a short call does. So it is not read for a player whose
    last call was short; the first long one after that goes without.

    Attributes:
        quick: the players whose last call was short; asked in place, because a call is dearer than the question.
    """

    __slots__ = ("quick",)

    def __init__(self) -> None:
        self.quick: set[Any] = set()

    def start(self) -> float:
        """What to give to `stop`. Not to be asked for players in `quick`: 0.0 stands for their start."""
        return time.thread_time()

    def stop(self, player: Any, started: float, wall_s: float) -> float | None:
        """The processor time of the call in seconds; None where the call was short, or its start was not read."""
        if wall_s < WORTH_MEASURING_S:
            if started:
                self.quick.add(player)
            return None
        if started:
            return time.thread_time() - started
        self.quick.discard(player)
        return None
