"""What a Dask worker does: it makes the calls of a run, and tells of them by its own connection to the scheduler."""

from __future__ import annotations

import threading
from typing import Any

from dask.sizeof import sizeof
from distributed import WorkerPlugin, get_worker

from symphony.runtime.remote.done import Done
from symphony.runtime.remote.remote_call import News, RemoteCall
from symphony.runtime.remote.sheet import RunSheet
from symphony.runtime.remote.worker import CallWorker

_sheets: dict[str, bytes] = {}
_workers: dict[str, CallWorker] = {}
_lock = threading.Lock()


@sizeof.register(Done)
def _size_of_done(done: Done) -> int:
    return done.__sizeof__()


def topic_of(run: str) -> str:
    """Under which name the news of a run pass the scheduler."""
    return f"symphony-{run}"


class RunPlugin(WorkerPlugin):  # type: ignore[misc]
    """Brings a run to every worker, also to those that come later, and ends it there.

    Args:
        run: its id.
        sheet: its `RunSheet`, as bytes.
    """

    def __init__(self, run: str, sheet: bytes) -> None:
        self.name = topic_of(run)
        self.run, self.sheet = run, sheet

    def setup(self, worker: Any) -> None:
        """Keep the sheet; the players are loaded with the first call."""
        _sheets[self.run] = self.sheet

    def teardown(self, worker: Any) -> None:
        """End everything that this worker started for the run."""
        _sheets.pop(self.run, None)
        with _lock:
            known = _workers.pop(self.run, None)
        if known is not None:
            known.close()


def make_call(run: str, payload: bytes, *before: Done) -> Done:
    """Make one call on this worker; runs as a Dask task, with the calls that it waited for as arguments."""
    return _worker_of(run).perform(RemoteCall.from_bytes(payload), {done.call: done for done in before})


def cancel_run(run: str) -> None:
    """End all bodies of a run on this worker."""
    with _lock:
        known = _workers.get(run)
    if known is not None:
        known.cancel()


def _worker_of(run: str) -> CallWorker:
    known = _workers.get(run)
    if known is not None:
        return known
    with _lock:
        if run not in _workers:
            worker, topic = get_worker(), topic_of(run)

            def tell(news: News) -> None:
                worker.log_event(topic, news)

            _workers[run] = CallWorker(RunSheet.from_bytes(_sheets[run]), tell, name=str(worker.name))
        return _workers[run]
