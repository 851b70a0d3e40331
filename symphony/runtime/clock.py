"""The clock that a run waits by: the real one, or one that tests let jump."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Times the waits of a run: delays of retries, waits of players, the limit of the whole run. Thread-safe.

    How long bodies work is measured by the real clock, whichever is given.

    Attributes:
        jumps: whether the run lets the clock `jump` when it only waits; else it waits.
    """

    @property
    def jumps(self) -> bool:
        """Whether the run lets the clock `jump` when it only waits; else it waits."""

    def now(self) -> float:
        """The time of day, in seconds since 1970."""

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""

    def jump(self, seconds: float) -> None:
        """Let time pass in which nothing happens. Asked only where the clock `jumps`."""


class RealClock:
    """The clock of the machine."""

    jumps = False
    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)
    jump = staticmethod(time.sleep)


REAL_CLOCK: Clock = RealClock()
