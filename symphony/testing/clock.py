"""A clock that is moved by hand."""

from __future__ import annotations

from threading import Lock

from symphony.errors import UsageError


class FakeClock:
    """Stands in for the `time` module, and for the clock of a run. Any thread may call anything.

    Time passes only by `advance` and `sleep`; and a run that it is given to lets it pass when nothing but the time of
    a next attempt is waited for, so that retries after days are a matter of milliseconds.

    Args:
        start_s: what `now` gives at first, in seconds since 1970.
    """

    jumps = True

    def __init__(self, start_s: float = 0.0) -> None:
        self._start_s = start_s
        self._passed_s = 0.0
        self._lock = Lock()

    def now(self) -> float:
        """The time of day in seconds since 1970, as `time.time` gives it."""
        return self._start_s + self.monotonic()

    def monotonic(self) -> float:
        """The seconds that have passed on this clock, as `time.monotonic` gives them; 0 at first."""
        with self._lock:
            return self._passed_s

    def sleep(self, seconds: float) -> None:
        """Let time pass and return at once, in place of `time.sleep`.

        Raises:
            UsageError: the seconds are below zero.
        """
        self.advance(seconds)

    def jump(self, seconds: float) -> None:
        """Let time pass, asked by a run."""
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass.

        Raises:
            UsageError: the seconds are below zero.
        """
        if not seconds >= 0:
            raise UsageError(f"a clock moves forwards only: give 0 or more seconds, not {seconds!r}")
        with self._lock:
            self._passed_s += seconds
