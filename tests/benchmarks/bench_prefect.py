"""What the executor prefect costs beside a hand-written Prefect flow of the same tasks, on the same server.

    python tests/benchmarks/bench_prefect.py [TASKS] [ROUNDS]

A layered graph of tasks that each wait 10 ms, 1-3 parents, 8 threads on both sides, results in memory. Times are wall
clock: from the call of the flow, or of `symphony.run`, until it returns; then until the server has recorded every task.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import symphony
from symphony_prefect.own_server import OwnServer
from symphony_prefect.surroundings import import_prefect

WAIT_S, THREADS, PER_LAYER = 0.01, 8, 50
PLAYERS = f"""
import time
from symphony import operator

@operator
def nap(xs: list[int]) -> int:
    time.sleep({WAIT_S})
    return 1 + max(xs, default=0)
"""


def graph_of(count: int) -> dict[int, list[int]]:
    """Tasks in layers, each after one to three of the layer before."""
    chance = random.Random(7)
    parents: dict[int, list[int]] = {}
    for task in range(count):
        layer = task // PER_LAYER
        before = range((layer - 1) * PER_LAYER, layer * PER_LAYER) if layer else range(0)
        parents[task] = sorted(chance.sample(before, chance.randint(1, 3))) if layer else []
    return parents


def hand_written(graph: dict[int, list[int]]) -> Callable[[], Any]:
    """The flow as one would write it."""
    from prefect import flow, task
    from prefect.cache_policies import NO_CACHE
    from prefect.futures import wait
    from prefect.task_runners import ThreadPoolTaskRunner

    @task(cache_policy=NO_CACHE, persist_result=False, retries=0)
    def nap(xs: list[int]) -> int:
        time.sleep(WAIT_S)
        return 1 + max(xs, default=0)

    @flow(name="hand_written", task_runner=ThreadPoolTaskRunner(max_workers=THREADS))  # type: ignore[arg-type]
    def by_hand() -> int:
        futures: dict[int, Any] = {}
        for number, parents in graph.items():
            futures[number] = nap.with_options(task_run_name=f"t{number}").submit([futures[p] for p in parents])
        wait(list(futures.values()))
        return max(future.result() for future in futures.values())

    return by_hand


def melody(graph: dict[int, list[int]]) -> str:
    """The same tasks as a melody."""
    lines = ["melody: layered", "version: 1.0.0", "tasks:"]
    for number, parents in graph.items():
        given = ", ".join(f'"${{{{ tasks.t{parent} }}}}"' for parent in parents)
        lines.append(f"  t{number}: {{player: 'naps:nap', with: {{xs: [{given}]}}}}")
    return "\n".join([*lines, f"outputs: {{last: '${{{{ tasks.t{len(graph) - 1} }}}}'}}"])


def recorded(url: str, count: int) -> None:
    """Wait until the server has recorded as many task runs that ended."""
    import httpx

    body = {"task_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}
    while httpx.post(f"{url}/task_runs/count", json=body, timeout=60).json() < count:
        time.sleep(0.1)


def timed(make: Callable[[], Any], url: str, count: int) -> tuple[float, float]:
    """Seconds until it returned, and until all was recorded."""
    begun = time.perf_counter()
    make()
    returned = time.perf_counter() - begun
    recorded(url, count)
    return returned, time.perf_counter() - begun


def main(count: int, rounds: int) -> None:
    """Print a table."""
    graph = graph_of(count)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        server = OwnServer(home / "server")
        import_prefect(server.home)
        os.environ["PREFECT_API_URL"], os.environ["PREFECT_HOME"] = server.wait(), str(server.home)
        try:
            measured = _measured(graph, home, server.url, rounds)
        finally:
            server.stop()
    ideal = count * WAIT_S / THREADS
    print(f"{count} tasks of {WAIT_S * 1e3:.0f} ms on {THREADS} threads, {rounds} rounds, medians; ideal {ideal:.1f} s")
    print(f"{'':34}{'returned':>10}{'recorded':>10}{'per task':>10}")
    for name, times in measured.items():
        returned, done = (statistics.median(column) for column in zip(*times, strict=True))
        print(f"{name:34}{returned:9.2f}s{done:9.2f}s{returned / count * 1e3:8.1f}ms")
    flow, ours = (statistics.median(t[0] for t in times) for times in list(measured.values())[:2])
    print(f"symphony on prefect / hand-written flow: {ours / flow:.2f}x (at most 1.2x is asked for)")


def _measured(graph: dict[int, list[int]], home: Path, url: str, rounds: int) -> dict[str, list[tuple[float, float]]]:
    from prefect.settings import PREFECT_API_URL, PREFECT_LOGGING_LEVEL, temporary_settings

    project = home / "project"
    project.mkdir()
    (project / "naps.py").write_text(PLAYERS)
    (project / "symphony.config.toml").write_text("")
    (project / "layered.yaml").write_text(melody(graph))
    os.chdir(project)
    plan = symphony.compile(str(project / "layered.yaml"))

    def on(executor: str) -> Callable[[], Any]:
        return lambda: symphony.run(plan, executor=executor, workers=THREADS, record=False)

    times: dict[str, list[tuple[float, float]]] = {
        "hand-written flow": [], "symphony on prefect": [], "symphony on the Pit (no Prefect)": []
    }  # fmt: skip
    total = 0
    with temporary_settings({PREFECT_API_URL: url, PREFECT_LOGGING_LEVEL: "ERROR"}):
        by_hand = hand_written(graph)
        hand_written({0: []})()  # what Prefect does once per process
        for number in range(rounds):
            sides = [("hand-written flow", by_hand), ("symphony on prefect", on("prefect"))]
            for name, make in sides if number % 2 == 0 else reversed(sides):
                total += len(graph)
                times[name].append(timed(make, url, total))
            times["symphony on the Pit (no Prefect)"].append(timed(on("pit"), url, 0))
    return times


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200, int(sys.argv[2]) if len(sys.argv) > 2 else 3)
