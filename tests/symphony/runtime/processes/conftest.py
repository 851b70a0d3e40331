"""Pools for the tests; each is checked to leave nothing behind."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).resolve().parent))

from symphony_tests_processes import MARK, Bench, until

from symphony.runtime.processes import tree


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """One pool for all tests that leave it as it was."""
    made = Bench()
    yield made
    made.pool.close()
    assert until(lambda: not tree.marked(MARK, made.token), 1.0), "processes are left"


@pytest.fixture
def benches() -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def make(**options: Any) -> Bench:
        made.append(Bench(**options))
        return made[-1]

    yield make
    for each in made:
        each.pool.close()
        assert until(lambda token=each.token: not tree.marked(MARK, token), 1.0), "processes are left"
