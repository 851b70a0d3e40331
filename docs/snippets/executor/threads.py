"""An executor that lends plain threads."""

import threading
import time
from collections.abc import Callable

from symphony.runtime.contract import Traits


class ThreadsExecutor:
    name = "threads"
    traits = Traits(
        in_process=True, shares_memory=True, can_kill=True, resources=frozenset({"cpus", "memory", "gpus", "tokens"})
    )

    def __init__(self) -> None:
        self.workers = self.processes = 0
        self.threads: list[threading.Thread] = []

    def start(self, *, workers: int | None, processes: int | None = None) -> None:
        self.workers = 4 if workers is None else workers
        self.processes = 2 if processes is None else processes

    def lend(self, body: Callable[[int], None]) -> None:
        self.threads = [threading.Thread(target=body, args=(i,), daemon=True) for i in range(self.workers)]
        for thread in self.threads:
            thread.start()

    def stop(self, *, grace_s: float) -> bool:
        until = time.monotonic() + grace_s
        for thread in self.threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self.threads)
