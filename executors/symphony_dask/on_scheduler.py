"""What stands on the scheduler during a run: it tells the engine of losses, and ends the run where its engine is gone."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from distributed import SchedulerPlugin
from distributed.protocol.pickle import dumps

from symphony_dask.naming import mark_of, topic_of
from symphony_dask.on_worker import LossPlugin

BEAT_S = 1.0
"""How often the engine is told that the scheduler lives, and which calls no worker can make."""
_SHOWN = 1000
"""How many such calls are named at a time."""


class RunWatch(SchedulerPlugin):  # type: ignore[misc]
    """Watches over one run.

    Args:
        run: its id.
        client: the id of the engine's client: when that is gone, so is the run.
    """

    def __init__(self, run: str, client: str) -> None:
        self.name = topic_of(run)
        self._run, self._client = run, client
        self._scheduler: Any = None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, scheduler: Any) -> None:
        """Begin to watch."""
        self._scheduler = scheduler
        _pass_on_only(scheduler, self.name)
        self._tasks.append(asyncio.create_task(self._beat()))

    async def _beat(self) -> None:
        mark = mark_of(self._run)
        while True:
            workers = {str(w.name): dict(w.resources) for w in self._scheduler.workers.values()}
            stuck = [key for key in _keys(self._scheduler.unrunnable) if mark in key][:_SHOWN]
            self._tell({"what": "beat", "at": time.time(), "stuck": stuck, "workers": workers})
            await asyncio.sleep(BEAT_S)

    def _tell(self, news: Mapping[str, Any]) -> None:
        self._scheduler.log_event(self.name, dict(news))

    def transition(self, key: Any, start: str, finish: str, *args: Any, **kwargs: Any) -> None:
        """Tell of a call that Dask has given up: everything that a body can do wrong is no error to Dask."""
        if finish != "erred" or not isinstance(key, str) or mark_of(self._run) not in key:
            return
        scheduler = self._scheduler
        task = scheduler.tasks.get(key)
        blamed = getattr(task, "exception_blame", None) or task
        killed = blamed is not None and blamed.suspicious > scheduler.allowed_failures
        self._tell({
            "what": "erred", "key": key, "blamed": str(blamed.key) if blamed is not None else key, "killed": killed,
            "text": (blamed.exception_text if blamed is not None else "") or "",
        })  # fmt: skip

    async def remove_worker(self, scheduler: Any, worker: str, **kwargs: Any) -> None:
        """Tell of a lost worker, and let the others tell of every start from now on."""
        self._tell({"what": "lost", "worker": worker})
        plugin = LossPlugin(self._run)
        with contextlib.suppress(OSError):  # a worker that goes just now
            await scheduler.register_worker_plugin(
                comm=None, plugin=dumps(plugin), name=plugin.name, idempotent=True
            )  # fmt: skip

    def remove_client(self, scheduler: Any, client: str) -> None:
        """End the run on all workers where its engine is gone, killed or not."""
        if client == self._client:
            self._tasks.append(asyncio.create_task(self._end(scheduler)))

    async def _end(self, scheduler: Any) -> None:
        self._tasks[0].cancel()
        with contextlib.suppress(KeyError, ValueError):
            scheduler.remove_plugin(self.name)
        for name in (self.name, f"{self.name}-loss"):
            with contextlib.suppress(ValueError, OSError):  # it was taken away in order before
                await scheduler.unregister_worker_plugin(comm=None, name=name)

    async def close(self) -> None:
        """The scheduler ends."""
        for task in self._tasks:
            task.cancel()


def _keys(tasks: Any) -> Iterator[str]:
    return (str(task.key) for task in tasks)


def _pass_on_only(scheduler: Any, topic: str) -> None:
    """Let the scheduler keep no news: it keeps the last 100,000 of each topic, with the results that travel in them."""
    topics = getattr(getattr(scheduler, "_broker", None), "_topics", None)
    if topics is not None:
        topics[topic].events = deque(maxlen=1)
