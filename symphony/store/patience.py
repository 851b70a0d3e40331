"""Patience with a place that may not answer: tries again with growing, random pauses, up to a total time."""

from __future__ import annotations

import random
import threading
import time
import warnings
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 5.0


class Patience:
    """Waits out faults that pass. One for all threads that use a place, so that all give up together.

    Args:
        seconds: how long the place may fail without one success in between.
        passes: whether a fault passes by itself; the others are raised at once.
        told_as: the name of the place, as people are told it.
        clock, sleep, chance: the time in seconds, a pause, and a number in [0, 1); given by tests.
    """

    def __init__(
        self,
        seconds: float,
        passes: Callable[[Exception], bool],
        told_as: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.seconds, self._passes, self._told_as = seconds, passes, told_as
        self._clock, self._sleep, self._chance = clock, sleep, chance
        self._lock = threading.Lock()
        self._down_since: float | None = None
        self._last_failure = 0.0
        self._told = False

    @property
    def is_over(self) -> bool:
        """Whether the place has failed for longer than it is waited for; then a call is tried once only."""
        down = self._down_since
        return down is not None and self._clock() - down >= self.seconds

    def call(self, action: Callable[[], T]) -> T:
        """Do something; again, where it fails in a way that passes.

        Raises:
            Exception: what the action raised last, once patience is over; at once where the fault does not pass.
        """
        tries = 0
        while True:
            try:
                result = action()
            except Exception as error:
                if not self._passes(error) or self._failed():
                    raise
                self._tell(error)
                pause = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0**tries)
                self._sleep(pause * (0.5 + 0.5 * self._chance()))
                tries += 1
            else:
                self._down_since = None
                return result

    def _failed(self) -> bool:
        """Take note of a failure; gives whether patience is over."""
        now = self._clock()
        with self._lock:
            # After a long silence this is another outage than the last one.
            if self._down_since is None or now - self._last_failure > max(self.seconds, 2 * _LONGEST_PAUSE_S):
                self._down_since, self._told = now, False
            self._last_failure = now
            return now - self._down_since >= self.seconds

    def _tell(self, error: Exception) -> None:
        with self._lock:
            told, self._told = self._told, True
        if not told:
            kind = type(error).__name__
            warnings.warn(
                f"{self._told_as} does not answer ({kind}); it is tried again for up to {self.seconds:g} s",
                RuntimeWarning,
                stacklevel=3,
            )
