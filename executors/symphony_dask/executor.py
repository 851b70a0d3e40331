"""The executor: calls become Dask tasks that wait for one another on the scheduler; their values stay on the workers."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from distributed import Future

from symphony.errors import SurroundingsError
from symphony.runtime.contract import Traits
from symphony.runtime.remote.done import Done
from symphony.runtime.remote.remote_call import FAILED, LOST, News, RemoteCall, ended
from symphony.runtime.remote.sheet import RunSheet
from symphony_dask.clusters import Cluster
from symphony_dask.on_worker import RunPlugin, cancel_run, make_call, topic_of

_LOOK_S = 2.0
"""How often the scheduler is asked for calls that no worker can make."""
_PATIENCE_S = 10.0
"""For how long a call may find no worker that could make it: a worker may be about to come back."""


class DaskExecutor:
    """Makes calls on a Dask cluster.

    Args:
        address: of a scheduler that is there already, ``tcp://host:8786``; nothing: a cluster of our own on this machine.
        cluster: a class that starts one elsewhere, ``module:Class``.
        options: keyword arguments of that class, or of `distributed.LocalCluster`.
        threads: how many calls at a time each worker of our own makes.
        resources: the resources that the workers declare (``dask worker --resources``); Dask accounts for these, the engine
            for all others.
    """

    name = "dask"
    traits = Traits(remote=True, can_kill=True, accepts_pending=True)

    def __init__(
        self, *, address: str | None = None, cluster: str | None = None, options: Mapping[str, Any] | None = None,
        threads: int = 1, resources: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self._address, self._class, self._options, self._threads = address, cluster, dict(options or {}), threads
        self.traits = Traits(remote=True, can_kill=True, accepts_pending=True, resources=frozenset(resources))
        self.workers = self.processes = 0
        self._cluster: Cluster | None = None
        self._run = ""
        self._futures: dict[str, Future] = {}
        self._under_way: dict[str, RemoteCall] = {}
        self._news: queue.SimpleQueue[News] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._looked_at = time.monotonic()
        self._stuck_since: dict[str, float] = {}

    def start(self, *, workers: int | None, processes: int | None = None) -> None:
        """Settle how many workers there will be: one per core. The cluster itself starts with the first call."""
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self.workers = workers if workers is not None else cores
        self.processes = processes if processes is not None else self._threads

    def open(self, sheet: RunSheet) -> None:
        """Start or reach the cluster, and bring the run to its workers."""
        self._run = sheet.run
        self._cluster = Cluster(self._address, self._class, self._options, self.workers, self._threads)
        client = self._cluster.client
        client.subscribe_topic(topic_of(sheet.run), lambda event: self._heard(event[1]))
        client.register_plugin(RunPlugin(sheet.run, sheet.to_bytes()), name=topic_of(sheet.run))

    # calls -------------------------------------------------------------------------------------------------------

    def submit(self, calls: Sequence[RemoteCall]) -> None:
        """Give calls to the scheduler, which waits for what they need and chooses the worker that has it."""
        client = self._client
        for call in calls:
            with self._lock:
                before = [self._futures[id] for id in call.after if id in self._futures]
                self._under_way[call.id] = call
            future = client.submit(
                make_call, self._run, call.to_bytes(), *before, key=f"{call.path}-{self._run}-{call.id}", pure=False,
                priority=call.priority, resources=dict(call.resources) or None,
            )  # fmt: skip
            with self._lock:
                self._futures[call.id] = future
            future.add_done_callback(lambda ended, id=call.id: self._came_back(id, ended))

    def _came_back(self, id: str, future: Future) -> None:
        """A task of Dask has ended; what it did has been told unless it could not be made at all."""
        if future.status == "finished" or id not in self._under_way:
            return
        if future.status == "error":
            error = future.exception()
            kind = type(error).__name__
            message = f"Dask gave the call up: {error}" if kind == "KilledWorker" else f"{kind}: {error}"
            document = {
                "type": "WorkerDiedError" if kind == "KilledWorker" else kind,
                "message": message,
                "traceback": "",
            }
            self._heard(ended(id, LOST, error=document))

    def _heard(self, news: News) -> None:
        if news["what"] == "ended":
            with self._lock:
                if self._under_way.pop(news["call"], None) is None:
                    return
        self._news.put(news)

    def news(self, timeout_s: float) -> Sequence[News]:
        """What the workers have told since."""
        found: list[News] = []
        try:
            found.append(self._news.get(timeout=timeout_s))
            while True:
                found.append(self._news.get_nowait())
        except queue.Empty:
            self._look()
            return found

    def fetch(self, call: str) -> Done:
        """The values of a call, brought here from its worker."""
        done: Done = self._futures[call].result()
        return done

    def release(self, calls: Sequence[str]) -> None:
        """Let the workers forget values."""
        with self._lock:
            for call in calls:
                self._futures.pop(call, None)

    def cancel(self, calls: Sequence[str]) -> None:
        """End calls. Bodies that run are told by their worker, if it is all calls that are meant."""
        with self._lock:
            everything = set(self._under_way) <= set(calls)
            futures = [self._futures[call] for call in calls if call in self._futures]
        if self._cluster is None:
            return
        if everything:
            self._client.run(cancel_run, self._run, wait=False)
        else:
            self._client.cancel(futures)

    # what can never run ------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Look for calls that no worker can make, now and then."""
        now = time.monotonic()
        if now - self._looked_at < _LOOK_S or self._cluster is None or not self._under_way:
            return
        self._looked_at = now
        if self._client.status != "running":
            raise SurroundingsError("the connection to the Dask scheduler was lost")
        stuck = self._client.run_on_scheduler(_without_worker)
        with self._lock:
            names = {f"{call.path}-{self._run}-{call.id}": call for call in self._under_way.values()}
        self._stuck_since = {key: self._stuck_since.get(key, now) for key in stuck["tasks"] if key in names}
        for key, since in self._stuck_since.items():
            if now - since >= _PATIENCE_S:
                self._heard(_never(names[key], stuck["workers"]))

    @property
    def _client(self) -> Any:
        assert self._cluster is not None
        return self._cluster.client

    def stop(self, *, grace_s: float) -> bool:
        """End the run on the workers, and a cluster of our own."""
        if self._cluster is not None:
            cluster, self._cluster = self._cluster, None
            try:
                cluster.client.unsubscribe_topic(topic_of(self._run))
                cluster.client.unregister_worker_plugin(topic_of(self._run))
            except Exception:  # noqa: BLE001  the cluster may be gone
                pass
            self._futures.clear()
            cluster.close(grace_s)
        return True


def _without_worker(dask_scheduler: Any) -> dict[str, Any]:
    """Runs on the scheduler: the tasks that no worker can take, and what the workers have."""
    workers = {str(w.name): dict(w.resources) for w in dask_scheduler.workers.values()}
    return {"tasks": [str(ts.key) for ts in dask_scheduler.unrunnable], "workers": workers}


def _never(call: RemoteCall, workers: Mapping[str, Mapping[str, float]]) -> News:
    wanted = ", ".join(f"{name}={amount:g}" for name, amount in call.resources.items()) or "a worker"
    offers = "; ".join(f"{n}: {', '.join(f'{k}={v:g}' for k, v in r.items()) or 'none'}" for n, r in workers.items())
    message = (
        f"no Dask worker can make this call: it asks for {wanted}; the workers declare {offers or 'nothing: there is none'}. "
        "Start workers with --resources, or ask for less"
    )
    error = {"type": "NeverPossibleError", "message": message, "traceback": ""}
    return ended(call.id, FAILED, error=error, error_types=["NeverPossibleError", "WorkerDiedError"])
