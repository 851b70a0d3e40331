"""``symphony profile``: where the time of a run went, and what would change it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from symphony.cli.bars import bar
from symphony.cli.call_options import Json, RunReference, State, project_here, store_of
from symphony.cli.terminal import say, seconds_text, size_text, write, write_document, write_table

MOST_STEPS = 20
MOST_TASKS = 15


def profile(
    run: RunReference = "last",
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Also draw a timeline as one HTML page.")
    ] = None,
    json: Json = False,
    state: State = None,
) -> None:
    """Show where the time of a run went, and what would change it."""
    from symphony import bootstrap  # the engine; loaded by the commands that need it

    store = store_of(project_here(state))
    document = bootstrap.profile(store, bootstrap.find_run(store, run))
    if html is not None:
        from symphony.cli.timeline import timeline_page  # only with --html

        html.parent.mkdir(parents=True, exist_ok=True)
        html.write_text(timeline_page(document), encoding="utf-8")
        say(f"wrote {html}")
    if json:
        write_document(document)
    else:
        _write(document)


def _write(document: Mapping[str, Any]) -> None:
    workers = (
        " and ".join(f"{n} {pool}" for pool, n in document["workers"].items() if pool != "coroutines") or "no worker"
    )
    took = seconds_text(document["seconds"])
    write(f"{document['melody']}: {document['state']} in {took} on {workers}, run {document['run']}")
    if not document["tasks"]:
        write("no call took a worker: everything was served, or nothing ran")
        return
    write("\n".join(_busy(document)) + "\n")
    _write_path(document)
    _write_tasks(document)
    changes = [(c["name"], seconds_text(c["seconds"]), _percent(c["change"])) for c in document["what_if"]]
    if changes:
        write("")
        write_table(("what if", "took", ""), changes)


def _busy(document: Mapping[str, Any]) -> Iterator[str]:
    parts = [f"{document['parallelism']:.1f} calls at a time"]
    if document["utilisation"] is not None:
        parts.append(f"{document['utilisation']:.0%} of the workers' time")
    if document["cpu_s"] is not None:
        parts.append(f"{seconds_text(document['cpu_s'])} on a processor, as far as it was measured")
    yield f"busy: {seconds_text(document['busy_s'])}, {', '.join(parts)}"
    share = document["critical_path_s"] / document["seconds"] if document["seconds"] else 0.0
    yield f"critical path: {seconds_text(document['critical_path_s'])}, {share:.0%} of the time; no number of workers goes below it"


def _write_path(document: Mapping[str, Any]) -> None:
    steps, whole, at = document["critical_path"], document["critical_path_s"], 0.0
    rows = []
    for step in steps:
        rows.append((step["task"], seconds_text(step["seconds"]), bar(at, step["seconds"], whole), step["seconds"]))
        at += step["seconds"]
    least = sorted((row[3] for row in rows), reverse=True)[:MOST_STEPS]
    shown = [row[:3] for row in rows if row[3] >= least[-1]][:MOST_STEPS] if least else []
    write_table(("critical path", "took", ""), shown)
    if len(shown) < len(rows):
        write(f"and {len(rows) - len(shown):,} shorter steps")
    write("")


def _write_tasks(document: Mapping[str, Any]) -> None:
    tasks, busy = document["tasks"], document["busy_s"]
    rows = [
        (t["task"], t["calls"], seconds_text(t["seconds"]), f"{t['seconds'] / busy:.0%}", _short(t["waited_s"]), _short(t["cpu_s"]),
         _short(t["load_s"] + t["save_s"]), size_text(t["bytes_out"] or None), bar(0.0, t["seconds"], tasks[0]["seconds"], 20))
        for t in tasks[:MOST_TASKS]
    ]  # fmt: skip
    write_table(("task", "calls", "busy", "share", "waited", "processor", "load, save", "out", ""), rows)
    if len(tasks) > MOST_TASKS:
        write(f"and {len(tasks) - MOST_TASKS:,} tasks more")


def _short(seconds: float) -> str:
    return seconds_text(seconds) if seconds >= 0.001 else ""


def _percent(change: float) -> str:
    return "the same" if abs(change) < 0.005 else f"{change:+.0%}"
