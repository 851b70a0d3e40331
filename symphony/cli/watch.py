"""Run the program again whenever a file of the project changes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from symphony.cli.terminal import say

if TYPE_CHECKING:
    from symphony.config.project import Project

EVERY_S = 0.5
SKIPPED = {
    ".git",
    ".hg",
    ".symphony",
    ".venv",
    "venv",
    "node_modules",
    "__pycache__",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
}


def watched(project: Project, words: Sequence[str]) -> None:
    """Run the program with these words, now and after every change, until Ctrl-C.

    Each time is a process of its own: a module that was imported once would stay as it was.
    """
    for _ in _changes(project):
        subprocess.run([sys.executable, "-P", "-m", "symphony", *words], check=False)
        say(f"waiting for changes in {project.root}; Ctrl-C ends")


def snapshot(root: Path, state: Path) -> dict[str, tuple[int, int]]:
    """Every file below the root with its time and size; state, caches and version control are left out."""
    found: dict[str, tuple[int, int]] = {}
    for folder, folders, files in os.walk(root):
        folders[:] = [f for f in folders if f not in SKIPPED and Path(folder, f) != state]
        for name in files:
            path = os.path.join(folder, name)
            try:
                status = os.stat(path)
            except OSError:  # gone since it was listed
                continue
            found[path] = (status.st_mtime_ns, status.st_size)
    return found


def _changes(project: Project) -> Iterator[None]:
    yield
    try:
        from watchfiles import watch  # optional: the extra 'watch'
    except ImportError:
        yield from _polled(project)
        return
    for changes in watch(project.root, raise_interrupt=True):
        if any(_counts(project, Path(path)) for _, path in changes):
            yield


def _counts(project: Project, path: Path) -> bool:
    return not (SKIPPED & set(path.parts)) and not path.is_relative_to(project.state)


def _polled(project: Project) -> Iterator[None]:
    before = snapshot(project.root, project.state)
    while True:
        time.sleep(EVERY_S)
        now = snapshot(project.root, project.state)
        if now != before:
            yield
            now = snapshot(project.root, project.state)  # what the run itself wrote starts no other run
        before = now
