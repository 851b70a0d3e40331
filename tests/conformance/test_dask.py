"""Dask against the suite that every executor passes; one cluster, started by its command line, makes all calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

pytest.importorskip("distributed")

from symphony.testing.executor_cases.hiding import secrets
from symphony.testing.executor_suite import ExecutorSuite


@pytest.fixture(scope="session", autouse=True)
def cluster() -> Iterator[None]:
    """Two workers of two threads each, in processes of their own."""
    from distributed import LocalCluster

    with secrets():  # a worker resolves secrets itself, so they must be in its environment when it starts
        started = LocalCluster(n_workers=2, threads_per_worker=2, dashboard_address=None, memory_limit=0)
    with started:
        TestDask.options["address"] = started.scheduler_address
        yield


class TestDask(ExecutorSuite):
    """Every case; those that ask for a number of workers start a cluster of their own."""

    executor = "dask"
    options: ClassVar[dict[str, Any]] = {}
    counted_options: ClassVar[dict[str, Any]] = {"threads": 1}
