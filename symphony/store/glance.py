"""Looks at a state folder for names of runs and tasks: read-only, without opening the store or waiting for anyone."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

_WAIT_S = 0.05


def recent_runs(folder: Path, limit: int = 20) -> list[tuple[str, str, str]]:
    """Id, melody and recorded state of the latest runs, newest first; none where the folder cannot be read."""
    return [
        (str(id), str(melody), str(state))
        for id, melody, state in _read(
            folder, "SELECT id, melody, state FROM runs ORDER BY started_at DESC, id DESC LIMIT ?", (limit,)
        )
    ]


def planned_tasks(folder: Path, run: str) -> list[tuple[str, str]]:
    """The tasks of a run's plan in its order, each with its player or nothing.

    Args:
        folder: the state folder.
        run: an id, the beginning of one, or ``last``.
    """
    where, values = ("1", ()) if run == "last" else ("substr(r.id, 1, ?) = ?", (len(run), run))
    rows = _read(
        folder,
        "SELECT p.text FROM runs r JOIN plans p ON p.digest=r.plan "
        f"WHERE {where} ORDER BY r.started_at DESC, r.id DESC LIMIT 1",
        values,
    )
    with suppress(zlib.error, ValueError, KeyError, TypeError):
        tasks = json.loads(zlib.decompress(rows[0][0]))["tasks"] if rows else []
        return [(str(task["id"]), str(task.get("player") or "")) for task in tasks]
    return []


def _read(folder: Path, sql: str, values: Sequence[Any]) -> list[Any]:
    file = folder / "symphony.db"
    if not file.is_file():
        return []
    try:
        address = f"file:{quote(str(file))}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=_WAIT_S)) as connection:
            return connection.execute(sql, values).fetchall()
    except sqlite3.Error:  # damaged, in another format, or not to be read: there are no names then
        return []
