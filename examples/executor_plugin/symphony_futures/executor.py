"""An executor over `concurrent.futures`: calls run on a pool of threads in this process."""

from __future__ import annotations

import heapq
import itertools
import queue
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from symphony.runtime.contract import Traits
from symphony.runtime.remote.done import Done
from symphony.runtime.remote.remote_call import LOST, News, RemoteCall, ended
from symphony.runtime.remote.sheet import RunSheet
from symphony.runtime.remote.worker import CallWorker

_THREADS_AT_MOST = 256


class FuturesExecutor:
    """Makes calls on threads; a call waits here until those that it needs have ended.

    As many bodies run at a time as there are workers; a call that only waits for its coroutine leaves its place to another.
    """

    name = "futures"
    traits = Traits(can_kill=True, accepts_pending=True)

    def __init__(self) -> None:
        self.workers = self.processes = 0
        self._news: queue.SimpleQueue[News] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._ended = threading.Condition(self._lock)
        self._done: dict[str, Done] = {}
        self._waiting: dict[str, tuple[RemoteCall, set[str]]] = {}
        self._cancelled: set[str] = set()
        self._worker: CallWorker | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._ready: list[tuple[int, int, RemoteCall]] = []
        self._numbers = itertools.count()
        self._free = 0

    def start(self, *, workers: int | None, processes: int | None = None) -> None:
        """Settle how many there will be."""
        self.workers, self.processes = workers or 4, processes or 2

    def open(self, sheet: RunSheet) -> None:
        """Make the worker of the run, and the threads."""
        self._free = self.workers
        self._worker = CallWorker(sheet, self._news.put, name="futures", aside=self._aside)
        self._pool = ThreadPoolExecutor(_THREADS_AT_MOST, thread_name_prefix="futures")

    @contextmanager
    def _aside(self) -> Iterator[None]:
        self._leave(1)
        try:
            yield
        finally:
            with self._lock:
                self._free -= 1

    def _leave(self, places: int) -> None:
        """Take note of free places, and let those begin whose turn it is: the higher priority first."""
        with self._lock:
            self._free += places
            while self._free > 0 and self._ready and self._pool is not None:
                self._free -= 1
                self._pool.submit(self._make, heapq.heappop(self._ready)[2])

    def submit(self, calls: Sequence[RemoteCall]) -> None:
        """Take calls; those whose turn has come start."""
        with self._lock:
            for call in calls:
                self._waiting[call.id] = call, {before for before in call.after if before not in self._done}
            ready = [call for call, before in self._waiting.values() if not before]
        self._begin(ready)

    def _begin(self, calls: Sequence[RemoteCall]) -> None:
        with self._lock:
            for call in calls:
                if self._waiting.pop(call.id, None) is not None:
                    heapq.heappush(self._ready, (-call.priority, next(self._numbers), call))
        self._leave(0)

    def _make(self, call: RemoteCall) -> None:
        assert self._worker is not None
        with self._lock:
            given = {before: self._done[before] for before in call.after}
        try:
            if call.id in self._cancelled:
                done = Done(call.run, call.id, well=False)
            else:
                done = self._worker.perform(call, given)
        except BaseException as error:  # noqa: BLE001  whatever it is, the call must not be waited for
            self._news.put(
                ended(call.id, LOST, error={"type": "WorkerDiedError", "message": str(error), "traceback": ""})
            )
            done = Done(call.run, call.id, well=False)
        with self._lock:
            self._done[call.id] = done
            self._ended.notify_all()
            ready = []
            for waiting, before in self._waiting.values():
                before.discard(call.id)
                if not before:
                    ready.append(waiting)
        self._begin(ready)
        self._leave(1)

    def news(self, timeout_s: float) -> Sequence[News]:
        """What was told since."""
        found: list[News] = []
        try:
            found.append(self._news.get(timeout=timeout_s))
            while True:
                found.append(self._news.get_nowait())
        except queue.Empty:
            return found

    def fetch(self, call: str) -> Done:
        """The values of a call; its end is told a moment before it has left its thread."""
        with self._ended:
            self._ended.wait_for(lambda: call in self._done)
            return self._done[call]

    def release(self, calls: Sequence[str]) -> None:
        """Keep everything: a run of this executor is small."""

    def cancel(self, calls: Sequence[str]) -> None:
        """End calls: those that have not begun do not begin; bodies that run are told, processes ended."""
        with self._lock:
            under_way = {*self._waiting, *(call.id for _, _, call in self._ready), *calls}
            self._cancelled.update(calls)
        if self._worker is not None:
            self._worker.end(calls)
            if under_way == set(calls):
                self._worker.cancel()

    def stop(self, *, grace_s: float) -> bool:
        """End all work."""
        if self._pool is not None and self._worker is not None:
            self._worker.close()
            self._pool.shutdown(wait=False, cancel_futures=True)
        return True
