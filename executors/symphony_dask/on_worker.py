"""What a Dask worker does: it makes the calls of a run, and tells of them by its own connection to the scheduler."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from dask.sizeof import sizeof
from distributed import WorkerPlugin, get_worker, secede

from symphony.errors import SurroundingsError
from symphony.runtime.remote.done import Done
from symphony.runtime.remote.remote_call import RemoteCall
from symphony.runtime.remote.sheet import RunSheet
from symphony.runtime.remote.worker import CallWorker
from symphony_dask.memory import memory_of_this_worker
from symphony_dask.naming import topic_of
from symphony_dask.telling import Teller

ASIDE_AT_MOST = 256
"""How many calls that only wait for their coroutine may leave their slot of the worker to others."""
_sheets: dict[str, bytes] = {}
_workers: dict[str, CallWorker] = {}
_tellers: dict[str, Teller] = {}
_lost_one: set[str] = set()
_over: set[str] = set()
_lock = threading.Lock()
_aside = threading.Semaphore(ASIDE_AT_MOST)


@sizeof.register(Done)
def _size_of_done(done: Done) -> int:
    return done.__sizeof__()


class RunPlugin(WorkerPlugin):  # type: ignore[misc]
    """Brings a run to every worker, also to those that come later, and ends it there.

    Args:
        run: its id.
        sheet: its `RunSheet`, as bytes.
    """

    def __init__(self, run: str, sheet: bytes) -> None:
        self.name, self._version = topic_of(run), version("symphony")
        self.run, self.sheet = run, sheet

    def setup(self, worker: Any) -> None:
        """Keep the sheet; the players are loaded with the first call.

        Raises:
            SurroundingsError: the worker has another version of Symphony.
        """
        if version("symphony") != self._version:
            raise SurroundingsError(
                f"the worker {worker.name} has Symphony {version('symphony')}, the engine has {self._version}; "
                "install the same version on both"
            )
        _sheets[self.run] = self.sheet

    async def teardown(self, worker: Any) -> None:
        """End everything that this worker started for the run."""
        _sheets.pop(self.run, None)
        _over.discard(self.run)
        with _lock:
            known, teller = _workers.pop(self.run, None), _tellers.pop(self.run, None)
        if known is not None:
            known.cancel()
            await asyncio.to_thread(known.close)
        if teller is not None:
            teller.close()


class LossPlugin(WorkerPlugin):  # type: ignore[misc]
    """Tells the workers that one of them was lost: from now on a start is told before the body begins.

    Else a call that kills its worker at once would leave no trace of who it was.
    """

    def __init__(self, run: str) -> None:
        self.name, self.run = f"{topic_of(run)}-loss", run

    def setup(self, worker: Any) -> None:
        """Take note."""
        _lost_one.add(self.run)

    def teardown(self, worker: Any) -> None:
        """Forget it."""
        _lost_one.discard(self.run)


def make_call(run: str, payload: bytes, *before: Done) -> Done:
    """Make one call on this worker; runs as a Dask task, with the calls that it waited for as arguments."""
    return _worker_of(run).perform(RemoteCall.from_bytes(payload), {done.call: done for done in before})


async def cancel_run(run: str) -> None:
    """End all bodies of a run on this worker, also of calls that are only on their way to it."""
    if run in _sheets:
        _over.add(run)  # before the look: whoever makes the worker of the run meanwhile looks here after it
    known = _workers.get(run)
    if known is not None:
        known.cancel()


async def end_calls(run: str, calls: list[str]) -> None:
    """End these calls of a run as far as this worker makes them; here they do not begin any more."""
    known = _workers.get(run)
    if known is not None:
        known.end(calls)


def _worker_of(run: str) -> CallWorker:
    known = _workers.get(run)
    if known is not None:
        return known
    with _lock:
        if run not in _workers:
            if run not in _sheets:
                raise SurroundingsError(f"the run {run} has ended on this worker: its engine was not heard of any more")
            worker, sheet = get_worker(), RunSheet.from_bytes(_sheets[run])
            carefully = sheet.stops_on_failure
            teller = _tellers[run] = Teller(worker, topic_of(run), lambda: carefully or run in _lost_one)
            _workers[run] = CallWorker(
                sheet, teller.tell, name=str(worker.name), memory=memory_of_this_worker, aside=_stepped_aside
            )
            if run in _over:
                _workers[run].cancel()
        return _workers[run]


@contextlib.contextmanager
def _stepped_aside() -> Iterator[None]:
    """Leave the slot of this thread to another call while this one only waits; not where too many have done so."""
    if not _aside.acquire(blocking=False):
        yield
        return
    try:
        secede()
        yield
    finally:
        _aside.release()
