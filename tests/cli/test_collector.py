"""The program's garbage collector: seldom while loading, as usual for players, and untouched in another's process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PLAYERS = """
import gc, pathlib
from symphony import operator

@operator(cache=False)
def thresholds() -> str:
    return " ".join(map(str, (*gc.get_threshold(), gc.isenabled())))
"""
MELODY = """melody: ask
tasks:
  ask: {player: "players:thresholds"}
outputs: {told: "${{ tasks.ask }}"}
"""
PROGRAM = "import gc, sys; print(*gc.get_threshold(), True); from symphony.cli.entry import main; sys.exit(main())"
EMBEDDED = """
import gc
from symphony.cli.entry import main
before = gc.get_threshold(), gc.get_freeze_count(), gc.isenabled()
assert main(["run", "ask.yaml"]) == 0
assert (gc.get_threshold(), gc.get_freeze_count(), gc.isenabled()) == before
"""


def run_python(code: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    (folder / "players.py").write_text(PLAYERS)
    (folder / "ask.yaml").write_text(MELODY)
    return subprocess.run([sys.executable, "-c", code, *words], cwd=folder, capture_output=True, text=True, check=True)


def test_bodies_of_players_run_with_a_collector_that_is_on_and_only_eased(tmp_path: Path) -> None:
    done = run_python(PROGRAM, tmp_path, "run", "ask.yaml")

    _, *older, on = done.stdout.splitlines()[0].split()
    assert f"told: 50000 {' '.join(older)} {on}" in done.stdout


def test_a_call_of_main_leaves_the_collector_of_its_process_alone(tmp_path: Path) -> None:
    run_python(EMBEDDED, tmp_path)
