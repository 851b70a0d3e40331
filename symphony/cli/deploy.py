"""``symphony deploy``: registers a melody where schedules and workers run it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from symphony.cli.call_options import State, parse_params, project_of, read_params
from symphony.cli.terminal import write


def deploy(
    melody: Annotated[str, typer.Argument(metavar="MELODY", help="A melody or plan: a file, file.py:name, or a name.")],
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="What the deployment is called; the same name replaces it.")
    ] = "default",
    to: Annotated[
        str | None, typer.Option("--to", metavar="NAME", help="With what [default: the only one installed].")
    ] = None,
    schedule: Annotated[
        str | None, typer.Option("--schedule", metavar="CRON", help="When it runs by itself: '0 6 * * *'.")
    ] = None,
    work_pool: Annotated[
        str | None, typer.Option("--work-pool", metavar="POOL", help="The pool whose workers run it.")
    ] = None,
    env: Annotated[str | None, typer.Option("--env", metavar="NAME", help="The environment of its runs.")] = None,
    param: Annotated[
        list[str] | None, typer.Option("-p", "--param", metavar="NAME=VALUE", help="A parameter; repeat it.")
    ] = None,
    params: Annotated[Path | None, typer.Option("--params", metavar="FILE", help="Parameters as JSON or YAML.")] = None,
    state: State = None,
) -> None:
    """Register a melody with a scheduler such as Prefect.

    It is checked first. Schedules and workers there can run it from then on.
    """
    from symphony import bootstrap  # the engine; loaded by the commands that need it

    made = bootstrap.deploy(
        melody, to=to, name=name, schedule=schedule, work_pool=work_pool, env=env, params=read_params(params),
        raw_params=parse_params(param or []), project=project_of(melody, state),
    )  # fmt: skip
    write(f"deployed {made.name} at {made.where}\n")
    width = max((len(command) for command, _ in made.next), default=0)
    for command, what in made.next:
        write(f"  {command:<{width}}  {what}\n")
