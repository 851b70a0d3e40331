"""A context to call players with, and git repositories with fixed dates."""

from __future__ import annotations

import logging
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest


@dataclass
class PlainContext:
    """A context outside any run."""

    workdir: Path
    run_id: str = "run"
    task_id: str = "task"
    attempt: int = 1
    idempotency_key: str = "key"
    cancelled: bool = False
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("test"))

    def progress(self, done: float, total: float | None = None) -> None:
        """Nobody listens."""


@pytest.fixture
def ctx(tmp_path: Path) -> PlainContext:
    """A context whose work folder is empty."""
    folder = tmp_path / "workdir"
    folder.mkdir()
    return PlainContext(folder)


class Sandbox:
    """A git repository under construction. Every commit has a date, so that equal steps give equal commits."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str, who: str = "Ada", date: str = "2024-01-01T12:00:00+00:00") -> str:
        """Run git here as `who` at `date`."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        mail = f"{who.lower().replace(' ', '.')}@example.org"
        env = clean | {
            "GIT_AUTHOR_NAME": who, "GIT_AUTHOR_EMAIL": mail, "GIT_COMMITTER_NAME": who, "GIT_COMMITTER_EMAIL": mail,
            "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
        }  # fmt: skip
        done = subprocess.run(["git", *arguments], cwd=self.folder, env=env, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write files; text in UTF-8."""
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(
        self, message: str, files: Mapping[str, str | bytes], *, who: str = "Ada", date: str = "2024-01-01"
    ) -> str:
        """Write files, commit everything, and give the commit."""
        self.write(files)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message, who=who, date=f"{date}T12:00:00+00:00")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def make_repo(tmp_path: Path) -> Callable[[str], Sandbox]:
    """Makes empty repositories by name."""
    return lambda name="repo": Sandbox(tmp_path / name)


BRANCHY = "def f(a, b):\n    if a and b:\n        return 1\n    for x in a:\n        while x:\n            x -= 1\n    return 0\n"


@pytest.fixture
def repo(make_repo: Callable[[str], Sandbox]) -> Sandbox:
    """Four commits by two people over nine weeks: one file is renamed, one is deleted, one is binary."""
    made = make_repo("project")
    made.commit(
        "feat: start", {"src/core.py": BRANCHY, "README.md": "# Project\n", "old.py": "x = 1\n"}, date="2024-01-01"
    )
    made.commit("fix: loop", {"src/core.py": BRANCHY + "\n# TODO: speed\n"}, who="Bob", date="2024-01-09")
    made.git("mv", "src/core.py", "src/engine.py")
    (made.folder / "old.py").unlink()
    made.commit("Rename the core", {"logo.png": b"\x89PNG\r\n\x1a\n\0\0\0"}, date="2024-02-20")
    made.commit("docs: words", {"README.md": "# Project\n\nWords.\n"}, date="2024-03-01")
    return made
