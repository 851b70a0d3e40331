"""The Pit beside a plain loop, graphlib and Dask, in one process: microseconds per task.

Run: python tests/benchmarks/bench_engine.py [NODES]
"""

from __future__ import annotations

import gc
import graphlib
import os
import platform
import random
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from symphony.bootstrap import executor_named
from symphony.model.expression import Expression
from symphony.model.frozen import FrozenMap
from symphony.model.plan import Plan, PlannedTask, PlayerPin
from symphony.runtime.execute import Order, drive_fast, execute
from symphony.runtime.fast_loop import BoundCalls, FastRun
from symphony.runtime.fast_road import FastRoad
from symphony.runtime.steps import build_program
from symphony.runtime.watching import Watch
from symphony.store.store import Store

HERE = Path(__file__).resolve().parent


def layered(nodes: int, width: int = 100) -> list[list[int]]:
    """Layers of `width` nodes with 1 to 3 parents each in the layer above; by node, its parents."""
    rng = random.Random(7)
    return [[] if i < width else sorted({(i // width - 1) * width + rng.randrange(width) for _ in range(rng.randint(1, 3))})
            for i in range(nodes)]  # fmt: skip


def chain(nodes: int) -> list[list[int]]:
    """Each node after the one before."""
    return [[i - 1] if i else [] for i in range(nodes)]


def plan_of(parents: list[list[int]]) -> Plan:
    """The graph as a plan of calls of a player that adds one."""
    pin = PlayerPin(
        name="noop_players:join", kind="operator", module="noop_players", qualname="join", identity="0" * 64
    )
    tasks = tuple(
        PlannedTask.model_validate(
            {"id": f"t{i}", "player": pin.name,
             "with": {name: Expression.reference("tasks", f"t{p}") for name, p in zip("abc", ps, strict=False)}}
        )
        for i, ps in enumerate(parents)
    )  # fmt: skip
    last = f"t{len(parents) - 1}"
    return Plan(
        melody="bench",
        players=FrozenMap({pin.name: pin}),
        tasks=tasks,
        outputs=FrozenMap({"last": Expression.reference("tasks", last)}),
        output_types=FrozenMap({"last": "integer"}),
    )


def best(run: Callable[[], Any], times: int = 5) -> float:
    """The least seconds of several runs."""
    found = []
    for _ in range(times):
        gc.collect()
        started = time.perf_counter()
        run()
        found.append(time.perf_counter() - started)
    return min(found)


def plain_loop(parents: list[list[int]]) -> Callable[[], Any]:
    """The calls in a fixed order, nothing else."""
    from noop_players import join

    function = join.function

    def run() -> list[int]:
        values: list[int] = []
        for ps in parents:
            values.append(function(*[values[p] for p in ps]))
        return values

    return run


def graphlib_loop(parents: list[list[int]], threads: int = 0) -> Callable[[], Any]:
    """The standard library's sorter, in one thread or with a pool."""
    from noop_players import join

    function = join.function

    def run() -> None:
        sorter = graphlib.TopologicalSorter(dict(enumerate(parents)))
        sorter.prepare()
        values: dict[int, int] = {}
        pool = ThreadPoolExecutor(threads) if threads else None
        while sorter.is_active():
            ready = sorter.get_ready()
            if pool is None:
                for node in ready:
                    values[node] = function(*[values[p] for p in parents[node]])
            else:
                futures = [(n, pool.submit(function, *[values[p] for p in parents[n]])) for n in ready]
                for node, future in futures:
                    values[node] = future.result()
            sorter.done(*ready)

    return run


def dask_threaded(parents: list[list[int]]) -> Callable[[], Any]:
    """Dask's threaded scheduler on the same graph."""
    import dask.threaded
    from noop_players import join

    function = join.function
    graph = {i: (function, *ps) for i, ps in enumerate(parents)}
    return lambda: dask.threaded.get(graph, len(parents) - 1)


def pit(plan: Plan, *, workers: int, recorded: bool) -> Callable[[], Any]:
    """A whole run: parameters, program, schedule, calls, result."""

    def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            store = Store.open(Path(folder) if recorded else None)
            result = execute(
                plan, Order(recorded=recorded, workers=workers, root=HERE, here=HERE), store, executor_named("pit")
            )
            store.close()
            assert result.exit_code == 0, result.failures[:1]

    return run


def fast(bound: BoundCalls, workers: int) -> Callable[[], Any]:
    """The loop alone, times on: what remains when the plan is ready."""
    executor = executor_named("pit")

    def run() -> None:
        drive_fast(FastRoad(FastRun(bound), None), executor, workers, Watch("", None, None, None))

    return run


def main() -> None:
    """Print the table."""
    sys.path.insert(0, str(HERE))
    nodes = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {nodes} nodes"
    )
    for label, parents in (("layered", layered(nodes)), ("chain", chain(nodes))):
        plan = plan_of(parents)
        base = best(plain_loop(parents))
        rows: list[tuple[str, float]] = [("plain loop", base), ("graphlib, one thread", best(graphlib_loop(parents)))]
        if nodes <= 20_000:
            rows.append(("graphlib, 2 threads", best(graphlib_loop(parents, 2), 2)))
            try:
                rows.append(("dask threaded", best(dask_threaded(parents), 2)))
            except ImportError:
                print("dask is not installed: its row is left out")
        bound = BoundCalls(build_program(plan), {}, HERE)
        rows.append(("plan made ready to run", best(lambda plan=plan: BoundCalls(build_program(plan), {}, HERE), 2)))
        for workers in (1, 2, 8):
            rows.append((f"pit's loop, {workers} threads, in memory", best(fast(bound, workers), 15)))
        for workers in (1, 2, 8):
            rows.append(
                (f"whole run, {workers} threads, in memory", best(pit(plan, workers=workers, recorded=False), 3))
            )
        rows.append(("whole run, 1 thread, recorded", best(pit(plan, workers=1, recorded=True), 2)))
        print(f"\n{label}: µs per task, times the plain loop")
        for name, seconds in rows:
            print(f"  {name:32} {seconds / nodes * 1e6:9.2f} {seconds / base:9.1f}x")


if __name__ == "__main__":
    main()
