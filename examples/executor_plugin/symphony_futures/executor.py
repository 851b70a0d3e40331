"""An executor over `concurrent.futures`: calls run on a pool of threads in this process."""

from __future__ import annotations

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
        self._done: dict[str, Done] = {}
        self._waiting: dict[str, tuple[RemoteCall, set[str]]] = {}
        self._cancelled: set[str] = set()
        self._worker: CallWorker | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._places = threading.Semaphore(1)

    def start(self, *, workers: int | None, processes: int | None = None) -> None:
        """Settle how many there will be."""
        self.workers, self.processes = workers or 4, processes or 2

    def open(self, sheet: RunSheet) -> None:
        """Make the worker of the run, and the threads."""
        self._places = threading.Semaphore(self.workers)
        self._worker = CallWorker(sheet, self._news.put, name="futures", aside=self._aside)
        self._pool = ThreadPoolExecutor(_THREADS_AT_MOST, thread_name_prefix="futures")

    @contextmanager
    def _aside(self) -> Iterator[None]:
        self._places.release()
        try:
            yield
        finally:
            self._places.acquire()

    def submit(self, calls: Sequence[RemoteCall]) -> None:
        """Take calls; those whose turn has come start."""
        with self._lock:
            for call in calls:
                self._waiting[call.id] = call, {before for before in call.after if before not in self._done}
            ready = [call for call, before in self._waiting.values() if not before]
        self._begin(ready)

    def _begin(self, calls: Sequence[RemoteCall]) -> None:
        for call in calls:
            with self._lock:
                if self._waiting.pop(call.id, None) is None or self._pool is None:
                    continue
            self._pool.submit(self._make, call)

    def _make(self, call: RemoteCall) -> None:
        assert self._worker is not None
        with self._lock:
            given = {before: self._done[before] for before in call.after}
        try:
            if call.id in self._cancelled:
                done = Done(call.run, call.id, well=False)
            else:
                with self._places:
                    done = self._worker.perform(call, given)
        except BaseException as error:  # noqa: BLE001  whatever it is, the call must not be waited for
            self._news.put(
                ended(call.id, LOST, error={"type": "WorkerDiedError", "message": str(error), "traceback": ""})
            )
            done = Done(call.run, call.id, well=False)
        with self._lock:
            self._done[call.id] = done
            ready = []
            for waiting, before in self._waiting.values():
                before.discard(call.id)
                if not before:
                    ready.append(waiting)
        self._begin(ready)

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
        """The values of a call."""
        return self._done[call]

    def release(self, calls: Sequence[str]) -> None:
        """Keep everything: a run of this executor is small."""

    def cancel(self, calls: Sequence[str]) -> None:
        """End calls: those that have not begun do not begin; where it is all of them, running bodies are told."""
        with self._lock:
            under_way = {*self._waiting, *calls}
            self._cancelled.update(calls)
        if self._worker is not None and under_way == set(calls):
            self._worker.cancel()

    def stop(self, *, grace_s: float) -> bool:
        """End all work."""
        if self._pool is not None and self._worker is not None:
            self._worker.close()
            self._pool.shutdown(wait=False, cancel_futures=True)
        return True
