"""Finds the project that a melody belongs to, and the folder that holds its state."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_PACKAGE = Path(__file__).parent.parent
CONFIG_FILES = ("symphony.config.toml", "symphony.config.yaml", "symphony.config.json")

CASE_SUFFIXES = (".test.yaml", ".test.yml")
"""How the names of files of test cases end; they are no melodies, though they lie beside them."""


@dataclass(frozen=True, slots=True)
class Project:
    """A project.

    Attributes:
        root: where relative paths of melodies start.
        state: the folder of runs and results: ``.symphony`` beside the project, or ``$SYMPHONY_STATE``.
    """

    root: Path
    state: Path

    @property
    def melodies(self) -> Path:
        """The folder of the project's melodies."""
        return self.root / "melodies"


def find_project(start: Path, *, state: Path | None = None) -> Project:
    """Find the nearest folder above `start` with a Symphony configuration or a git repository, else the current one."""
    start = start.resolve()
    folder = start if start.is_dir() else start.parent
    root = next((f for f in (folder, *folder.parents) if _is_root(f)), Path.cwd())
    chosen = state or (Path(os.environ["SYMPHONY_STATE"]) if os.environ.get("SYMPHONY_STATE") else root / ".symphony")
    return Project(root, chosen.absolute())


def shipped_melodies() -> Path:
    """The folder of the ready-made melodies: inside the wheel, or beside the package in a checkout."""
    inside = _PACKAGE / "_melodies"
    return inside if inside.is_dir() else _PACKAGE.parent / "melodies"


def _is_root(folder: Path) -> bool:
    if (folder / ".git").exists() or any((folder / name).is_file() for name in CONFIG_FILES):
        return True
    pyproject = folder / "pyproject.toml"
    if not pyproject.is_file():
        return False
    import tomllib  # most folders have no such file

    try:
        return "symphony" in tomllib.loads(pyproject.read_text("utf-8")).get("tool", {})
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return False
