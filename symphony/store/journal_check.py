"""Looks through the calls and log lines of the journal, and takes out what is damaged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symphony.errors import CodecError
from symphony.store.database import Database
from symphony.store.slices import unpack_calls, unpack_data


def forget_damaged_parts(database: Database) -> list[tuple[str, str]]:
    """Read every part of the journal; what cannot be read is taken out.

    Returns:
        Where each damaged part lay, and what follows from its loss.
    """
    found = []
    for number, run, count in database.read("SELECT id, run, count FROM slices ORDER BY id"):
        if _took_out(database, "slices", number, lambda data, run=run: unpack_calls(run, data)):  # type: ignore[misc]
            calls = "1 call counts" if count == 1 else f"{count} calls count"
            found.append(
                (f"run {run}, part {number} of the journal", f"it is damaged; {calls} as not recorded any more")
            )
    for number, run in database.read("SELECT id, run FROM logs ORDER BY id"):
        if _took_out(database, "logs", number, unpack_data):
            found.append((f"run {run}, part {number} of its logs", "it is damaged; its lines are lost"))
    return found


def _took_out(database: Database, table: str, number: int, read: Callable[[bytes], Any]) -> bool:
    """Whether one row cannot be read; it is gone then. One at a time: a journal may be larger than the memory."""
    rows = database.read(f"SELECT data FROM {table} WHERE id=?", (number,))
    if not rows:
        return False  # collected meanwhile
    try:
        read(rows[0][0])
    except CodecError:
        with database.transaction() as connection:
            connection.execute(f"DELETE FROM {table} WHERE id=?", (number,))
        return True
    return False
