"""``symphony artifacts``: what runs kept, to list, to copy, to print."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from symphony.cli.call_options import Json, State, project_here, store_of
from symphony.cli.command_group import command_group
from symphony.cli.stdout import named_stdout
from symphony.cli.terminal import say, size_text, write_document, write_table
from symphony.errors import UsageError

if TYPE_CHECKING:
    from symphony.model.artifact import Artifact

app = command_group(no_args_is_help=False)
What = Annotated[str, typer.Argument(metavar="WHAT", help="An output, a task, a call such as stats[3], or a digest.")]
OfRun = Annotated[str, typer.Option("--run", metavar="RUN", help="The run that kept it.")]


@app.callback(invoke_without_command=True)
def artifacts(context: typer.Context, run: OfRun = "last", json: Json = False, state: State = None) -> None:
    """List, copy or print what a run kept."""
    if context.invoked_subcommand is not None:
        return
    _, found, record = _kept(run, state)
    if json:
        write_document({"run": record.id, "artifacts": [{"name": n, **a.to_document()} for n, a in found.items()]})
    elif found:
        rows = [(n, a.digest[:12], a.type, size_text(a.size_bytes)) for n, a in found.items()]
        write_table(("name", "artifact", "type", "size"), rows)
    else:
        say(f"run {record.id} kept nothing")


@app.command()
def get(
    what: What,
    run: OfRun = "last",
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="PATH", help="Where it goes [default: a name in the current folder]."),
    ] = None,
    state: State = None,
) -> None:
    """Copy an artifact to a file or folder."""
    store, found, record = _kept(run, state)
    from symphony.cli.kept import file_name, kept_value, one_kept  # after the run is known
    from symphony.cli.output_file import write_value

    name, artifact = one_kept(found, what, record.id)
    path = output or Path(file_name(name, artifact))
    if output is None and path.exists():
        raise UsageError(f"{path} exists already; say where it goes with -o PATH")
    write_value(path, kept_value(store, record, artifact))
    say(f"wrote {path}")


@app.command()
def cat(what: What, run: OfRun = "last", state: State = None) -> None:
    """Print an artifact: bytes and text as they are, other values as JSON."""
    store, found, record = _kept(run, state)
    from symphony.cli.kept import kept_value, one_kept  # after the run is known

    name, artifact = one_kept(found, what, record.id)
    value = kept_value(store, record, artifact)
    if isinstance(value, Path) and value.is_dir():
        raise UsageError(
            f"{name} is a folder and cannot be printed; copy it with: symphony artifacts get {what} -o DIR"
        )
    if isinstance(value, Path):
        value = value.read_bytes()
    if isinstance(value, bytes):
        with named_stdout():
            sys.stdout.flush()
            sys.stdout.buffer.write(value)
    elif isinstance(value, str):
        with named_stdout():
            sys.stdout.write(value)
    else:
        from symphony.runtime.document import jsonable  # only for data

        write_document(jsonable(value))


def _kept(run: str, state: Path | None) -> tuple[Any, dict[str, Artifact], Any]:
    from symphony import bootstrap  # the engine; loaded by the commands that need it
    from symphony.cli.kept import kept_by_name

    store = store_of(project_here(state))
    record = bootstrap.find_run(store, run)
    return store, kept_by_name(store, record), record
