"""A project of players whose melodies run on a Dask cluster, and what looks at the traces they leave."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from symphony import bootstrap
from symphony_tests_dask.cluster import ROOT

PLAYERS = Path(__file__).resolve().parent / "players.py"


def new_project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in this folder, which becomes the current one."""
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text("[tool.symphony]\n[tool.symphony.limits]\ngpus = 8\n")
    (folder / f"dask_{abs(hash(folder)) % 10**9}.py").write_text(PLAYERS.read_text())
    monkeypatch.chdir(folder)
    return folder


def written(project: Path, tasks: str) -> str:
    """Write the melody of a project; ``player: name`` means one of its own."""
    players = next(project.glob("dask_*.py")).stem
    named = re.sub(r"player: (\w+)(?=[,}\s])", rf'player: "{players}:\1"', tasks)
    (project / "m.yaml").write_text(f"melody: m\n{named if 'tasks:' in named else 'tasks:' + chr(10) + named}")
    return "m.yaml"


def run(project: Path, tasks: str, **options: Any) -> Any:
    """Run a melody of the project on Dask."""
    return bootstrap.run(written(project, tasks), **{"executor": "dask", **options})


def started(project: Path, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
    """Start the program in a project, as the shell would."""
    paths = os.pathsep.join(str(p) for p in (ROOT, ROOT / "executors"))
    return subprocess.Popen(
        [sys.executable, "-m", "symphony", *arguments], cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": paths, **environment},
    )  # fmt: skip


def until(true: Callable[[], Any], seconds: float = 40.0) -> Any:
    """Look until something is so; gives what it found."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = true()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"it did not come to this within {seconds:g} s")


def with_command(text: str) -> list[int]:
    """The processes whose command line has a text in it."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != os.getpid():
            try:
                if text.encode() in Path(f"/proc/{entry}/cmdline").read_bytes():
                    found.append(int(entry))
            except OSError:
                continue
    return found


def lines_of(path: Path) -> list[str]:
    """The lines of a file, if it is there."""
    return path.read_text().splitlines() if path.exists() else []


def run_with(project: Path, tasks: str, executor_options: Any, **options: Any) -> Any:
    """Run a melody of the project on Dask, with options of the executor."""
    return bootstrap.run(written(project, tasks), executor="dask", executor_options=executor_options, **options)
