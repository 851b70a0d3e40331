"""The cluster a run uses: one of its own on this machine, one by address, or one that a class of others starts."""

from __future__ import annotations

import contextlib
import importlib
import logging
from collections.abc import Mapping
from typing import Any

import dask
from distributed import Client, LocalCluster

from symphony.errors import SurroundingsError, UsageError

CONNECT_S = 20.0
"""How long a scheduler may take to answer."""
ALLOWED_FAILURES = 1_000_000
"""Of a scheduler of our own: the executor counts itself which call has cost workers, Dask would blame bystanders too."""


class Cluster:
    """A client, and the cluster behind it where that is ours to end.

    Args:
        address: of a scheduler that is there already.
        cluster: a class that starts a cluster, ``module:Class``, such as ``dask_jobqueue:SLURMCluster``.
        options: its keyword arguments.
        workers, threads: of a cluster of our own: how many processes, and calls at a time in each.
    """

    def __init__(
        self, address: str | None, cluster: str | None, options: Mapping[str, Any], workers: int, threads: int
    ) -> None:  # fmt: skip
        self._own: Any = None
        settings = {"distributed.scheduler.allowed-failures": ALLOWED_FAILURES}
        with dask.config.set(settings), _quiet():
            if address is None:
                self._own = self._started(cluster, options, workers, threads)
            try:
                self.client = Client(
                    self._own if self._own is not None else address, timeout=CONNECT_S, set_as_default=False
                )
            except (OSError, TimeoutError, ValueError) as error:
                self.close_cluster(0.0)
                where = address or "of its own"
                raise SurroundingsError(f"the Dask scheduler {where} does not answer: {error}") from error

    def _started(self, cluster: str | None, options: Mapping[str, Any], workers: int, threads: int) -> Any:
        if cluster is None:
            defaults = {"n_workers": workers, "threads_per_worker": threads, "processes": True,
                        "dashboard_address": "127.0.0.1:0", "memory_limit": 0, "silence_logs": logging.CRITICAL}  # fmt: skip
            return _made(LocalCluster, {**defaults, **options})
        made = _made(_class_named(cluster), options)
        made.scale(workers)
        return made

    def close(self, grace_s: float) -> None:
        """Let go of the cluster; one of our own ends."""
        with _quiet(), contextlib.suppress(Exception):  # what is gone already need not be closed
            self.client.close(timeout=max(1.0, grace_s))
        self.close_cluster(grace_s)

    def close_cluster(self, grace_s: float) -> None:
        """End a cluster of our own."""
        if self._own is not None:
            with _quiet(), contextlib.suppress(Exception):  # what is gone already need not be closed
                self._own.close(timeout=max(2.0, grace_s))


def _made(kind: Any, options: Mapping[str, Any]) -> Any:
    try:
        return kind(**options)
    except TypeError as error:
        given = ", ".join(options) or "none"
        raise UsageError(f"the cluster class {kind.__name__} does not take these options ({given}): {error}") from error
    except (OSError, RuntimeError, ValueError) as error:
        raise SurroundingsError(f"the cluster {kind.__name__} does not start: {error}") from error


def _class_named(name: str) -> Any:
    module, _, attribute = name.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise UsageError(
            f"there is no cluster class {name!r} ({error}); write it as module:Class, such as dask_jobqueue:SLURMCluster"
        ) from error


@contextlib.contextmanager
def _quiet() -> Any:
    """Dask tells of every connection that ends; here ends are wanted."""
    loggers = [
        logging.getLogger(name) for name in ("distributed", "distributed.worker", "distributed.nanny", "tornado")
    ]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
