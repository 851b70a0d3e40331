"""``symphony config show``: the settings in force and where each came from."""

from __future__ import annotations

from typing import Annotated

import typer

from symphony.cli.call_options import Env, Json, project_here
from symphony.cli.command_group import command_group
from symphony.cli.terminal import write_document, write_table

app = command_group("Show the settings in force.")


@app.callback()
def config() -> None:
    """Show the settings in force."""


@app.command()
def show(
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value came from.")] = False,
    env: Env = None,
    json: Json = False,
) -> None:
    """Show every setting, as it holds for a run in the current folder."""
    from symphony.cli.settings_in_force import settings_in_force  # reads files; --help needs none

    settings = settings_in_force(project_here(), env)
    if json:
        document = {s.name: {"value": s.value, "origin": s.origin} for s in settings}
        write_document({"settings": document})
        return
    heads = ("setting", "value", "origin") if origin else ("setting", "value")
    write_table(heads, [(s.name, s.text, s.origin)[: len(heads)] for s in settings])
