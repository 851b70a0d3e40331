"""One run on one cluster: its plugins on the scheduler and the workers, and the client through which all of it goes."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from typing import Any

from distributed import Future

from symphony.errors import SurroundingsError
from symphony.runtime.remote.done import Done
from symphony.runtime.remote.sheet import RunSheet
from symphony_dask.clusters import Cluster
from symphony_dask.graphs import Placed, submit_graph
from symphony_dask.naming import topic_of
from symphony_dask.on_scheduler import RunWatch
from symphony_dask.on_worker import RunPlugin, cancel_run, end_calls

_HEARD_S = 2.0
"""How long the workers may take to hear that calls are to end: one that does not answer must not hold up the others."""
_PARTING_S = 5.0
"""How long the workers may take to end what they started for a run."""


class Session:
    """Opens the run on the cluster.

    Args:
        heard: takes everything that the scheduler passes on; called on the thread of the client.

    Raises:
        SurroundingsError: the scheduler or a worker cannot take the run.
    """

    def __init__(self, cluster: Cluster, sheet: RunSheet, heard: Callable[[Any], None]) -> None:
        self._cluster, self._run, self._topic = cluster, sheet.run, topic_of(sheet.run)
        client = cluster.client
        try:
            client.subscribe_topic(self._topic, lambda event: heard(event[1]))
            client.register_plugin(RunWatch(sheet.run, client.id), name=self._topic)
            client.register_plugin(RunPlugin(sheet.run, sheet.to_bytes()), name=self._topic)
        except SurroundingsError:
            self.close(0.0)
            raise
        except Exception as error:
            self.close(0.0)
            raise SurroundingsError(
                f"the Dask cluster cannot take the run: {type(error).__name__}: {error}; its scheduler and workers need the "
                "same Symphony as the engine"
            ) from error

    def submit(self, calls: Sequence[Placed]) -> dict[str, Future]:
        """Give calls to the scheduler; gives their futures by key."""
        return submit_graph(self._cluster.client, self._run, calls)

    def result(self, future: Future) -> Done:
        """What a call gave, brought here."""
        done: Done = future.result()
        return done

    def cancel(self, futures: Sequence[Future], calls: Sequence[str], *, everything: bool) -> None:
        """End calls; comes back when the workers know it.

        Args:
            futures: of calls that Dask is to let go of.
            calls: what the workers are told to end, by id: Dask lets a body that has begun go on.
            everything: whether that is all calls of the run.
        """
        client = self._cluster.client
        if futures:
            with contextlib.suppress(OSError, TimeoutError):  # what is gone already need not be cancelled
                client.cancel(list(futures), force=False, msg="cancelled by the run")
        if everything:
            _within(_HEARD_S, lambda: client.run(cancel_run, self._run, on_error="ignore"))
        elif calls:
            _within(_HEARD_S, lambda: client.run(end_calls, self._run, list(calls), on_error="ignore"))

    @property
    def connected(self) -> bool:
        """Whether the scheduler is there."""
        return str(self._cluster.client.status) == "running"

    def close(self, grace_s: float) -> None:
        """End the run on the workers, and let go of the cluster."""
        client = self._cluster.client
        if self.connected:
            _within(_PARTING_S, lambda: client.unregister_worker_plugin(self._topic))
            with contextlib.suppress(Exception):
                client.unsubscribe_topic(self._topic)
        self._cluster.close(grace_s)


def _within(seconds: float, action: Callable[[], Any]) -> None:
    """Do something that may hang where the other side is gone, and go on after a while."""

    def done() -> None:
        with contextlib.suppress(Exception):  # what is gone already need not be ended
            action()

    thread = threading.Thread(target=done, name="symphony-parting", daemon=True)
    thread.start()
    thread.join(seconds)
