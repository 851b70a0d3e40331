"""Threads of the engine itself, which decide while an executor elsewhere makes the calls."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

DECIDERS = 2


class Deciders:
    """Lends a few threads to the run loop, as an executor of this process would; they look up, bind and hand over."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []

    def lend(self, body: Callable[[int], None]) -> None:
        """Run `body(number)` on each."""
        self._threads = [
            threading.Thread(target=body, args=(i,), name=f"symphony-decider-{i}", daemon=True) for i in range(DECIDERS)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self, *, grace_s: float) -> bool:
        """Wait for the threads to return; returns whether all did."""
        deadline = time.monotonic() + grace_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)
