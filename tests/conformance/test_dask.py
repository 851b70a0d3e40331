"""Dask against the suite that every executor passes; one cluster, started by its command line, makes all calls."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

pytest.importorskip("distributed")

from symphony.testing.executor_suite import ExecutorSuite


@pytest.fixture(scope="session", autouse=True)
def cluster() -> Iterator[None]:
    """Two workers of two threads each, in processes of their own."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=2, processes=True, dashboard_address=None, memory_limit=0
    ) as started:  # fmt: skip
        TestDask.options["address"] = started.scheduler_address
        yield


class TestDask(ExecutorSuite):
    """Every case, in full with ``--long``."""

    executor = "dask"
    options: ClassVar[dict[str, Any]] = {}


LONG = bool(os.environ.get("SYMPHONY_LONG"))
