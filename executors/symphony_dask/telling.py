"""Tells the engine what a worker does: in bundles, by the worker's own connection to the scheduler."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

import msgpack

from symphony.runtime.remote.remote_call import News

BUNDLE_S = 0.02
"""A busy worker tells at most this often: each message costs it and the scheduler a good part of a millisecond."""
SENT_WITHIN_S = 5.0
"""How long a start that must be known may take to reach the scheduler."""


class Teller:
    """Tells of the calls of one run. Thread-safe; what is told of a call keeps its order.

    The end of a call is told at once where the worker has nothing else to do, since somebody may wait for it; else the
    news of `BUNDLE_S` go together. So the news of two workers may come in another order than their calls ended.

    Args:
        worker: the Dask worker.
        topic: the name of the news on the scheduler.
        carefully: whether a start must be known on the scheduler before the body begins.
    """

    def __init__(self, worker: Any, topic: str, carefully: Callable[[], bool]) -> None:
        self._worker, self._topic, self._carefully = worker, topic, carefully
        self._waiting: list[News] = []
        self._lock = threading.Lock()
        self._due = threading.Event()
        self._sent_at = 0.0
        self._closed = False
        threading.Thread(target=self._bundling, name="symphony-teller", daemon=True).start()

    def tell(self, news: News) -> None:
        """Tell of a call."""
        if news["what"] == "started" and self._carefully():
            self._tell_now(news)
            return
        with self._lock:
            self._waiting.append(news)
            if news["what"] == "ended" and (self._is_idle() or time.monotonic() - self._sent_at > BUNDLE_S):
                self._send()
                return
        if not self._due.is_set():
            self._due.set()

    def _is_idle(self) -> bool:
        """Whether no call waits for this worker."""
        return not getattr(getattr(self._worker, "state", None), "ready", ())

    def _tell_now(self, news: News) -> None:
        """Come back when the scheduler has it."""
        with contextlib.suppress(OSError, TimeoutError):  # then the scheduler is gone, and the run with it
            sending = self._worker.scheduler.log_event(topic=self._topic, msg=self._packed([news]))
            asyncio.run_coroutine_threadsafe(sending, self._worker.loop.asyncio_loop).result(SENT_WITHIN_S)

    def _send(self) -> None:
        told, self._waiting = self._waiting, []
        if told:
            self._sent_at = time.monotonic()
            self._worker.log_event(self._topic, self._packed(told))

    def _packed(self, told: list[News]) -> bytes:
        data: bytes = msgpack.packb([self._worker.address, told], use_bin_type=True)
        return data

    def _bundling(self) -> None:
        while not self._closed:
            self._due.wait()
            time.sleep(BUNDLE_S)
            self._due.clear()
            with self._lock:
                self._send()

    def close(self) -> None:
        """Tell what is left, and end."""
        self._closed = True
        self._due.set()
