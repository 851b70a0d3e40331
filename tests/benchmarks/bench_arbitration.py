"""What arbitration costs, and how long runs of different size wait for one token. Prints tables.

Run: python tests/benchmarks/bench_arbitration.py
"""

from __future__ import annotations

import heapq
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from symphony.runtime.arbitration import Arbiter, Request, units_of
from symphony.runtime.shared_ledger import SharedLedger

TIMES = 20_000
BUSY = {"cpus": 1.0, "token:api": 1.0}


def best_us(work: Callable[[], None], count: int, times: int = 7) -> float:
    """Microseconds of one of `count` repetitions, the best of several times."""
    found = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        found.append((time.perf_counter() - started) / count * 1e6)
    return min(found)


def without_conflict(demand: dict[str, float]) -> float:
    """One ask and one give_back with nobody waiting."""
    arbiter = Arbiter({"cpus": 8, "memory": 1e9, "token:api": 4})
    request = Request("a", units_of(demand), "run")

    def work() -> None:
        ask, give_back = arbiter.ask, arbiter.give_back
        for _ in range(TIMES):
            ask(request, 0.0)
            give_back("a", 0.0)

    return best_us(work, TIMES)


def with_waiting(waiting: int, tenants: int, demands: int = 1) -> float:
    """One give_back that grants the next of many, and its ask; every tenant waits for the same token."""
    arbiter = Arbiter({"cpus": 8, "token:api": 1})
    kinds = [units_of({"cpus": 0.001 * (i + 1), "token:api": 1}) for i in range(demands)]
    arbiter.ask(Request("first", units_of({"token:api": 1}), "t0"), 0.0)
    for i in range(waiting):
        arbiter.ask(Request(f"r{i}", kinds[i % demands], f"t{i % tenants}", 0, 0.0), 0.0)
    holder, number, count = "first", waiting, 500

    def work() -> None:
        nonlocal holder, number
        for _ in range(count):
            arbiter.ask(Request(f"r{number}", kinds[number % demands], f"t{number % tenants}", 0, 0.0), 0.0)
            number += 1
            holder = arbiter.give_back(holder, 0.0)[0]

    return best_us(work, count, 3)


def through_the_ledger(peers: int) -> float:
    """One ask and one give_back of a shared token, with other engines about that want nothing."""
    token, count = units_of({"token:api": 1}), 300
    with tempfile.TemporaryDirectory() as name, SharedLedger(Path(name), {}) as ledger, ExitStack() as stack:
        for _ in range(peers):
            stack.enter_context(SharedLedger(Path(name), {})).poll()

        def work() -> None:
            for _ in range(count):
                ledger.ask(Request("a", token, "run"))
                ledger.give_back("a")

        return best_us(work, count)


def waits(sizes: dict[str, int], task_s: float, tokens: int, *, fair: bool) -> dict[str, list[float]]:
    """Simulated waits in seconds by run; every task needs one token, each run has at most 64 asking at a time."""
    arbiter = Arbiter({"token:api": float(tokens)})
    token = units_of({"token:api": 1})
    left = {run: iter(range(size)) for run, size in sizes.items()}
    asked: dict[str, float] = {}
    found: dict[str, list[float]] = {run: [] for run in sizes}
    ends: list[tuple[float, str]] = []

    def start(name: str, now: float) -> None:
        found[name.split("/")[0]].append(now - asked[name])
        heapq.heappush(ends, (now + task_s, name))

    def ask_next(run: str, now: float) -> None:
        number = next(left[run], None)
        if number is not None:
            name = f"{run}/{number}"
            asked[name] = now
            if arbiter.ask(Request(name, token, run if fair else "all", 0, now), now):
                start(name, now)

    for run in sizes:
        for _ in range(64):
            ask_next(run, 0.0)
    while ends:
        now, name = heapq.heappop(ends)
        for granted in arbiter.give_back(name, now):
            start(granted, now)
        ask_next(name.split("/")[0], now)
    return found


def main() -> None:
    """Measure everything and print the tables."""
    print(
        f"{platform.machine()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}"
    )
    print("\n| ask and give back | us |\n|---|---|")
    print(f"| one core, nobody waits | {without_conflict({'cpus': 1}):.2f} |")
    print(f"| a core and a token, nobody waits | {without_conflict(BUSY):.2f} |")
    print(f"| nothing demanded | {without_conflict({}):.2f} |")
    for waiting, tenants, demands in ((1, 1, 1), (1_000, 1, 1), (100_000, 1, 1), (1_000, 10, 1), (1_000, 10, 20)):
        print(
            f"| {waiting:,} of {tenants} runs wait, {demands} different demands | {with_waiting(waiting, tenants, demands):.2f} |"
        )
    for peers in (0, 1, 4):
        print(f"| shared ledger, {peers} other engines | {through_the_ledger(peers):.0f} |")
    print("\nTasks of 1 s that need one token: seconds waited by run\n")
    print("| order | run | tasks | p50 | p90 | p99 | longest |\n|---|---|---|---|---|---|---|")
    for fair in (True, False):
        found = waits({"large": 1_000, "small": 10}, 1.0, 1, fair=fair)
        for run, times in found.items():
            cuts = statistics.quantiles(times, n=100, method="inclusive")
            order, shown = "fair" if fair else "first come", (cuts[49], cuts[89], cuts[98], max(times))
            print(f"| {order} | {run} | {len(times):,} | " + " | ".join(f"{s:.0f}" for s in shown) + " |")


if __name__ == "__main__":
    main()
