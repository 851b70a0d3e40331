"""Threads for the bodies of a run."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from symphony.runtime.contract import Traits


class PitExecutor:
    """Lends threads. Values pass by reference; a running thread cannot be ended, it can only be left behind."""

    name = "pit"
    traits = Traits(in_process=True, shares_memory=True)

    def __init__(self) -> None:
        self.workers = 0
        self._threads: list[threading.Thread] = []

    def start(self, *, workers: int | None) -> None:
        """Settle how many threads there will be: twice the cores, at least 4, unless said otherwise."""
        self.workers = workers if workers is not None else max(4, 2 * (os.cpu_count() or 1))

    def lend(self, body: Callable[[int], None]) -> None:
        """Run `body(worker number)` on every thread. Threads die with the process."""
        self._threads = [
            threading.Thread(target=body, args=(i,), name=f"pit-{i}", daemon=True) for i in range(self.workers)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self, *, grace_s: float) -> bool:
        """Wait for the threads to return; returns whether all did."""
        deadline = time.monotonic() + grace_s
        for thread in [t for t in self._threads if t.ident is not None]:  # an interrupt can come before all have started
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)
