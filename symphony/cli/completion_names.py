"""Names of runs, tasks, melodies, executors, environments and players, found quickly: files are looked at, nothing is imported."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from symphony.cli.completing import Asked, Candidate
from symphony.config.project import CASE_SUFFIXES, Project, find_project, shipped_melodies

SUFFIXES = (".yaml", ".yml", ".py")
KNOWN_EXECUTORS = {"pit": "this machine", "dask": "a Dask cluster", "prefect": "a Prefect server"}
_DECORATED = re.compile(
    r"^@(?:\w+\.)?(operator|instrument|motif|melody)\b[^\n]*\n(?:(?!def |async def |class )[^\n]*\n){0,20}?"
    r"(?:async )?def (\w+)",
    re.MULTILINE,
)
_LARGEST = 1_000_000
"""Larger files are passed over: reading them would be felt."""


def names(kind: str, asked: Asked) -> Iterator[Candidate]:
    """What there is of a kind, with a few words about each."""
    project = find_project(Path.cwd(), state=Path(asked.state) if asked.state else None)
    if kind == "run":
        yield from _runs(project)
    elif kind == "task":
        yield from _tasks(project, asked)
    elif kind == "melody":
        yield from _melodies(project)
    elif kind == "executor":
        yield from _executors()
    elif kind == "environment":
        yield from _environments(project)
    elif kind == "player":
        yield from _players(project)


def _runs(project: Project) -> Iterator[Candidate]:
    from symphony.store.glance import recent_runs  # only for runs

    found = recent_runs(project.state)
    if found:
        yield "last", f"{found[0][1]} {found[0][2]}"
    yield from ((id, f"{melody} {state}") for id, melody, state in found)


def _tasks(project: Project, asked: Asked) -> Iterator[Candidate]:
    if "melody" in asked.values:
        yield from _written_tasks(project, asked.values["melody"])
        return
    from symphony.store.glance import planned_tasks  # only for tasks of a run

    yield from planned_tasks(project.state, asked.values.get("run", "last"))


def _written_tasks(project: Project, melody: str) -> Iterator[Candidate]:
    """The tasks of a YAML melody: the first keys below ``tasks:``, by their indentation."""
    stem = Path(melody)
    folders = (project.melodies, shipped_melodies())
    files = [stem, *(folder / f"{melody}{suffix}" for folder in folders for suffix in SUFFIXES[:2])]
    file = next((f for f in files if f.suffix in SUFFIXES[:2] and f.is_file()), None)
    text = _text(file) if file is not None else ""
    block = re.search(r"^tasks:[^\n]*\n((?:[ \t#][^\n]*\n|\n)*)", text + "\n", re.MULTILINE)
    lines = block[1].splitlines() if block else []
    first = next((len(line) - len(line.lstrip()) for line in lines if line.strip() and line.lstrip()[0] != "#"), 0)
    for line in lines:
        if found := re.match(rf" {{{first}}}([A-Za-z_]\w*):", line):
            yield found[1], ""


def _melodies(project: Project) -> Iterator[Candidate]:
    for folder, about in ((project.melodies, "of this project"), (shipped_melodies(), "ready-made")):
        for file in _files(folder):
            several = [name for kind, name in _decorated(file) if kind == "melody"] if file.suffix == ".py" else []
            if len(several) > 1:
                yield from ((f"{file.stem}:{name}", about) for name in several)
            elif several or (file.suffix != ".py" and not file.name.endswith(CASE_SUFFIXES)):
                yield file.stem, about


def _executors() -> Iterator[Candidate]:
    from importlib.metadata import entry_points  # slow to load; only for executors

    yield from KNOWN_EXECUTORS.items()
    yield from ((e.name, e.value) for e in entry_points(group="symphony.executors") if e.name not in KNOWN_EXECUTORS)


def _environments(project: Project) -> Iterator[Candidate]:
    from symphony.config.sources import named_environments  # only for environments

    yield from named_environments(project.root).items()


def _players(project: Project) -> Iterator[Candidate]:
    shipped = Path(__file__).parents[1] / "players"
    for file in _files(shipped):
        yield from ((f"{file.stem}.{name.rstrip('_')}", kind) for kind, name in _decorated(file) if kind != "melody")
    for folder in (project.root, project.melodies):
        for file in _files(folder):
            if file.suffix == ".py":
                yield from ((f"{file.stem}:{name}", kind) for kind, name in _decorated(file) if kind != "melody")


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(f for f in folder.iterdir() if f.suffix in SUFFIXES)
    except OSError:
        return []


def _decorated(file: Path) -> list[tuple[str, str]]:
    """The decorator and the name of each decorated function of a file, in its order."""
    return [(found[1], found[2]) for found in _DECORATED.finditer(_text(file))]


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace") if file.stat().st_size <= _LARGEST else ""
    except OSError:
        return ""
