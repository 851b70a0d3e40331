"""``symphony cancel``: ends a run from another terminal."""

from __future__ import annotations

from typing import Annotated

import typer

from symphony.cli.call_options import Json, RunReference, State, project_here, store_of
from symphony.cli.terminal import say, write_document


def cancel(
    run: RunReference,
    wait: Annotated[
        float, typer.Option("--wait", min=0.0, metavar="SECONDS", help="How long to wait for it to end.")
    ] = 30.0,
    json: Json = False,
    state: State = None,
) -> None:
    """Cancel a run that goes on elsewhere.

    Nothing new starts; what runs is told to stop, and ended after a grace period. An engine that does not answer is killed.
    """
    from symphony import bootstrap  # the engine; loaded by the commands that need it

    store = store_of(project_here(state))
    record = bootstrap.find_run(store, run)
    after = bootstrap.cancel(store, record, wait_s=wait)
    if json:
        write_document({"run": record.id, "melody": record.melody, "state": after})
    elif after == "running":
        say(
            f"run {record.id} was asked to stop and has not ended after {wait:g} s; look at it with: symphony show {record.id}"
        )
    elif after == "interrupted":
        say(
            f"run {record.id} did not answer and was killed; what it recorded is kept: go on with: symphony resume {record.id}"
        )
    else:
        say(f"run {record.id} is {after}")
    raise typer.Exit(1 if after == "running" else 0)
