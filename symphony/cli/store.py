"""``symphony store``: how much is kept, what can go, whether it is whole."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from symphony.cli.call_options import Json, State, project_here, store_of
from symphony.cli.command_group import command_group
from symphony.cli.terminal import say, size_text, write, write_document, write_table
from symphony.errors import UsageError

app = command_group("See, clean and verify what is kept.")

Shared = Annotated[bool, typer.Option("--shared", help="The shared store, over the wire, too; see SYMPHONY_STORE.")]


@app.command()
def du(shared: Shared = False, json: Json = False, state: State = None) -> None:
    """Say how much is kept, and where."""
    project = project_here(state)
    from symphony.store.care import disk_usage  # the store; --help needs none of it
    from symphony.store.shared_care import shared_usage

    store = store_of(project)
    usage = {**disk_usage(store), **(shared_usage(store) if shared else {})}
    if json:
        kinds = {kind: {"count": u.count, "bytes": u.size_bytes} for kind, u in usage.items()}
        write_document({"folder": str(project.state), "kinds": kinds})
        return
    write(str(project.state))
    rows = [(kind, u.count, size_text(u.size_bytes) if u.size_bytes else "") for kind, u in usage.items()]
    write_table(("what", "count", "size"), rows)


@app.command()
def gc(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go; remove nothing.")] = False,
    keep_runs: Annotated[
        int | None, typer.Option("--keep-runs", metavar="N", min=0, help="Forget all but the latest N runs.")
    ] = None,
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="AGE", help="Forget runs that ended longer ago: 12h, 30d.")
    ] = None,
    shared: Annotated[
        bool,
        typer.Option("--shared", help="The shared store instead: results put longer ago, and what nobody refers to."),
    ] = False,
    json: Json = False,
    state: State = None,
) -> None:
    """Remove what nothing refers to.

    Without --keep-runs and --older-than every run stays, with all that it refers to. Nothing is ever removed from a
    shared store unless --shared is given.
    """
    age_s = _age_s(older_than)
    if shared:
        _collect_shared(dry_run, keep_runs, age_s, json, state)
        return
    from symphony.bootstrap.asking import goes_on
    from symphony.store.care import collect  # the store; --help needs none of it

    store = store_of(project_here(state))
    gone = collect(
        store, dry_run=dry_run, keep_runs=keep_runs, older_than_s=age_s, lives=lambda run: goes_on(store, run)
    )
    if json:
        document = asdict(gone)
        write_document({"dry_run": dry_run, "bytes": document.pop("size_bytes"), **document})
        return
    rows = [("runs", len(gone.runs)), ("keys", gone.keys), ("artifacts", gone.artifacts), ("objects", gone.objects)]
    write_table(("what", "would go" if dry_run else "removed"), [*rows, ("size", size_text(gone.size_bytes))])


def _collect_shared(dry_run: bool, keep_runs: int | None, age_s: float | None, json: bool, state: Path | None) -> None:
    if keep_runs is not None:
        raise UsageError(
            "--keep-runs does not go with --shared: a shared store has results, not runs; use --older-than"
        )
    from symphony.store.shared_care import collect_shared  # the store; --help needs none of it

    gone = collect_shared(store_of(project_here(state)), dry_run=dry_run, older_than_s=age_s)
    if json:
        document = asdict(gone)
        write_document({"dry_run": dry_run, "bytes": document.pop("size_bytes"), **document})
        return
    rows = [("shared keys", gone.keys), ("shared objects", gone.objects), ("size", size_text(gone.size_bytes))]
    write_table(("what", "would go" if dry_run else "removed"), rows)


@app.command()
def push(json: Json = False, state: State = None) -> None:
    """Put what is kept here on the shared store.

    For results from before there was one; what is recorded since is there already.
    """
    from symphony.store.shared_care import push as pushed  # the store; --help needs none of it
    from symphony.store.shared_care import shared_side

    store = store_of(project_here(state))
    count, where = pushed(store), shared_side(store).shared.name
    if json:
        write_document({"store": where, "keys": count})
    else:
        write(f"{count} results are at {where}")


@app.command()
def verify(shared: Shared = False, json: Json = False, state: State = None) -> None:
    """Read everything that is kept.

    Exits with 1 and prints each damaged SHA-256.
    """
    from symphony.store.care import verify as verified  # the store; --help needs none of it
    from symphony.store.shared_care import verify_shared

    store = store_of(project_here(state))
    damaged = [*verified(store), *(verify_shared(store) if shared else ())]
    if json:
        write_document({"ok": not damaged, "damaged": [asdict(d) for d in damaged]})
    elif damaged:
        write("\n".join(d.digest or d.where for d in damaged))
        for damage in damaged:
            say(
                f"{damage.digest[:12]} in {damage.where}: {damage.why}"
                if damage.digest
                else f"{damage.where}: {damage.why}"
            )
        say("damaged bytes are set aside; the tasks that gave them run again when they are needed")
    else:
        write("everything is whole")
    raise typer.Exit(1 if damaged else 0)


def _age_s(text: str | None) -> float | None:
    if text is None:
        return None
    from symphony.model.quantities import parse_duration_s  # only to read what was given

    try:
        return parse_duration_s(text)
    except ValueError as error:
        raise UsageError(f"--older-than: {error}") from error
