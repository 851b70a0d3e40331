"""``symphony open``: an output of a run in the program that the desktop has for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from symphony.cli.call_options import State, project_here, store_of
from symphony.cli.terminal import say, write
from symphony.errors import UsageError

if TYPE_CHECKING:
    from symphony.model.artifact import Artifact


def open_(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run: its id, a unique prefix, or 'last'.")] = "last",
    output: Annotated[
        str | None, typer.Argument(metavar="OUTPUT", help="An output or task; else the only one.")
    ] = None,
    path_only: Annotated[bool, typer.Option("--path", help="Print the path and start nothing.")] = False,
    state: State = None,
) -> None:
    """Open an output of a run. What opens is a copy in the state folder, named so that a program is found."""
    from symphony import bootstrap  # the engine; loaded by the commands that need it
    from symphony.cli.kept import file_name, kept_value
    from symphony.cli.output_file import write_value

    project = project_here(state)
    store = store_of(project)
    record = bootstrap.find_run(store, run)
    name, artifact = _chosen(store, record, output)
    path = project.state / "opened" / artifact.digest[:16] / file_name(name, artifact)
    if not path.exists():
        write_value(path, kept_value(store, record, artifact))
    write(str(path))
    if not path_only and typer.launch(path.as_uri()):
        say("no program opened it; the path is above")


def _chosen(store: Any, record: Any, name: str | None) -> tuple[str, Artifact]:
    """The output asked for, else the only output of the melody."""
    from symphony.cli.kept import kept_by_name, one_kept  # after the run is known

    kept = kept_by_name(store, record)
    if name is not None:
        return one_kept(kept, name, record.id)
    if len(record.outputs) == 1:
        only = next(iter(record.outputs))
        return only, kept[only]
    raise UsageError(
        f"name an output: symphony open {record.id} OUTPUT; there are: {', '.join(record.outputs) or 'none'}"
    )
