"""``symphony replay``: one call of a run again, in this process, with its recorded inputs."""

from __future__ import annotations

from typing import Annotated

import typer

from symphony.cli.call_options import State, project_here
from symphony.cli.terminal import say, write


def replay(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run: its id, a unique prefix, or 'last'.")],
    task: Annotated[str, typer.Argument(metavar="TASK", help="The call: stats, stats[3] or child.x.")],
    pdb: Annotated[bool, typer.Option("--pdb", help="Stop in the debugger where it fails.")] = False,
    state: State = None,
) -> None:
    """Make one call of a run again, here.

    It gets its recorded inputs. Nothing is recorded.
    """
    from symphony import bootstrap  # the engine; loaded by the commands that need it

    value = bootstrap.replay(run, task, project=project_here(state), pdb=pdb)
    say(f"{task} gave a {type(value).__name__}")
    write(repr(value))
