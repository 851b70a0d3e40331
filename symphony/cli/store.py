"""``symphony store``: how much is kept, what can go, whether it is whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Annotated, Any

import typer

from symphony.cli.call_options import Json, State, project_here, store_of
from symphony.cli.terminal import say, size_text, write, write_document, write_table

app = typer.Typer(
    help="See, clean and verify what is kept.", no_args_is_help=True, add_completion=False, rich_markup_mode=None
)


@app.command()
def du(json: Json = False, state: State = None) -> None:
    """Say how much is kept, and where."""
    project = project_here(state)
    usage = _plain(store_of(project).du())
    if json:
        write_document({"folder": str(project.state), **usage})
        return
    write(str(project.state))
    write_table(("what", "kept"), [(name.replace("_", " "), _amount(name, value)) for name, value in usage.items()])


@app.command()
def gc(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go; remove nothing.")] = False,
    json: Json = False,
    state: State = None,
) -> None:
    """Remove what no run and no key refers to."""
    removed = _plain(store_of(project_here(state)).gc(dry_run=dry_run))
    if json:
        write_document({"dry_run": dry_run, **removed})
        return
    write_table(
        ("what", "would go" if dry_run else "removed"),
        [(name.replace("_", " "), _amount(name, value)) for name, value in removed.items()],
    )


@app.command()
def verify(json: Json = False, state: State = None) -> None:
    """Read everything that is kept; exits with 1 and prints each damaged SHA-256."""
    damaged = [str(digest) for digest in store_of(project_here(state)).verify()]
    if json:
        write_document({"ok": not damaged, "damaged": damaged})
    elif damaged:
        write("\n".join(damaged))
        say("damaged and set aside; the tasks that gave them run again when they are needed")
    else:
        write("everything is whole")
    raise typer.Exit(1 if damaged else 0)


def _plain(found: Any) -> dict[str, Any]:
    if is_dataclass(found) and not isinstance(found, type):
        return asdict(found)
    return dict(found) if isinstance(found, Mapping) else {"bytes": found}


def _amount(name: str, value: Any) -> str:
    return size_text(value) if name.endswith("bytes") else str(len(value) if isinstance(value, list | tuple) else value)
