"""How long the store takes: values kept and read, and many small calls recorded. Prints a table.

Run: ``python tests/benchmarks/bench_store.py [FOLDER]``. Figures are medians; those of small calls the best of three.
"""

from __future__ import annotations

import hashlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from symphony.model.artifact import Artifact
from symphony.model.frozen import FrozenMap
from symphony.model.states import TaskState
from symphony.store.records import CallRecord, KeyEntry, RunRecord
from symphony.store.store import Store

SIZES = {"1 KB": 1_000, "64 KiB": 65_536, "1 MB": 1_000_000}
CALLS = 10_000
PARTS = FrozenMap({"code": "c" * 64, "inputs.x": "msgpack:" + "d" * 64, "versions": ""})


def median_ms(work: Callable[[], object], repeat: int) -> float:
    """The median time of one repetition, in milliseconds."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e3


def keep_and_read(folder: Path, durability: str) -> Iterator[tuple[str, float]]:
    """Values of random bytes: kept one by one, kept in a batch of 64, read."""
    with Store.open(folder, durability=durability) as store:
        for name, size in SIZES.items():
            repeat = 50 if size < 500_000 else 20
            made: list[Artifact] = []
            tail = os.urandom(size)

            def keep(tail: bytes = tail, made: list[Artifact] = made) -> None:
                made.append(store.put(b"%08d" % len(made) + tail[8:]))

            def keep_and_flush(keep: Callable[[], None] = keep) -> None:
                keep()
                store.flush()

            def batch(keep: Callable[[], None] = keep) -> None:
                for _ in range(64):
                    keep()
                store.flush()

            yield f"keep {name}", median_ms(keep, repeat)
            store.flush()
            yield f"keep {name} and flush", median_ms(keep_and_flush, repeat)
            yield f"keep {name}, 64 to a flush, each", median_ms(batch, 3) / 64
            each = iter(made * 2)
            yield f"read {name}", median_ms(lambda each=each: store.get(next(each)), repeat)  # type: ignore[misc]


def record_calls(folder: Path | None, durability: str = "process") -> tuple[float, float]:
    """Microseconds per call: as the caller sees it, and until everything is written."""
    with Store.open(folder, durability=durability) as store:
        salt = os.urandom(8)
        run = salt.hex()
        store.begin_run(RunRecord(run, "m", started_at=time.time()))
        keys = [hashlib.sha256(salt + b"%d" % n).hexdigest() for n in range(CALLS)]
        tasks = [f"t{n}" for n in range(CALLS)]
        start = time.perf_counter()
        waiting: list[CallRecord] = []
        for n, (key, task) in enumerate(zip(keys, tasks, strict=True)):
            outputs = FrozenMap({"out": store.put(n)})
            store.remember(key, KeyEntry(outputs, run, task, PARTS))
            waiting.append(CallRecord(run, task, -1, TaskState.SUCCEEDED, 1, 1.0, 2.0, 0.1, "w0", key, outputs))
            if len(waiting) == 50:
                store.record(waiting)
                waiting = []
        seen = time.perf_counter() - start
        store.flush()
        return seen / CALLS * 1e6, (time.perf_counter() - start) / CALLS * 1e6


def look_up(folder: Path) -> tuple[float, float]:
    """Microseconds for a key that is there, and for one that is not."""
    with Store.open(folder) as store:
        keys = [key for key, _ in store.catalog.entries()][:CALLS]
        store.catalog.drop_cache()
        hit = median_ms(lambda: [store.lookup(key) for key in keys], 1)
        miss = median_ms(lambda: [store.lookup(key[::-1]) for key in keys], 1)
        return hit / len(keys) * 1e3, miss / len(keys) * 1e3


def main(folder: Path | None = None) -> None:
    """Measure, and print the table."""
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        base = Path(temporary)
        print("| what | process | power |\n|---|---|---|")
        process, power = (list(keep_and_read(base / level, level)) for level in ("process", "power"))
        for (name, ms), (_, power_ms) in zip(process, power, strict=True):
            print(f"| {name} | {ms:.3f} ms | {power_ms:.3f} ms |")
        runs = [(record_calls(base / "calls"), record_calls(base / "calls-power", "power")) for _ in range(3)]
        for place, name in ((0, "as the caller sees it"), (1, "until written")):
            best = [min(run[level][place] for run in runs) for level in (0, 1)]
            print(f"| keep, remember and record a small call, {name} | {best[0]:.1f} µs | {best[1]:.1f} µs |")
        hit, miss = look_up(base / "calls")
        print(f"| look up a key that is there | {hit:.1f} µs | |\n| look up a key that is not | {miss:.1f} µs | |")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
