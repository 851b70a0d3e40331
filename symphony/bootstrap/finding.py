"""Finds melodies and plans by name, and the project that they belong to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from symphony.config.project import CASE_SUFFIXES, Project, find_project
from symphony.config.project import shipped_melodies as shipped_melodies
from symphony.define.tracing import MelodyFunction
from symphony.errors import UsageError
from symphony.model.melody import Melody
from symphony.model.names import did_you_mean
from symphony.model.plan import Plan


def find_definition(name: str, project: Project) -> str:
    """Find a melody by file, ``file.py:name``, or by its stem in the project's melodies, then in the shipped ones.

    Raises:
        UsageError: nothing is there; names what there is.
    """
    file, colon, inner = name.partition(":")
    path = Path(file)
    if path.is_file():
        return name
    if path.suffix or "/" in file:
        raise UsageError(f"there is no file {file!r}")
    folders = (project.melodies, shipped_melodies())
    for folder in folders:
        for suffix in (".yaml", ".yml", ".py"):
            found = folder / f"{file}{suffix}"
            if found.is_file():
                return f"{found}{colon}{inner}"
    known = {p.stem for f in folders if f.is_dir() for p in f.iterdir() if _holds_melodies(p)}
    raise UsageError(f"there is no melody {name!r}: {did_you_mean(name, sorted(known), what='melodies')}")


def _holds_melodies(file: Path) -> bool:
    return file.suffix in (".yaml", ".yml", ".py") and not file.name.endswith(CASE_SUFFIXES)


def project_of(target: Any, *, state: Path | None = None) -> Project:
    """The project that a melody or a plan belongs to: the one around its file, else around the current folder.

    A plan in memory belongs to the project that it was compiled in.

    Raises:
        UsageError: there is no such melody.
    """
    if isinstance(target, Plan):
        return find_project(Path(target.origin[0]) if target.origin else Path.cwd(), state=state)
    return project_around(file_of(target), state)


def project_around(file: Path | None, state: Path | None = None) -> Project:
    """The project above a file; for a shipped melody that of the current folder."""
    if file is None or file.resolve().is_relative_to(shipped_melodies().resolve()):
        return find_project(Path.cwd(), state=state)
    return find_project(file, state=state)


def file_of(target: Any) -> Path | None:
    """The file that defines a melody or holds a plan; None where there is none, as in a notebook."""
    if isinstance(target, (str, Path)):
        return Path(find_definition(str(target), find_project(Path.cwd())).partition(":")[0])
    named = (
        target.file if isinstance(target, MelodyFunction) else target.source.file if isinstance(target, Melody) else ""
    )
    file = Path(named)
    return file if named and file.exists() else None


def folders_of(project: Project, *others: Path) -> tuple[str, ...]:
    """The folders where modules of players are looked for, the project's root first."""
    return tuple(dict.fromkeys(str(f) for f in (project.root, *(o.resolve() for o in others))))
