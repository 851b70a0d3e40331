"""The pool of processes beside those of others: CPU-bound calls, round trips, large values, fresh workers.

Run: python tests/benchmarks/bench_processes.py [SLOTS]
"""

from __future__ import annotations

import itertools
import os
import platform
import statistics
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import numpy  # noqa: E402
from process_players import plain_echo, plain_nothing, plain_spin  # noqa: E402

from symphony.runtime.processes.orders import CallContext, Outcome, PlayerBody, ProcessCall  # noqa: E402
from symphony.runtime.processes.pool import Processes  # noqa: E402
from symphony.store.anchors import Anchors  # noqa: E402

CALLS, CALL_S = 200, 0.01
_ids = itertools.count(1)


class Asked:
    """Calls of one player, waited for together."""

    def __init__(self, pool: Processes) -> None:
        self._pool, self._anchors = pool, Anchors(HERE)

    def __call__(self, name: str, count: int = 1, *, safe: bool = False, **arguments: Any) -> list[Outcome]:
        parcels = {k: self._pool.parcels.pack(v) for k, v in arguments.items()}
        body = PlayerBody("process_players", name, f"process_players:{name}", parcels, self._anchors)
        outcomes: list[Outcome] = []
        done = threading.Event()

        def ended(outcome: Outcome) -> None:
            outcomes.append(outcome)
            if len(outcomes) == count:
                done.set()

        for _ in range(count):
            self._pool.start(ProcessCall(next(_ids), body, CallContext("run", name, name), safe=safe, ended=ended))
        done.wait()
        for parcel in parcels.values():
            self._pool.parcels.release(parcel)
        assert all(o.how == "ok" for o in outcomes), outcomes[0]
        return outcomes


def seconds(run: Callable[[], Any], times: int = 3) -> float:
    """The least seconds of several runs."""
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        run()
        found.append(time.perf_counter() - begun)
    return min(found)


def row(what: str, value: str, note: str = "") -> None:
    """One line of the table."""
    print(f"{what:<58} {value:>12}  {note}")


def cpu_bound(asked: Asked, slots: int) -> None:
    """Calls that only use the processor, beside the ideal of CALLS * CALL_S / slots; the best of rounds taken in turn."""
    ideal = CALLS * CALL_S / slots
    with ProcessPoolExecutor(slots) as other:
        list(other.map(plain_nothing_of, range(slots)))
        contestants: dict[str, Callable[[], Any]] = {
            f"{CALLS} calls of {CALL_S * 1000:.0f} ms on {slots} slots": lambda: asked(
                "spin", CALLS, safe=True, seconds=CALL_S
            ),
            "  the same, none sent ahead": lambda: asked("spin", CALLS, seconds=CALL_S),
            "  concurrent.futures.ProcessPoolExecutor": lambda: list(other.map(plain_spin, [CALL_S] * CALLS)),
        }
        try:
            from joblib import Parallel, delayed

            contestants["  joblib"] = lambda: Parallel(n_jobs=slots)(delayed(plain_spin)(CALL_S) for _ in range(CALLS))
        except ImportError:
            row("  joblib", "not installed")
        rounds = [{what: seconds(run, 1) for what, run in contestants.items()} for _ in range(6)]
    for what in contestants:
        best = min(r[what] for r in rounds)
        row(what, f"{best / ideal:.3f}x", f"{best:.3f} s, ideal {ideal:.3f} s")


def plain_nothing_of(_: int) -> int:
    """A call that starts a worker of another pool."""
    return 0


def round_trips(asked: Asked) -> None:
    """An empty call, alone and many at once."""
    times = []
    for _ in range(500):
        begun = time.perf_counter()
        asked("nothing")
        times.append((time.perf_counter() - begun) * 1e6)
    row(
        "an empty call, there and back, best of 500",
        f"{min(times):.0f} us",
        f"median {statistics.median(times):.0f} us, 99 %: {sorted(times)[495]:.0f} us",
    )
    batched = seconds(lambda: asked("nothing", 10_000, safe=True))
    single = seconds(lambda: asked("nothing", 2_000))
    row("10,000 empty calls, in batches", f"{batched * 100:.1f} us", "each")
    row("2,000 empty calls, one at a time per worker", f"{single * 500:.1f} us", "each")
    with ProcessPoolExecutor(2) as other:
        list(other.map(plain_nothing_of, range(2)))
        alone = seconds(lambda: other.submit(plain_nothing).result(), 300)
        many = seconds(lambda: list(other.map(plain_nothing_of, range(10_000), chunksize=100)))
        row("  ProcessPoolExecutor: alone, best of 300", f"{alone * 1e6:.0f} us")
        row("  ProcessPoolExecutor: 10,000 in chunks of 100", f"{many * 100:.1f} us", "each")


def large_values(asked: Asked, pool: Processes) -> None:
    """There, back, and both, for bytes and arrays."""
    for size, name in ((1 << 20, "1 MiB"), (100_000_000, "100 MB")):
        for kind, value in (("bytes", os.urandom(size)), ("array", numpy.frombuffer(os.urandom(size), "u1"))):

            def there_and_back(value: Any = value) -> None:
                outcome = asked("echo", value=value)[0]
                back = pool.parcels.unpack(outcome.outputs["out"])
                pool.parcels.release(outcome.outputs["out"])
                assert len(back) == len(value)

            there = seconds(lambda value=value: asked("total", value=value))
            both = seconds(there_and_back)
            row(f"{name} of {kind}: there; there and back", f"{there * 1000:.1f} ms", f"{both * 1000:.1f} ms")
    with ProcessPoolExecutor(1) as other:
        data = os.urandom(100_000_000)
        both = seconds(lambda: other.submit(plain_echo, data).result())
        row("  ProcessPoolExecutor: 100 MB of bytes, both ways", f"{both * 1000:.1f} ms")


def fresh_workers(slots: int) -> None:
    """From asking for a worker until its first answer, with a nursery that is up; and from nothing."""
    for fork, what in ((True, "forked"), (False, "fresh interpreter")):
        begun = time.perf_counter()
        with Processes(folders=[HERE], preload=["process_players"], slots=1, fork=fork) as pool:
            asked = Asked(pool)
            asked("nothing")
            row(f"first answer from nothing, {what}", f"{(time.perf_counter() - begun) * 1000:.0f} ms")
            times = []
            for _ in range(20 if fork else 3):
                pool._supervisor.order(
                    lambda pool=pool: [
                        pool._supervisor._end(h, "cancelled", 0.0) for h in list(pool._supervisor._hands.values())
                    ]
                )  # type: ignore[arg-type,misc]
                begun = time.perf_counter()
                asked("nothing")
                times.append(time.perf_counter() - begun)
            row(f"a worker ended and replaced, first answer, {what}", f"{statistics.median(times) * 1000:.1f} ms")


def main() -> None:
    """Print the table."""
    slots = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores\n")
    with Processes(folders=[HERE], preload=["process_players", "numpy"], slots=slots) as pool:
        asked = Asked(pool)
        pool.warm(slots)
        asked("nothing", 20, safe=True)
        cpu_bound(asked, slots)
        round_trips(asked)
        large_values(asked, pool)
    fresh_workers(slots)


if __name__ == "__main__":
    main()
