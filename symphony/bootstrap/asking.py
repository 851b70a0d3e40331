"""Tells what ran and why, cancels it, and makes a call of an earlier run again."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symphony.bootstrap.stores import open_store_to_look
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
            raise UsageError("there is no run yet; start one with: symphony run MELODY")
        return _whole(store, records[0])
    found = [r for r in records if r.id == reference] or [r for r in records if r.id.startswith(reference)]
    if len(found) == 1:
        return _whole(store, found[0])
    if found:
        raise UsageError(f"several runs begin with {reference!r}: {', '.join(r.id for r in found[:5])}")
    recent = ", ".join(r.id for r in records[:3])
    raise UsageError(f"there is no run {reference!r}" + (f"; the latest are {recent}" if recent else ""))


def _whole(store: Store, run: RunRecord) -> RunRecord:
    """A run of a list with its plan."""
    return store.run(run.id) or run


def show(store: Store, run: RunRecord) -> dict[str, Any]:
    """The document of `symphony show`."""
    from symphony.runtime.history import show_document

    return show_document(store, run)


def show_task(store: Store, run: RunRecord, task: str) -> dict[str, Any]:
    """The document of `symphony show RUN TASK`: the task, its elements, its key and the end of its log.

    Raises:
        UsageError: the run has no such task.
    """
    from symphony.runtime.history import show_task_document

    return show_task_document(store, run, task)


def usual_seconds(store: Store, run: str) -> float | None:
    """How long the melody of a run took the last time, where all of it was run."""
    from symphony.runtime.history import usual_seconds as found

    return found(store, run)


def usual_task_seconds(store: Store, melody: str) -> dict[str, float]:
    """How long the tasks of a melody took the last time that they ran, by task."""
    from symphony.runtime.history import usual_task_seconds as of_tasks  # only comparing plans needs it

    return of_tasks(store, melody)


def profile(store: Store, run: RunRecord) -> dict[str, Any]:
    """The document of `symphony profile`: critical path, parallelism, tasks by cost, what would change it.

    Raises:
        UsageError: the run has not ended.
    """
    from symphony.runtime.run_profile import profile_document

    return profile_document(store, run)


def runs(store: Store, **filters: Any) -> dict[str, Any]:
    """The document of `symphony runs`, newest first."""
    from symphony.runtime.history import runs_document

    return runs_document(store, **filters)


def goes_on(store: Store, run: RunRecord) -> bool:
    """Whether a run is being run: its owner lives, here or elsewhere."""
    from symphony.runtime.history import state_of

    return str(state_of(store, run)) == "running"


def logs(store: Store, run: RunRecord, task: str | None = None) -> list[dict[str, Any]]:
    """The log lines of a run and its errors, in order; those of one task, its elements included, when one is named."""
    from symphony.runtime.history import logs_of

    return logs_of(store, run, task)


def log_lines_after(store: Store, run: RunRecord, after: int) -> tuple[list[dict[str, Any]], int, bool]:
    """What was logged after a place, the place to go on from, and whether the run has ended before this looked."""
    from symphony.runtime.history import goes_on

    ended = not goes_on(store, run)
    lines, place = store.logs_after(run.id, after)
    return lines, place, ended


def why(run: str, task: str, *, project: Project | None = None) -> list[Decision]:
    """Say why a task of a run ran, was served or was left out."""
    from symphony.runtime.history import why_of

    with open_store_to_look(project or find_project(Path.cwd())) as store:
        return why_of(store, find_run(store, run), task)


UNANSWERED_S = 6.0
"""After so long no owner is still winding up: a look at requests, 2 s for its bodies, 2 s for its players, its record."""


def cancel(store: Store, run: RunRecord, *, wait_s: float = 30.0) -> str:
    """Ask the owner of a run to cancel it, and wait for that; returns the state of the run then.

    An owner on this machine that has not ended within `UNANSWERED_S` is killed: its run reads ``interrupted``.

    Raises:
        UsageError: the run does not go on anywhere.
    """
    from symphony.runtime.history import state_of
    from symphony.runtime.ownership import kill_owner
    from symphony.runtime.watching import ask_to_cancel

    before = str(state_of(store, run))
    if before != "running" or store.folder is None:
        hint = "; go on with it by: symphony resume" if before == "interrupted" else ""
        raise UsageError(f"the run {run.id} is not running but {before}: there is nothing to cancel{hint}")
    ask_to_cancel(store.folder, run.id)
    deadline, unanswered = time.monotonic() + wait_s, time.monotonic() + UNANSWERED_S
    while True:
        if time.monotonic() >= unanswered:
            kill_owner(store, run.id)
        now = store.run(run.id)
        state = str(state_of(store, now)) if now is not None else "gone"
        if state != "running" or time.monotonic() >= deadline:
            return state
        time.sleep(0.05)


def replay(run: str, task: str, *, project: Project | None = None, pdb: bool = False) -> Any:
    """Make one call of an earlier run again, in this process, with its recorded inputs; returns what the body gives."""
    from symphony.bootstrap.environments import made_under  # only calls that are made need what is behind these
    from symphony.config.environment import environment_of
    from symphony.runtime.replaying import replay_call

    home = project or find_project(Path.cwd())
    store = open_store_to_look(home)
    record = find_run(store, run)
    with made_under(environment_of(home.root, str(record.options.get("environment") or "") or None)):
        return replay_call(store, record, task, home.root, pdb=pdb)
