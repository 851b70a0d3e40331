"""How much memory warm players may take, as far as that is known before the run."""

from __future__ import annotations

from dataclasses import replace

from symphony.bootstrap.resources import pool_bytes
from symphony.config.environment import Environment
from symphony.model.frozen import FrozenMap

CAPACITY = {"memory": 4e9}


def test_on_the_pit_it_is_what_there_is() -> None:
    assert pool_bytes(CAPACITY, Environment()) == 4_000_000_000
    assert pool_bytes(None, Environment()) is None


def test_workers_elsewhere_are_not_bound_by_the_memory_of_this_machine() -> None:
    dask = Environment(executor="dask", origins=FrozenMap({"executor": "--executor"}))

    assert pool_bytes(CAPACITY, dask) is None
    assert pool_bytes(CAPACITY, replace(dask, limits=FrozenMap({"memory": 1e9}))) == 1_000_000_000
