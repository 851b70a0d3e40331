"""Makes calls on threads of this process; a call waits here until those that it needs have ended."""

from __future__ import annotations

import heapq
import itertools
import os
import queue
import threading
import time
from collections.abc import Sequence

from symphony.runtime.contract import Traits
from symphony.runtime.remote.done import Done
from symphony.runtime.remote.remote_call import LOST, News, RemoteCall, ended
from symphony.runtime.remote.sheet import RunSheet
from symphony.runtime.remote.worker import CallWorker
from symphony.store.store import Store

MOST_APART = 500
"""How many calls of async players are made at a time, each awaited by a thread that costs little; more wait their turn."""


class _Waiting:
    """A call that has not begun: what it was given so far, and how many calls it still waits for."""

    __slots__ = ("call", "given", "left")

    def __init__(self, call: RemoteCall) -> None:
        self.call, self.given, self.left = call, dict[str, Done](), 0


class ThreadCalls:
    """An executor of its own kind; see `symphony.runtime.contract.RemoteExecutor`. Calls of high priority begin first.

    The threads do not hold the process up: a body that cannot be stopped is left behind.
    """

    name = "threads"
    traits = Traits(can_kill=True, accepts_pending=True)

    def __init__(self) -> None:
        self.workers = self.processes = 0
        self._news: queue.SimpleQueue[News] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._ready: list[tuple[int, int, _Waiting]] = []
        self._order = itertools.count()
        self._under_way: set[str] = set()
        self._behind: dict[str, list[_Waiting]] = {}
        self._done: dict[str, Done] = {}
        self._cancelled: set[str] = set()
        self._threads: list[threading.Thread] = []
        self._worker: CallWorker | None = None
        self._apart = 0
        self._closed = False

    def start(self, *, workers: int | None, processes: int | None = None) -> None:
        """Settle how many calls are made at a time: one per core."""
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self.workers, self.processes = workers or cores, processes or workers or cores

    def open(self, sheet: RunSheet) -> None:
        """Load the players of the run, and start the threads."""
        # files that a result refers to live as long as it does: a store in memory is not closed with the worker
        store = Store.open(None) if sheet.store is None else None
        self._worker = CallWorker(sheet, self._news.put, store=store)
        self._threads = [
            threading.Thread(target=self._work, name=f"prefect-{i}", daemon=True) for i in range(self.workers)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, calls: Sequence[RemoteCall]) -> None:
        """Take calls; those whose turn has come begin."""
        with self._changed:
            for call in calls:
                waiting = _Waiting(call)
                for before in call.after:
                    if before in self._done:
                        waiting.given[before] = self._done[before]
                    elif before in self._under_way:
                        waiting.left += 1
                        self._behind.setdefault(before, []).append(waiting)
                self._under_way.add(call.id)
                if not waiting.left:
                    self._push(waiting)

    def _push(self, waiting: _Waiting) -> None:
        if self._apart < MOST_APART and self._is_async(waiting.call):
            self._apart += 1
            threading.Thread(target=self._make_apart, args=(waiting,), name="prefect-async", daemon=True).start()
            return
        heapq.heappush(self._ready, (-waiting.call.priority, next(self._order), waiting))
        self._changed.notify()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._ready and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                waiting = heapq.heappop(self._ready)[2]
            self._ended(waiting.call, self._made(waiting.call, waiting.given))

    def _is_async(self, call: RemoteCall) -> bool:
        assert self._worker is not None
        program = self._worker.program
        for id in call.step[:-1]:
            body = program.steps[id].body
            assert body is not None
            program = body
        pin = program.steps[call.step[-1]].pin
        return pin is not None and pin.is_async

    def _make_apart(self, waiting: _Waiting) -> None:
        """Async players share a loop and may wait for one another: their calls take no thread from the others."""
        done = self._made(waiting.call, waiting.given)
        with self._changed:
            self._apart -= 1
        self._ended(waiting.call, done)

    def _made(self, call: RemoteCall, given: dict[str, Done]) -> Done:
        assert self._worker is not None
        if call.id in self._cancelled:
            return Done(call.run, call.id, well=False)
        try:
            return self._worker.perform(call, given)
        except BaseException as error:  # noqa: BLE001  whatever it is, nobody may wait for this call in vain
            document = {"type": "WorkerDiedError", "message": f"{type(error).__name__}: {error}", "traceback": ""}
            self._news.put(ended(call.id, LOST, error=document))
            return Done(call.run, call.id, well=False)

    def _ended(self, call: RemoteCall, done: Done) -> None:
        with self._changed:
            self._done[call.id] = done
            self._changed.notify_all()
            self._under_way.discard(call.id)
            for waiting in self._behind.pop(call.id, ()):
                waiting.given[call.id] = done
                waiting.left -= 1
                if not waiting.left:
                    self._push(waiting)

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
        """The values of a call; its end is told a moment before it leaves its thread."""
        with self._changed:
            self._changed.wait_for(lambda: call in self._done or self._closed)
            return self._done[call]

    def release(self, calls: Sequence[str]) -> None:
        """Let values go; calls that were submitted already have theirs."""
        with self._changed:
            for call in calls:
                self._done.pop(call, None)

    def cancel(self, calls: Sequence[str]) -> None:
        """End calls: those that have not begun do not begin; bodies that run are told, processes ended."""
        with self._changed:
            everything = self._under_way <= set(calls)
            self._cancelled.update(calls)
        if self._worker is not None:
            self._worker.end(calls)
            if everything:
                self._worker.cancel()

    def stop(self, *, grace_s: float) -> bool:
        """End all work; a body that goes on is left to its thread."""
        deadline = time.monotonic() + grace_s
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._worker is not None:
            self._worker.cancel()
            for thread in self._threads:
                thread.join(max(0.0, deadline - time.monotonic()))
            self._worker.close()
        return not any(thread.is_alive() for thread in self._threads)
