"""What Symphony costs on Dask: the same 1,000-task graph of 10 ms tasks by `Client.submit` and by a melody.

Run: python tests/benchmarks/bench_dask.py [ROUNDS]

Ten layers of 100 tasks with 1-3 parents each, on one cluster of two workers that was started by its command line, in
turn. A number is the least of the rounds. Recording is off on both sides; a row of its own states what it costs.
"""

from __future__ import annotations

import os
import platform
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from distributed import Client  # noqa: E402
from nap_players import NAP_S, plain_nap  # noqa: E402

from symphony import bootstrap  # noqa: E402

LAYERS, WIDTH, WORKERS = 10, 100, 2
IDEAL_S = LAYERS * WIDTH * NAP_S / WORKERS


@contextmanager
def cluster() -> Iterator[str]:
    """A scheduler and two workers of one thread each; gives the address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    paths = os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
    scheduler = ["scheduler", "--host", "127.0.0.1", "--port", address.rpartition(":")[2]]
    worker = ["worker", address, "--nthreads", "1", "--memory-limit", "0"]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments, "--no-dashboard"], env={**os.environ, "PYTHONPATH": paths},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=tempfile.gettempdir(),
        )
        for arguments in (scheduler, *[worker] * WORKERS)
    ]  # fmt: skip
    try:
        yield address
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait()


def parents(chance: random.Random, layer: int) -> list[int]:
    """Which tasks of the layer before a task reads."""
    return chance.sample(range(WIDTH), chance.randint(1, 3)) if layer else []


def by_submit(client: Client, turn: int) -> float:
    """The graph by futures, as the pages of Dask advise; what nobody needs any more is let go of, as in a melody."""
    chance, before = random.Random(1), []
    begun = time.perf_counter()
    for layer in range(LAYERS):
        before = [
            client.submit(plain_nap, *(before[p] for p in parents(chance, layer)), key=f"nap-{turn}-{layer}-{i}", pure=False)
            for i in range(WIDTH)
        ]  # fmt: skip
    client.gather(before)
    return time.perf_counter() - begun


def melody(folder: Path) -> Path:
    """The graph as a melody."""
    chance, lines = random.Random(1), ["melody: layers", "tasks:"]
    for layer in range(LAYERS):
        for i in range(WIDTH):
            refs = ", ".join(f'"${{{{ tasks.n{layer - 1}_{p} }}}}"' for p in parents(chance, layer))
            lines.append(f'  n{layer}_{i}: {{player: "nap_players:nap", with: {{parents: [{refs}]}}}}')
    path = folder / "layers.yaml"
    path.write_text("\n".join(lines))
    (folder / "pyproject.toml").write_text("[tool.symphony]\n")
    (folder / "nap_players.py").write_text((HERE / "nap_players.py").read_text())
    return path


def by_melody(plan: object, *, record: bool) -> float:
    """The graph by Symphony: opening the run on the cluster and closing it are in the number."""
    result = bootstrap.run(plan, executor="dask", record=record, no_cache=record)
    assert str(result.state) == "succeeded", result.failures[:1]
    return result.seconds


def main() -> None:
    """Print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory() as folder, cluster() as address:
        os.chdir(folder)
        os.environ["DASK_SCHEDULER_ADDRESS"] = address
        plan = bootstrap.compile(melody(Path(folder)))
        with Client(address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(WORKERS)
            client.gather(client.map(plain_nap, range(20), pure=False))
            by_melody(plan, record=False)  # the players are imported
            times: dict[str, list[float]] = {"submit": [], "melody": [], "recorded": []}
            for turn in range(rounds):
                times["submit"].append(by_submit(client, turn))
                times["melody"].append(by_melody(plan, record=False))
                times["recorded"].append(by_melody(plan, record=True))
    raw = min(times["submit"])
    print(
        f"{platform.node()}, Python {platform.python_version()}, {os.cpu_count()} cores, {rounds} rounds; ideal {IDEAL_S:.1f} s"
    )
    print(f"{'':<44}{'seconds':>9}{'beside submit':>15}   rounds")
    names = {
        "submit": "distributed, Client.submit",
        "melody": "Symphony, recording off",
        "recorded": "Symphony, recording on",
    }
    for name, title in names.items():
        found = times[name]
        shown = " ".join(f"{t:.2f}" for t in found)
        print(f"{title:<44}{min(found):>9.2f}{min(found) / raw:>14.2f}x   {shown}")


if __name__ == "__main__":
    main()
