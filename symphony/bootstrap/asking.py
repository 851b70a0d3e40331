"""Tells what ran and why, and makes a call of an earlier run again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from symphony.bootstrap.stores import open_project_store
from symphony.config.project import Project, find_project
from symphony.errors import UsageError

if TYPE_CHECKING:
    from symphony.runtime.explain import Decision
    from symphony.store.records import RunRecord
    from symphony.store.store import Store


def find_run(store: Store, reference: str) -> RunRecord:
    """Find a run by id, unique prefix, or ``last``.

    Raises:
        UsageError: there is none, or several begin so.
    """
    records = store.runs()
    if reference == "last":
        if not records:
            raise UsageError("there is no run yet: start one with symphony run")
        return records[0]
    found = [r for r in records if r.id == reference] or [r for r in records if r.id.startswith(reference)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"several runs begin with {reference!r}: {', '.join(r.id for r in found[:5])}")
    recent = ", ".join(r.id for r in records[:3])
    raise UsageError(f"there is no run {reference!r}" + (f"; the latest are {recent}" if recent else ""))


def show(store: Store, run: RunRecord) -> dict[str, Any]:
    """The document of `symphony show`."""
    from symphony.runtime.history import show_document

    return show_document(store, run)


def runs(store: Store, **filters: Any) -> dict[str, Any]:
    """The document of `symphony runs`, newest first."""
    from symphony.runtime.history import runs_document

    return runs_document(store, **filters)


def logs(store: Store, run: RunRecord, task: str | None = None) -> list[dict[str, Any]]:
    """The log lines of a run and its errors, in order; those of one task, its elements included, when one is named."""
    from symphony.runtime.history import logs_of

    return logs_of(store, run, task)


def why(run: str, task: str, *, project: Project | None = None) -> list[Decision]:
    """Say why a task of a run ran, was served or was left out."""
    from symphony.runtime.history import why_of

    store = open_project_store(project or find_project(Path.cwd()))
    return why_of(store, find_run(store, run), task)


def replay(run: str, task: str, *, project: Project | None = None, pdb: bool = False) -> Any:
    """Make one call of an earlier run again, in this process, with its recorded inputs; returns what the body gives."""
    from symphony.runtime.replaying import replay_call

    home = project or find_project(Path.cwd())
    store = open_project_store(home)
    return replay_call(store, find_run(store, run), task, home.root, pdb=pdb)
