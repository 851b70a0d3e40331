"""Runs a sample of the suite on executors that are slow to ask, unless all is wanted."""

from __future__ import annotations

import os

import pytest

EVERY = {"test_dask.py": 3, "test_example_plugin.py": 3, "test_prefect.py": 12}
"""Of how many cases one is run, by file; all of them with ``SYMPHONY_LONG=1``."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get("SYMPHONY_LONG"):
        return
    left_out = []
    for name, every in EVERY.items():
        cases = [item for item in items if item.path.name == name]
        left_out += [case for i, case in enumerate(cases) if i % every]
    if left_out:
        gone = set(map(id, left_out))
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if id(item) not in gone]
