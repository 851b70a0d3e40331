"""``symphony logs``: what the tasks of a run printed and logged, afterwards or while it runs."""

from __future__ import annotations

import json as json_text
import sys
import time
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from symphony.cli.call_options import Json, RunReference, State, project_here, store_of
from symphony.cli.stdout import named_stdout
from symphony.cli.terminal import say, time_text, write, write_document
from symphony.compiler.text_width import printable
from symphony.errors import UsageError

LOOK_S = 0.1
"""How often a run is asked for new lines."""
Task = Annotated[str | None, typer.Argument(metavar="TASK", help="One task only, with its elements.")]


def logs(
    run: RunReference = "last",
    task: Task = None,
    level: Annotated[
        str, typer.Option("--level", metavar="LEVEL", help="The least: debug, info, warning, error.")
    ] = "debug",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run has ended.")] = False,
    json: Json = False,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="One JSON document per line.")] = False,
    state: State = None,
) -> None:
    """Show what tasks printed and logged, and their errors."""
    from symphony import bootstrap  # the engine; loaded by the commands that need it
    from symphony.runtime.log_lines import reaches

    _check(level, follow=follow, json=json, jsonl=jsonl)
    store = store_of(project_here(state))
    record = bootstrap.find_run(store, run)
    found = _followed(store, record, task) if follow else iter(bootstrap.logs(store, record, task))
    entries = (entry for entry in found if reaches(str(entry.get("level", "info")), level))
    if json:
        write_document({"logs": list(entries)})
        return
    said = 0
    for entry in entries:
        said += 1
        _write(entry, jsonl=jsonl)
    if not said:
        if task is not None:
            _check_task(bootstrap.show(store, record), task)
        say("nothing was logged")


def _check(level: str, *, follow: bool, json: bool, jsonl: bool) -> None:
    from symphony.model.names import did_you_mean  # only to check what was given
    from symphony.runtime.log_lines import LEVELS

    if level not in LEVELS:
        raise UsageError(f"--level {level!r}: {did_you_mean(level, LEVELS, what='levels')}")
    if json and (follow or jsonl):
        other = "--follow" if follow else "--jsonl"
        raise UsageError(
            f"--json and {other} do not go together: use --jsonl{' --follow' if follow else ''}, a document per line"
        )


def _followed(store: Any, record: Any, task: str | None) -> Iterator[dict[str, Any]]:
    """The lines as they come, then the errors of the tasks that failed."""
    from symphony import bootstrap  # loaded already

    place, ended, told = 0, False, set[tuple[Any, ...]]()
    while not ended:
        lines, place, ended = bootstrap.log_lines_after(store, record, place)
        for line in lines:
            if task is None or _is_of(str(line.get("task", "")), task):
                told.add(_identity(line))
                yield line
        if not ended and not lines:
            time.sleep(LOOK_S)
    yield from (entry for entry in bootstrap.logs(store, record, task) if _identity(entry) not in told)


def _identity(line: dict[str, Any]) -> tuple[Any, ...]:
    return line.get("at"), line.get("task"), line.get("level"), line.get("message")


def _is_of(line_task: str, task: str) -> bool:
    return line_task == task or line_task.startswith((f"{task}[", f"{task}."))


def _write(entry: dict[str, Any], *, jsonl: bool) -> None:
    if jsonl:
        write(json_text.dumps(entry, default=str))
    else:
        first, *rest = str(entry.get("message", "")).rstrip().splitlines() or [""]
        words = (_clock(entry.get("at")), entry.get("task"), entry.get("level"), first)
        write(printable(" ".join(str(word) for word in words if word)))
        for line in rest:
            write(printable(f"    {line}"))
    with named_stdout():
        sys.stdout.flush()  # whoever follows wants it now


def _clock(at: Any) -> str:
    return time_text(at)[11:] if isinstance(at, int | float) else ""


def _check_task(document: dict[str, Any], task: str) -> None:
    """Tell a task that logged nothing from one that is not there."""
    from symphony.model.names import did_you_mean  # only when nothing was found

    tasks = [t["task"] for t in document["tasks"]]
    if task not in tasks:
        raise UsageError(f"the run {document['run']} has no task {task!r}: {did_you_mean(task, tasks, what='tasks')}")
