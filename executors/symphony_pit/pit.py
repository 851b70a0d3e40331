"""Threads for the bodies of a run."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from symphony.runtime.contract import Traits


class PitExecutor:
    """Lends threads and slots for processes.

    Between threads values pass by reference. A running thread cannot be ended, it can only be left behind; a process can.
    """

    name = "pit"
    traits = Traits(
        in_process=True, shares_memory=True, can_kill=True, resources=frozenset({"cpus", "memory", "gpus", "tokens"})
    )

    def __init__(self) -> None:
        self.workers = self.processes = 0
        self._threads: list[threading.Thread] = []

    def start(self, *, workers: int | None, processes: int | None = None) -> None:
        """Settle how many there will be: of threads twice the cores, at least 4; of processes one per core."""
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self.workers = workers if workers is not None else max(4, 2 * cores)
        self.processes = processes if processes is not None else cores

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
        for thread in [
            t for t in self._threads if t.ident is not None
        ]:  # an interrupt can come before all have started
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)
