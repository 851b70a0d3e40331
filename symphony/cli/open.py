"""``symphony open``: an output of a run in the program that the desktop has for it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from symphony.cli.call_options import State, project_here, store_of
from symphony.cli.terminal import say, write
from symphony.errors import UsageError
from symphony.model.names import did_you_mean


def open_(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run: its id, a unique prefix, or 'last'.")] = "last",
    output: Annotated[
        str | None, typer.Argument(metavar="OUTPUT", help="Which output or task; else the only one.")
    ] = None,
    path_only: Annotated[bool, typer.Option("--path", help="Print the path and start nothing.")] = False,
    state: State = None,
) -> None:
    """Open an output of a run. The file is a copy in the state folder, with the right name."""
    from symphony import bootstrap  # the engine; loaded by the commands that need it
    from symphony.cli.artifact_files import kept_file

    project = project_here(state)
    store = store_of(project)
    document = bootstrap.show(store, bootstrap.find_run(store, run))
    path = kept_file(store, project, _chosen(document, output))
    write(str(path))
    if not path_only and typer.launch(path.as_uri()):
        say("no program opened it; the path is above")


def _chosen(document: dict[str, Any], name: str | None) -> tuple[str, dict[str, Any]]:
    """The output with its name: one of the melody's, else a task's result."""
    outputs: dict[str, Any] = {t["task"]: t["output"] for t in document["tasks"] if t.get("output")}
    declared: dict[str, Any] = {k: v for k, v in (document.get("outputs") or {}).items() if v}
    if name is None:
        only = declared or outputs
        if len(only) == 1:
            return next(iter(only.items()))
        raise UsageError(
            f"name an output: symphony open {document['run']} NAME; there are: {', '.join(only) or 'none'}"
        )
    every = {**outputs, **declared}
    if name not in every:
        raise UsageError(f"the run has no output {name!r}: {did_you_mean(name, every, what='outputs')}")
    return name, every[name]
