"""``symphony runs``, ``show`` and ``why``: what ran, and why."""

from __future__ import annotations

import re
import time
from typing import Annotated, Any

import typer

from symphony.cli.call_options import Json, RunReference, State, StateDir, project_here, store_of
from symphony.cli.terminal import say, seconds_text, size_text, time_text, write, write_document, write_table
from symphony.errors import UsageError

LONGEST_REMARK = 100
WORTH_TELLING_S = 0.01
"""A shorter wait is not shown."""
STATES = "running|succeeded|failed|cancelled|interrupted"
Task = Annotated[str | None, typer.Argument(metavar="TASK", help="One task only.")]


def runs(
    run_state: Annotated[str | None, typer.Option("--state", metavar=STATES, help="Only runs in this state.")] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="AGE", help="Only runs begun since then: 30m, 2h, 1d ago, or a date."),
    ] = None,
    tag: Annotated[str | None, typer.Option("--tag", metavar="TAG", help="Only runs with this label.")] = None,
    json: Json = False,
    state_dir: StateDir = None,
) -> None:
    """List runs, newest first."""
    from symphony import bootstrap  # the engine; loaded by the commands that need it

    filters: dict[str, Any] = {"state": _run_state(run_state), "since": _since(since), "tag": tag}
    given = {k: v for k, v in filters.items() if v is not None}
    document = bootstrap.runs(store_of(project_here(state_dir)), **given)
    if json:
        write_document(document)
    elif document["runs"]:
        write_table(("run", "melody", "state", "started", "took", "tasks"), [_run_row(r) for r in document["runs"]])
    else:
        say("no runs" + (" like that" if given else " yet; start one with: symphony run MELODY"))


def show(run: RunReference = "last", task: Task = None, json: Json = False, state: State = None) -> None:
    """Show a run: its state and every task. With TASK, all about that one."""
    from symphony import bootstrap  # the engine; loaded by the commands that need it

    store = store_of(project_here(state))
    if task is not None:
        _show_task(bootstrap.show_task(store, bootstrap.find_run(store, run), task), json=json)
        return
    document = bootstrap.show(store, bootstrap.find_run(store, run))
    if json:
        write_document(document)
        return
    write(f"{document['melody']}: {document['state']} on {document['executor']}, run {document['run']}")
    write(f"started {time_text(document['started_at'])}, took {_took(document)}\n")
    waited = any((t["waited_s"] or 0.0) > WORTH_TELLING_S for t in document["tasks"])
    heads = ("task", "state", "attempts", *(("waited",) if waited else ()), "took", "output", "remark")
    write_table(heads, [_task_row(t, waited=waited) for t in document["tasks"]])


def _show_task(document: dict[str, Any], *, json: bool) -> None:
    from symphony.cli.task_detail import write_task  # only with TASK

    if json:
        write_document(document)
    else:
        write_task(document)


def why(
    run: RunReference,
    task: Annotated[str, typer.Argument(metavar="TASK", help="The task.")],
    json: Json = False,
    state: State = None,
) -> None:
    """Say why a task ran, or why it did not."""
    from symphony import bootstrap  # the engine; loaded by the commands that need it
    from symphony.cli.decisions import decisions_document, write_decisions

    decisions = bootstrap.why(run, task, project=project_here(state))
    if json:
        write_document(decisions_document(decisions))
    else:
        write_decisions(decisions)


def _run_state(text: str | None) -> str | None:
    from symphony.model.names import did_you_mean  # only to check what was given
    from symphony.model.states import RunState

    if text is not None and text not in set(RunState):
        raise UsageError(f"--state {text!r}: {did_you_mean(text, [str(s) for s in RunState], what='states')}")
    return text


def _since(text: str | None) -> float | None:
    """Read ``2h`` as two hours ago, a date as its start; seconds since the epoch.

    Raises:
        UsageError: it is neither.
    """
    if text is None:
        return None
    from datetime import datetime  # only to read what was given

    from symphony.model.quantities import parse_duration_s

    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d.*", text):
            return datetime.fromisoformat(text).timestamp()
        return time.time() - parse_duration_s(text)
    except ValueError as error:
        raise UsageError(
            f"--since {text!r}: give an age such as 30m, 2h or 1d, or a date such as 2025-01-31"
        ) from error


def _took(document: dict[str, Any]) -> str:
    start, end = document.get("started_at"), document.get("ended_at")
    return seconds_text(end - start) if start and end else "not ended"


def _run_row(run: dict[str, Any]) -> tuple[Any, ...]:
    counts = ", ".join(f"{n} {state}" for state, n in (run.get("counts") or {}).items() if n)
    return run["run"], run["melody"], run["state"], time_text(run["started_at"]), _took(run), counts


def _task_row(task: dict[str, Any], *, waited: bool) -> tuple[Any, ...]:
    given = task.get("outputs") or ({"out": task["output"]} if task.get("output") else {})
    kept = ", ".join(_kept(port, output) for port, output in given.items())
    wait = (seconds_text(task["waited_s"]) if (task["waited_s"] or 0.0) > WORTH_TELLING_S else "",) if waited else ()
    return (
        task["task"],
        task["state"],
        task["attempts"] or "",
        *wait,
        seconds_text(task["duration_s"]),
        kept,
        _remark(task),
    )


def _kept(port: str, output: dict[str, Any]) -> str:
    text = f"{output['type']}, {size_text(output['bytes'])}"
    return text if port == "out" else f"{port}: {text}"


def _remark(task: dict[str, Any]) -> str:
    """The first line of what went wrong, else the cause of a skip."""
    error = task.get("error")
    if not error:
        return str(task.get("note") or "")
    text = f"{error.get('type', '')}: {error.get('message', '')}" if isinstance(error, dict) else str(error)
    return text.splitlines()[0][:LONGEST_REMARK]
