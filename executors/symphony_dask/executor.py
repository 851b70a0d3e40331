"""The executor: calls become Dask tasks that wait for one another on the scheduler; their values stay on the workers."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import msgpack

from symphony.errors import MissingExtraError, SurroundingsError
from symphony.runtime.contract import Traits
from symphony.runtime.remote.done import Done
from symphony.runtime.remote.remote_call import BLOCKED, CACHED, SUCCEEDED, News, RemoteCall, ended
from symphony.runtime.remote.sheet import RunSheet
from symphony_dask.losses import Losses
from symphony_dask.naming import key_of
from symphony_dask.verdicts import NEVER_AFTER_S, died, given_up, never_possible

if TYPE_CHECKING:
    from distributed import Future

    from symphony_dask.session import Session

_SILENCE_S = 60.0
"""A scheduler that said nothing for so long is gone, or might as well be."""
_AT_ONCE = 100
"""How many calls make one graph: enough that the message costs little, few enough that workers begin soon."""
_RELEASE_S = 0.5
"""How often workers are told which values nobody needs any more."""
_TURNS = 20
"""How often a call is given to Dask again that Dask gave up for the fault of others."""


class DaskExecutor:
    """Makes calls on a Dask cluster.

    Args:
        address: of a scheduler that is there already, ``tcp://host:8786``; nothing: the one that `DASK_SCHEDULER_ADDRESS`
            names, else a cluster of our own on this machine.
        cluster: a class that starts one elsewhere, ``module:Class``.
        options: keyword arguments of that class, or of `distributed.LocalCluster`.
        threads: how many calls at a time each worker of our own makes.
        resources: the resources that the workers declare (``dask worker --resources``); Dask accounts for these, the engine
            for all others.
        workers_within_s: how long a cluster may have no worker at all before calls fail, in seconds.

    Raises:
        MissingExtraError: Dask is not installed.
    """

    name = "dask"
    traits = Traits(remote=True, can_kill=True, accepts_pending=True, ships_code=True)

    def __init__(
        self, *, address: str | None = None, cluster: str | None = None, options: Mapping[str, Any] | None = None,
        threads: int = 1, resources: Sequence[str] = (), workers_within_s: float | None = None,
    ) -> None:  # fmt: skip
        if find_spec("distributed") is None:
            raise MissingExtraError("the executor 'dask'", "dask")
        if address is None and cluster is None:
            address = os.environ.get("DASK_SCHEDULER_ADDRESS")
        self._address, self._class, self._options, self._threads = address, cluster, dict(options or {}), threads
        elsewhere = address is not None or cluster is not None
        self.traits = Traits(
            remote=True, can_kill=True, accepts_pending=True, ships_code=elsewhere, resources=frozenset(resources)
        )
        self._workers_within_s = workers_within_s if workers_within_s is not None else 600.0 if cluster else 60.0
        self.workers = self.processes = 0
        self._session: Session | None = None
        self._run = ""
        self._futures: dict[str, Future] = {}
        self._under_way: dict[str, RemoteCall] = {}
        self._ending: set[str] = set()
        self._by_key: dict[str, str] = {}
        self._turns: dict[str, int] = {}
        self._losses = Losses()
        self._released: deque[str] = deque()
        self._let_go_at = 0.0
        self._inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._lock = threading.RLock()
        self._heard_at = 0.0
        self._stuck_since: dict[str, float] = {}

    def start(self, *, workers: int | None, processes: int | None = None) -> None:
        """Settle how many workers there will be: one per core. The cluster itself starts with the first call."""
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self.workers = workers if workers is not None else cores
        self.processes = processes if processes is not None else self._threads

    def open(self, sheet: RunSheet) -> None:
        """Start or reach the cluster, and bring the run to its workers."""
        from symphony_dask.clusters import Cluster  # heavy: a run whose results are all there needs no Dask
        from symphony_dask.session import Session

        cluster = Cluster(self._address, self._class, self._options, self.workers, self._threads)
        self._run, self._heard_at = sheet.run, time.monotonic()
        self._session = Session(cluster, sheet, self._inbox.put)

    # calls -------------------------------------------------------------------------------------------------------

    def submit(self, calls: Sequence[RemoteCall]) -> None:
        """Give calls to the scheduler, which waits for what they need and chooses the worker that has it."""
        with self._lock:
            self._under_way.update({call.id: call for call in calls})
        for first in range(0, len(calls), _AT_ONCE):
            with self._lock:
                self._given(calls[first : first + _AT_ONCE])

    def _given(self, calls: Iterable[RemoteCall]) -> None:
        """Submit; a call whose predecessor has not ended well, or was given up, is told as blocked."""
        from symphony_dask.graphs import Placed  # heavy, and there once the session is

        placed: list[Placed] = []
        keys: dict[str, str] = {}
        for call in calls:
            before = [keys.get(id) or self._key_behind(id) for id in call.after]
            if None in before:
                self._inbox.put(lambda id=call.id: self._ended(ended(id, BLOCKED)))
                continue
            key = keys[call.id] = key_of(call, self._turns.get(call.id, 0))
            self._by_key[key] = call.id
            placed.append(Placed(key, call, tuple(k for k in before if k is not None)))
        if placed:
            futures = self._opened.submit(placed)
            self._futures.update({self._by_key[key]: future for key, future in futures.items()})

    def _key_behind(self, call: str) -> str | None:
        future = self._futures.get(call)
        return None if future is None else str(future.key)

    def fetch(self, call: str) -> Done:
        """The values of a call, brought here from its worker."""
        with self._lock:
            future = self._futures[call]
        done: Done = self._opened.result(future)
        return done

    def release(self, calls: Sequence[str]) -> None:
        """Let the workers forget values, in a moment: many together cost little."""
        self._released.extend(calls)

    def _let_go_of_released(self) -> None:
        now = time.monotonic()
        if not self._released or now - self._let_go_at < _RELEASE_S:
            return
        self._let_go_at = now
        with self._lock:
            while self._released:
                self._let_go(self._released.popleft())

    def _let_go(self, call: str) -> None:
        future = self._futures.pop(call, None)
        if future is not None:
            self._by_key.pop(str(future.key), None)
        self._turns.pop(call, None)

    def cancel(self, calls: Sequence[str]) -> None:
        """End calls: Dask lets go of those that have not begun, and workers end the bodies of those that have.

        One may have begun before that is known here: the workers are told of all.
        """
        with self._lock:
            everything = set(self._under_way) <= set(calls)
            meant = [call for call in calls if call in self._under_way]
            unbegun = [call for call in meant if not self._losses.has_started(call)]
            futures = [self._futures[call] for call in unbegun if call in self._futures]
            for call in meant:
                del self._under_way[call]
            self._ending.update(meant)
            for call in unbegun:
                self._let_go(call)
        if self._session is not None:
            self._session.cancel(futures, meant, everything=everything)

    # news --------------------------------------------------------------------------------------------------------

    def news(self, timeout_s: float) -> Sequence[News]:
        """What the workers have told since.

        Raises:
            SurroundingsError: the scheduler is gone, or its workers cannot make calls.
        """
        found: list[News] = []
        try:
            found += self._taken(self._inbox.get(timeout=timeout_s))
            while True:
                found += self._taken(self._inbox.get_nowait())
        except queue.Empty:
            self._let_go_of_released()
            self._look()
            return found

    def _taken(self, arrived: Any) -> list[News]:
        """Read what has arrived: a bundle of a worker, a word of the scheduler, or what is to be done on this thread."""
        self._heard_at = time.monotonic()
        if isinstance(arrived, bytes):
            worker, bundle = msgpack.unpackb(arrived, strict_map_key=False)
            return [told for news in bundle for told in self._told(news, worker)]
        if callable(arrived):
            read: Callable[[], list[News]] = arrived
            return read()
        return {"lost": self._lost, "erred": self._erred, "beat": self._beat}[arrived["what"]](arrived)

    def _told(self, news: News, worker: str) -> list[News]:
        if news["what"] == "ended":
            return self._ended(news)
        if news["what"] == "started":
            with self._lock:
                if news["call"] in self._under_way:
                    self._losses.started(news["call"], worker)
        return [news]

    def _ended(self, news: News) -> list[News]:
        call = news["call"]
        with self._lock:
            self._losses.ended(call)
            if self._under_way.pop(call, None) is None and call not in self._ending:
                return []
            self._ending.discard(call)
            if news["how"] not in (SUCCEEDED, CACHED):
                self._let_go(call)
        return [news]

    def _lost(self, told: Mapping[str, Any]) -> list[News]:
        """A worker was lost. Dask makes again what was lost with it; what kills every worker ends here."""
        with self._lock:
            fatal = [call for call in self._losses.lost(told["worker"]) if call in self._under_way]
            futures = [self._futures[call] for call in fatal if call in self._futures]
        news = [news for call in fatal for news in self._ended(died(call, told["worker"]))]
        if fatal:
            self._opened.cancel(futures, fatal, everything=False)
        return news

    def _erred(self, told: Mapping[str, Any]) -> list[News]:
        """Dask has given a call up: for its own fault, for that of others beside it, or because it cannot be made."""
        with self._lock:
            id, blamed = self._by_key.get(told["key"], ""), self._by_key.get(told["blamed"], "")
            call = self._under_way.get(id)
            if call is None:
                return []
            if not told["killed"]:
                raise SurroundingsError(given_up(call, told["text"]))
            if self._losses.deaths(id):
                return self._ended(died(id, ""))
            if blamed != id and blamed not in self._under_way:
                return self._ended(ended(id, BLOCKED))
            turn = self._turns[id] = self._turns.get(id, 0) + 1
            if turn > _TURNS:
                return self._ended(died(id, ""))
            self._by_key.pop(told["key"], None)
            self._given([call])
        return []

    # what can never run ------------------------------------------------------------------------------------------

    def _beat(self, told: Mapping[str, Any]) -> list[News]:
        """Look for calls that no worker can make: now, and for a while already."""
        now, workers = time.monotonic(), told["workers"]
        with self._lock:
            keys = (
                told["stuck"] if workers else [key_of(c, self._turns.get(id, 0)) for id, c in self._under_way.items()]
            )
            self._stuck_since = {key: self._stuck_since.get(key, now) for key in keys if key in self._by_key}
            patience = NEVER_AFTER_S if workers else self._workers_within_s
            stuck = [self._by_key[key] for key, since in self._stuck_since.items() if now - since >= patience]
            calls = [self._under_way[id] for id in stuck if id in self._under_way]
            futures = [self._futures[call.id] for call in calls if call.id in self._futures]
        news = [news for call in calls for news in self._ended(never_possible(call, workers))]
        if calls:
            self._opened.cancel(futures, [call.id for call in calls], everything=False)
        return news

    def _look(self) -> None:
        """Look whether the scheduler is still there."""
        if self._session is None:
            return
        silent = time.monotonic() - self._heard_at
        if not self._session.connected or silent > _SILENCE_S:
            where = self._address or "of this run"
            raise SurroundingsError(
                f"the connection to the Dask scheduler {where} was lost; what is recorded stands: go on with symphony resume"
            )

    @property
    def _opened(self) -> Session:
        assert self._session is not None
        return self._session

    def stop(self, *, grace_s: float) -> bool:
        """End the run on the workers, and a cluster of our own."""
        session, self._session = self._session, None
        with self._lock:
            self._futures.clear()
            self._under_way.clear()
            self._ending.clear()
        if session is not None:
            session.close(grace_s)
        return True
