"""How much memory a Dask worker may fill: its limit, else its part of the machine."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from distributed import get_worker

from symphony.runtime.machine import memory_here

_ANSWER_S = 2.0
"""How long the scheduler may take to say who the neighbours are."""


def memory_of_this_worker() -> float:
    """What the worker may fill whose thread this is, in bytes: what Dask allows it, else its part of the machine."""
    worker = get_worker()
    manager = getattr(worker, "memory_manager", None)  # a worker without one has no limit
    limit = getattr(manager, "memory_limit", None)
    return float(limit) if limit else memory_here() / _neighbours(worker)


def _neighbours(worker: Any) -> int:
    """How many workers of the cluster are on this machine now, this one included."""
    with contextlib.suppress(OSError, TimeoutError):  # a scheduler that does not answer: the run ends with it
        asking = worker.scheduler.identity()
        told = asyncio.run_coroutine_threadsafe(asking, worker.loop.asyncio_loop).result(_ANSWER_S)
        here: list[Any] = [other for other in told["workers"].values() if other["host"] == worker.ip]
        return max(1, len(here))
    return 1
