"""Gives calls to the scheduler as one graph: a message for many calls instead of one for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from dask.task_spec import Task, TaskRef
from distributed import Client, Future

from symphony.runtime.remote.remote_call import RemoteCall
from symphony_dask.on_worker import make_call


@dataclass(frozen=True, slots=True)
class Placed:
    """A call with the key of its Dask task, and the keys of those that it waits for."""

    key: str
    call: RemoteCall
    before: tuple[str, ...]


def submit_graph(client: Client, run: str, calls: Sequence[Placed]) -> dict[str, Future]:
    """Submit calls, those before others that wait for them; gives their futures by key."""
    futures: dict[str, Future] = {}
    for (priority, resources), alike in groupby(calls, lambda placed: _demand(placed.call)):
        tasks = {
            placed.key: Task(placed.key, make_call, run, placed.call.to_bytes(), *map(TaskRef, placed.before))
            for placed in alike
        }
        keys = list(tasks)
        made = client.get(tasks, keys, sync=False, priority=priority, resources=dict(resources) or None)
        futures.update(zip(keys, made, strict=True))
    return futures


def _demand(call: RemoteCall) -> tuple[int, tuple[tuple[str, float], ...]]:
    resources: Mapping[str, float] = call.resources
    return call.priority, tuple(sorted(resources.items()))
