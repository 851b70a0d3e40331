"""What a warm player costs, beside a lock and a context manager, and how many are warm when needed. Prints tables.

Run: python tests/benchmarks/bench_pool.py
"""

from __future__ import annotations

import gc
import os
import platform
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from symphony.runtime.player_copy import Handle, PlayerKind
from symphony.runtime.player_pool import PlayerPool

PAIRS = 1_000
SAMPLES = 400


def least_ns(work: Callable[[], None]) -> float:
    """The least nanoseconds per pair of many samples."""
    found = []
    gc.disable()
    for _ in range(SAMPLES):
        started = time.perf_counter_ns()
        work()
        found.append(time.perf_counter_ns() - started)
    gc.enable()
    return min(found) / PAIRS


def roads(pool: PlayerPool, kind: PlayerKind) -> dict[str, Callable[[], None]]:
    """The ways of taking and giving back one warm player, `PAIRS` times each."""
    lock, ended = threading.Lock(), time.perf_counter()
    free = kind.free

    def empty() -> None:
        for _ in range(PAIRS):
            pass

    def inside() -> None:
        for _ in range(PAIRS):
            try:
                handle = kind.free.pop()
            except IndexError:
                handle = pool.take_cold(kind)
            handle.active = True
            handle.uses += 1
            handle.active = False
            handle.used_at = ended
            kind.free.append(handle)
            if kind.watch:
                pool.look(kind)

    def methods() -> None:
        take, give = pool.take, pool.give
        for _ in range(PAIRS):
            give(take(kind), ended)

    def bare() -> None:
        for _ in range(PAIRS):
            free.append(free.pop())

    def locked() -> None:
        for _ in range(PAIRS):
            with lock:
                handle = free.pop()
            with lock:
                free.append(handle)

    @contextmanager
    def lent() -> Iterator[Handle]:
        handle = pool.take(kind)
        try:
            yield handle
        finally:
            pool.give(handle, ended)

    def managed() -> None:
        for _ in range(PAIRS):
            with lent():
                pass

    return {
        "(empty loop)": empty,
        "a bare list": bare,
        "inside the loop of an engine": inside,
        "pool.take and pool.give": methods,
        "a lock around each step": locked,
        "a context manager": managed,
    }


def hit_rate(ahead: int, *, players: int = 8, room: int = 3, layers: int = 200) -> float:
    """How often a player was warm: layers that need two of eight players, three calls each, room for three.

    Players are set up only while a call runs, as long as the call, and `ahead` calls are known to come.
    """
    rng = random.Random(3)
    pool = PlayerPool(budget_bytes=room)
    kinds = [pool.add(PlayerKind(f"p{i}", object, size_bytes=1)) for i in range(players)]
    calls = [kind for _ in range(layers) for kind in rng.sample(kinds, 2) * 3]
    for i, kind in enumerate(calls):
        handle = pool.take(kind)
        if ahead:
            pool.upcoming(calls[i + 1 : i + 1 + ahead])
            pool.settled(10.0)
        pool.give(handle, float(i))
    pool.close()
    return pool.hit_rate or 0.0


def main() -> None:
    """Measure everything and print the tables."""
    print(
        f"{platform.machine()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}"
    )
    pool = PlayerPool(budget_bytes=100)
    kind = pool.add(PlayerKind("a", object, size_bytes=1))
    pool.give(pool.take(kind), 0.0)
    print(f"\n| take and give back, {PAIRS:,} pairs, least of {SAMPLES} | ns |\n|---|---|")
    for name, work in roads(pool, kind).items():
        print(f"| {name} | {least_ns(work):.0f} |")
    print("\n| set up ahead of need | calls that found their player warm |\n|---|---|")
    for ahead in (0, 1, 3, 6, 12):
        print(f"| {f'{ahead} calls' if ahead else 'nothing'} | {hit_rate(ahead):.1%} |")


if __name__ == "__main__":
    main()
