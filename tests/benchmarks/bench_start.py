"""How long a process takes: the program's short commands beside an empty Python; milliseconds.

Run: python tests/benchmarks/bench_start.py [TIMES]
"""

from __future__ import annotations

import compileall
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SYMPHONY = ("-c", "import sys; from symphony.cli.entry import main; sys.exit(main())")
"""What the installed script does."""
MELODY = """melody: three
tasks:
  one: {player: text.split, with: {text: to be}}
  two: {player: text.join, with: {parts: "${{ tasks.one }}"}}
  three: {player: hash.text, with: {text: "${{ tasks.two }}"}}
outputs: {digest: "${{ tasks.three }}"}
"""


def times_of(arguments: tuple[str, ...], folder: Path, times: int) -> list[float]:
    """Milliseconds of several processes, one after the other; the first, which warms the disk, is left out."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "executors")))}
    found = []
    for _ in range(times + 1):
        started = time.perf_counter()
        done = subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True)
        found.append((time.perf_counter() - started) * 1e3)
        if done.returncode:
            raise SystemExit(f"{' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
    return found[1:]


def main() -> None:
    """Measure everything and print the table."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    for package in ("symphony", "executors"):
        compileall.compile_dir(ROOT / package, quiet=1)
    print(
        f"{platform.machine()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, "
        f"Python {platform.python_version()}; {times} times"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "three.yaml").write_text(MELODY)
        for what, arguments in {
            "python -c pass": ("-c", "pass"),
            "import symphony": ("-c", "import symphony"),
            "symphony --version": (*SYMPHONY, "--version"),
            "symphony --help": (*SYMPHONY, "--help"),
            "symphony check three.yaml": (*SYMPHONY, "check", "three.yaml"),
            "symphony run three.yaml, fresh": (*SYMPHONY, "run", "three.yaml", "--no-cache"),
            "symphony run three.yaml, served": (*SYMPHONY, "run", "three.yaml"),
        }.items():
            found = times_of(arguments, folder, times)
            print(f"{what:<34}min {min(found):>7.1f} ms   median {statistics.median(found):>7.1f} ms", flush=True)


if __name__ == "__main__":
    main()
