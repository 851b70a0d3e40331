"""Tracing, reading and compiling beside graphlib and Dask, in one process: microseconds per task, seconds in all.

Run: python tests/benchmarks/bench_compile.py [TIMES]
"""

from __future__ import annotations

import gc
import graphlib
import importlib.util
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from symphony.bootstrap import check
from symphony.define.tracing import MelodyFunction, melody

HERE = Path(__file__).resolve().parent
PYTHON = (1_000, 10_000, 100_000)
YAML = (10_000, 20_000)
DASK = 1_000


def chain(tasks: int) -> MelodyFunction:
    """A Python melody: each task reads the one before."""
    from noop_players import join

    def links() -> Any:
        last = join(a=1)
        for _ in range(tasks - 1):
            last = join(a=last)
        return last

    return melody(links)


def yaml_chain(tasks: int, folder: Path) -> Path:
    """The same melody as a file."""
    lines = ["melody: links", "tasks:", "  t0:", "    player: noop_players:join", "    with: {a: 1}"]
    for i in range(1, tasks):
        lines += [f"  t{i}:", "    player: noop_players:join", f"    with: {{a: '${{{{ tasks.t{i - 1} }}}}'}}"]
    file = folder / f"links_{tasks}.yaml"
    file.write_text("\n".join([*lines, "outputs:", f"  last: ${{{{ tasks.t{tasks - 1} }}}}", ""]))
    return file


def best(work: Callable[[], Any], times: int) -> float:
    """The least seconds of several times."""
    found = []
    for _ in range(times):
        gc.collect()
        started = time.perf_counter()
        work()
        found.append(time.perf_counter() - started)
    return min(found)


def compiled(target: Any, tasks: int) -> None:
    """Compile, and see that the plan is whole."""
    found = check(target)
    if found.plan is None or len(found.plan.tasks) != tasks:
        raise SystemExit(f"the melody of {tasks} tasks does not compile: {found.diagnostics[:3]}")


def ordered(tasks: int) -> None:
    """The same graph with nothing but names, put in order by the standard library."""
    tuple(graphlib.TopologicalSorter({f"t{i}": (f"t{i - 1}",) if i else () for i in range(tasks)}).static_order())


def delayed(tasks: int) -> None:
    """The same graph with dask.delayed, as far as the dict of its tasks."""
    import dask

    add = dask.delayed(lambda a: a + 1, pure=False)
    last = add(1)
    for _ in range(tasks - 1):
        last = add(last)
    dict(last.__dask_graph__())


def row(what: str, tasks: int, seconds: float) -> None:
    """One line of the table."""
    print(f"{what:<34}{tasks:>9,}{seconds:>10.3f} s{seconds / tasks * 1e6:>10.1f} µs/task", flush=True)


def main() -> None:
    """Measure everything and print the table."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    sys.path.insert(0, str(HERE))
    print(
        f"{platform.machine()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, "
        f"Python {platform.python_version()}; best of {times}"
    )
    for tasks in PYTHON:
        made = chain(tasks)
        row("trace Python", tasks, best(made.trace, times))
        row("trace twice and compile Python", tasks, best(lambda m=made, n=tasks: compiled(m, n), times))
        row("graphlib, names only", tasks, best(lambda n=tasks: ordered(n), times))
    with tempfile.TemporaryDirectory() as folder:
        for tasks in YAML:
            file = yaml_chain(tasks, Path(folder))
            row("read and compile YAML", tasks, best(lambda f=file, n=tasks: compiled(f, n), times))
    if importlib.util.find_spec("dask") is not None:
        row("dask.delayed", DASK, best(lambda: delayed(DASK), times))


if __name__ == "__main__":
    main()
