"""Tasks that wait and tasks that compute, beside the pools of the standard library: wall time over the ideal.

1,000 sleeps of 1 ms on 8 threads; 200 calls of 10 ms of computing on 2 processes. The ideal is the work divided by the
workers, with the sleep and the computing as long as they really are on this machine. Two cores that compute at the same
time may be slower than one alone, so the ideal of the calls that compute is what bare loops of them take while all
processes are busy, measured in every round beside the contestants; the table gives medians over the rounds. It also
gives the processor time of the process that hands the calls out: what that uses, the calls cannot have.

Run: python tests/benchmarks/bench_waiting.py
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SLEEPS, SLEEP_S, THREADS = 1_000, 0.001, 8
CALLS, PROCESSES = 200, 2
ROUNDS = 7


def best(run: Callable[[], Any], rounds: int = ROUNDS) -> float:
    """The least seconds of some rounds."""
    found = []
    for _ in range(rounds):
        started = time.perf_counter()
        run()
        found.append(time.perf_counter() - started)
    return min(found)


def symphony_run(
    plan: Any, *, record: bool, workers: int | None = None, processes: int | None = None
) -> Callable[[], tuple[float, float]]:
    """A run of a plan; gives its seconds, and those between the first start and the last end of a call."""
    from symphony.bootstrap import executor_named
    from symphony.runtime.execute import Order, execute
    from symphony.store.store import Store

    def run() -> tuple[float, float]:
        with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) if record else None) as store:
            order = Order(recorded=record, workers=workers, processes=processes, root=HERE, here=HERE)
            result = execute(plan, order, store, executor_named("pit"))
            assert result.exit_code == 0, result.failures[:1]
            calls = [t for t in result.tasks.values() if t.started_at is not None and t.ended_at is not None]
            begun, ended = min(t.started_at or 0.0 for t in calls), max(t.ended_at or 0.0 for t in calls)
            return result.seconds, ended - begun

    return run


def main() -> None:
    """Print the table."""
    sys.path.insert(0, str(HERE))
    import busy_players as players

    from symphony.bootstrap import compile

    machine = f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"
    print(f"{machine}, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}")
    one_sleep = best(lambda: [time.sleep(SLEEP_S) for _ in range(50)]) / 50
    rows: list[tuple[str, float, float]] = []
    ideal = SLEEPS * one_sleep / THREADS
    with ThreadPoolExecutor(THREADS) as pool:
        rows.append(("ThreadPoolExecutor", best(lambda: list(pool.map(players.nap.function, range(SLEEPS)))), ideal))
    plan = compile(players.naps)
    for record in (False, True):
        run = symphony_run(plan, record=record, workers=THREADS)
        rows.append(
            (f"symphony, each, {'recorded' if record else 'in memory'}", min(run()[0] for _ in range(ROUNDS)), ideal)
        )
    plan = compile(players.single_naps)
    run = symphony_run(plan, record=False, workers=THREADS)
    rows.append(("symphony, single tasks, in memory", min(run()[0] for _ in range(ROUNDS)), ideal))
    print(f"\n{SLEEPS} sleeps of {one_sleep * 1e3:.2f} ms on {THREADS} threads: ms, times the ideal")
    for name, seconds, wanted in rows:
        print(f"  {name:40} {seconds * 1e3:9.1f} {seconds / wanted:8.2f}x")
    calls_that_compute(players, compile(players.computing))


def calls_that_compute(players: Any, plan: Any) -> None:
    """Print the table of calls in processes."""
    alone, ideals = list[float](), list[float]()
    found: dict[str, list[float]] = {}
    used: dict[str, list[float]] = {}
    with ProcessPoolExecutor(PROCESSES) as pool:
        list(pool.map(players.compute, range(PROCESSES * 2)))
        for _ in range(ROUNDS):
            alone.append(best(lambda: pool.submit(players.compute, 0).result(), 10))
            spans = list(pool.map(players.compute_in_a_loop, [CALLS // PROCESSES] * PROCESSES))
            ideals.append(max(ended for _, ended in spans) - min(begun for begun, _ in spans))
            before, begun = time.process_time(), time.perf_counter()
            list(pool.map(players.compute, range(CALLS)))
            found.setdefault("ProcessPoolExecutor, warm", []).append(time.perf_counter() - begun)
            used.setdefault("ProcessPoolExecutor, warm", []).append(time.process_time() - before)
            for how, record in (("in memory", False), ("recorded", True)):
                before = time.process_time()
                whole, calls = symphony_run(plan, record=record, processes=PROCESSES)()
                used.setdefault(f"symphony, {how}, with the start of processes", []).append(
                    time.process_time() - before
                )
                found.setdefault(f"symphony, {how}, first start to last end", []).append(calls)
                found.setdefault(f"symphony, {how}, with the start of processes", []).append(whole)
    one = statistics.median(ideals) * PROCESSES / CALLS
    print(f"\n{CALLS} calls on {PROCESSES} processes; one takes {statistics.median(alone) * 1e3:.2f} ms there and back while the"
          f" others rest, {one * 1e3:.2f} ms while all are busy")  # fmt: skip
    print(f"  {'':46} {'ms':>9} {'ideal':>9}")
    for name, seconds in found.items():
        times = statistics.median(took / ideal for took, ideal in zip(seconds, ideals, strict=True))
        cpu = f"   {statistics.median(used[name]) * 1e3:.0f} ms of processor time here" if name in used else ""
        print(f"  {name:46} {statistics.median(seconds) * 1e3:9.1f} {times:8.2f}x{cpu}")


if __name__ == "__main__":
    main()
