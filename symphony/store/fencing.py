"""Fencing: what an owner writes after its run was taken by another is refused, in the transaction that would write it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping

from symphony.errors import LostRunError


def lost_runs(
    connection: sqlite3.Connection, runs: Iterable[str], sittings: Mapping[str, int]
) -> dict[str, LostRunError]:
    """Those of the runs that another process has taken since this one owned them. Within a transaction."""
    found = {}
    for run in runs:
        try:
            refuse_lost(connection, run, sittings.get(run, 1))
        except LostRunError as error:
            found[run] = error
    return found


def refuse_lost(connection: sqlite3.Connection, run: str, sitting: int) -> None:
    """Refuse to write for a run whose sitting is over. Within a transaction.

    Raises:
        LostRunError: another process has taken the run; names it.
    """
    row = connection.execute("SELECT sitting FROM runs WHERE id=?", (run,)).fetchone()
    if row is None or row[0] == sitting:
        return
    owner = connection.execute("SELECT pid, host FROM leases WHERE run=?", (run,)).fetchone()
    who = f"process {owner[0]} on {owner[1]}" if owner is not None else "another process"
    raise LostRunError(
        f"the run {run} was taken over by {who} while this process did not answer; what it computed since then is not recorded"
    )
