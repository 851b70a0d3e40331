"""The journal: runs, their calls and their logs, written and waiting."""

from __future__ import annotations

import hashlib
import sqlite3
import warnings
import zlib
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

from symphony.errors import CodecError, RefusedError, StoreError, UsageError
from symphony.model.frozen import FrozenMap
from symphony.model.states import GOOD, RunState
from symphony.store.committer import Committer
from symphony.store.database import Database
from symphony.store.faults import DamageWarning
from symphony.store.fencing import refuse_lost
from symphony.store.records import CallRecord, Lease, RunRecord
from symphony.store.slices import call_of, pack_data, unpack_calls, unpack_data

_FIELDS = tuple(f.name for f in fields(RunRecord))
_RUNS_LOOKED_AT = 20


class Journal:
    """Reads the journal and writes its runs. Calls come through the group commit, under the sitting in `sittings`."""

    def __init__(self, database: Database, committer: Committer, sittings: dict[str, int]) -> None:
        self._database, self._committer, self._sittings = database, committer, sittings
        self._latest: dict[tuple[str, int], dict[str, CallRecord]] = {}

    def begin(self, run: RunRecord, lease: Lease | None = None) -> None:
        """Record a run, and who owns it. It is listed when this returns.

        Raises:
            UsageError: a run of this id is there already.
        """
        self._sittings[run.id] = run.sitting
        with self._database.transaction() as connection:
            if connection.execute("SELECT 1 FROM runs WHERE id=?", (run.id,)).fetchone():
                raise UsageError(f"there is a run {run.id} already")
            _write_run(connection, run)
            _write_plan(connection, run)
            if lease is not None:
                _write_lease(connection, lease)

    def take(
        self, run_id: str, next_lease: Callable[[int, Lease | None], Lease], changes: Mapping[str, Any]
    ) -> RunRecord:
        """Open a new sitting of a run: what is written under an older one from now on is refused.

        Args:
            next_lease: gives the lease of the new sitting, or refuses, from its number and the last lease. Called
                within the transaction.

        Raises:
            RefusedError: the run has succeeded, perhaps a moment ago: that is final.
        """
        with self._database.transaction() as connection:
            stored = _stored_run(connection, run_id)
            if stored.state is RunState.SUCCEEDED:
                raise RefusedError(
                    f"the run {run_id} succeeded: there is nothing to resume; run the melody again instead"
                )
            run = replace(stored, **changes)
            run = replace(run, sitting=run.sitting + 1)
            _write_lease(connection, next_lease(run.sitting, _lease_of(connection, run_id)))
            _write_run(connection, run)
        self._sittings[run_id] = run.sitting
        return run

    def renew(self, lease: Lease) -> None:
        """Renew the lease of a run.

        Raises:
            LostRunError: another process has taken the run.
        """
        with self._database.transaction() as connection:
            refuse_lost(connection, lease.run, lease.sitting)
            _write_lease(connection, lease)

    def lease(self, run_id: str) -> Lease | None:
        """The last lease of a run, or nothing once it has ended."""
        rows = self._database.read(_LEASE, (run_id,))
        return Lease(*rows[0]) if rows else None

    def update(self, run_id: str, changes: Mapping[str, Any]) -> RunRecord:
        """Change fields of a run; recorded when this returns. A run that has ended has no lease any more.

        Raises:
            UsageError: there is no such run, or no such field.
            LostRunError: another process has taken the run.
        """
        unknown = set(changes) - set(_FIELDS)
        if unknown:
            raise UsageError(f"a run has no field {sorted(unknown)[0]!r}; it has: {', '.join(_FIELDS)}")
        with self._database.transaction() as connection:
            if run_id in self._sittings:
                refuse_lost(connection, run_id, self._sittings[run_id])
            run = replace(_stored_run(connection, run_id), **changes)
            _write_run(connection, run)
            if run.state is not RunState.RUNNING:
                connection.execute("DELETE FROM leases WHERE run=?", (run_id,))
        self._sittings[run_id] = run.sitting
        return run

    def run(self, run_id: str) -> RunRecord | None:
        """The run of this id, or nothing."""
        rows = self._database.read(
            "SELECT r.data, p.text FROM runs r LEFT JOIN plans p ON p.digest=r.plan WHERE r.id=?", (run_id,)
        )
        if not rows:
            return None
        run = _read_run(rows[0][0])
        return run if rows[0][1] is None else replace(run, plan_text=_read_plan(run_id, rows[0][1]))

    def runs(
        self, *, state: str | None = None, since: float | None = None, tag: str | None = None, limit: int | None = None
    ) -> list[RunRecord]:
        """Runs, newest first."""
        rows = self._database.read(
            "SELECT data FROM runs WHERE (?1 IS NULL OR state=?1) AND (?2 IS NULL OR started_at>=?2) "
            "ORDER BY started_at DESC, rowid DESC LIMIT ?3",
            (None if state is None else str(state), since, -1 if limit is None or tag is not None else limit),
        )
        found = [run for row in rows if (run := _readable_run(row[0])) is not None and (tag is None or tag in run.tags)]
        return found[:limit] if limit is not None else found

    def forget_damaged(self) -> list[str]:
        """Take out the runs whose records cannot be read; gives their ids."""
        rows = self._database.read("SELECT id, data FROM runs ORDER BY id")
        damaged = [run_id for run_id, data in rows if _is_damaged(data)]
        with self._database.transaction() as connection:
            for run_id in damaged:
                for table, column in (
                    ("runs", "id"),
                    ("leases", "run"),
                    ("running", "run"),
                    ("slices", "run"),
                    ("logs", "run"),
                ):
                    connection.execute(f"DELETE FROM {table} WHERE {column}=?", (run_id,))
        return damaged

    def sitting(self, run_id: str) -> int:
        """The sitting under which calls of a run are recorded from here."""
        if run_id not in self._sittings:
            run = self.run(run_id)
            self._sittings[run_id] = run.sitting if run else 1
        return self._sittings[run_id]

    def calls(self, run_id: str) -> list[CallRecord]:
        """Where each call of a run stands, in the order in which they were first recorded; with what still waits."""
        with self._committer.held():
            rows = self._database.read("SELECT data FROM slices WHERE run=? ORDER BY sitting, id", (run_id,))
            waiting = [call_of(row) for row in list(self._committer.pending.calls) if row[0] == run_id]
        written = (call for (data,) in rows for call in _read_calls(run_id, data))
        return list({(call.task, call.index): call for call in (*written, *waiting)}.values())

    def running(self, run_id: str) -> Any:
        """The calls that ran when the last commit was made, as given; nothing where none were given."""
        with self._committer.held():
            if run_id in self._committer.pending.running:
                return self._committer.pending.running[run_id]
        rows = self._database.read("SELECT data FROM running WHERE run=?", (run_id,))
        return unpack_data(rows[0][0]) if rows else None

    def logs(self, run_id: str, task: str | None = None) -> list[dict[str, Any]]:
        """The log lines of a run in order; of one task, with its elements, where `task` is given."""
        with self._committer.held():
            rows = self._database.read("SELECT data FROM logs WHERE run=? ORDER BY id", (run_id,))
            waiting = [dict(line) for run, line in list(self._committer.pending.logs) if run == run_id]
        lines = [line for (data,) in rows for line in _read_lines(run_id, data)] + waiting
        return lines if task is None else [line for line in lines if _is_of(str(line.get("task", "")), task)]

    def logs_after(self, run_id: str, after: int) -> tuple[list[dict[str, Any]], int]:
        """The written log lines behind a place, and the place to go on from; what still waits comes with a later call."""
        rows = self._database.read("SELECT id, data FROM logs WHERE run=? AND id>? ORDER BY id", (run_id, after))
        lines = [line for _, data in rows for line in _read_lines(run_id, data)]
        return lines, rows[-1][0] if rows else after

    def latest_call(self, melody: str, task: str, player: str) -> CallRecord | None:
        """The most recent call of a task that gave a result, over the last runs of the melody.

        A call whose parts name another player than `player` counts only where there is no other.
        """
        other = None
        for run_id, last in self._last_runs(melody):
            call = self._good_calls(run_id, last).get(task)
            if call is None:
                continue
            if not player or (call.parts or {}).get("player", player) == player:
                return call
            other = other or call
        return other

    def _last_runs(self, melody: str) -> list[tuple[str, int]]:
        return self._database.read(
            "SELECT r.id, coalesce((SELECT max(s.id) FROM slices s WHERE s.run=r.id), 0) FROM runs r "
            "WHERE r.melody=? ORDER BY r.started_at DESC, r.rowid DESC LIMIT ?",
            (melody, _RUNS_LOOKED_AT),
        )

    def _good_calls(self, run_id: str, last: int) -> dict[str, CallRecord]:
        """Calls that gave a result, by task path. `last` is the last slice, so that a run that goes on is read anew."""
        found = self._latest.get((run_id, last))
        if found is None:
            calls = self.calls(run_id)
            found = {_path(c): c for c in calls if c.state in GOOD and (c.parts or c.key)}
            if len(self._latest) >= _RUNS_LOOKED_AT:
                self._latest.pop(next(iter(self._latest)))
            self._latest[run_id, last] = found
        return found


def _path(call: CallRecord) -> str:
    return call.task if call.index < 0 else f"{call.task}[{call.index}]"


def _is_of(line_task: str, task: str) -> bool:
    return line_task == task or line_task.startswith((f"{task}[", f"{task}."))


_LEASE = "SELECT run, sitting, host, pid, until FROM leases WHERE run=?"


def _lease_of(connection: sqlite3.Connection, run_id: str) -> Lease | None:
    row = connection.execute(_LEASE, (run_id,)).fetchone()
    return Lease(*row) if row is not None else None


def _write_lease(connection: sqlite3.Connection, lease: Lease) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO leases(run, sitting, host, pid, until) VALUES(?,?,?,?,?)",
        (lease.run, lease.sitting, lease.host, lease.pid, lease.until),
    )


def _stored_run(connection: sqlite3.Connection, run_id: str) -> RunRecord:
    row = connection.execute("SELECT data FROM runs WHERE id=?", (run_id,)).fetchone()
    if row is None:
        raise UsageError(f"there is no run {run_id}")
    return _read_run(row[0])


def _write_run(connection: sqlite3.Connection, run: RunRecord) -> None:
    content = {name: getattr(run, name) for name in _FIELDS if name != "plan_text"}
    content["state"], content["tags"] = str(run.state), list(run.tags)
    connection.execute(
        "INSERT INTO runs(id, melody, state, started_at, ended_at, sitting, data) VALUES(?,?,?,?,?,?,?) "
        "ON CONFLICT(id) DO UPDATE SET state=excluded.state, started_at=excluded.started_at, "
        "ended_at=excluded.ended_at, sitting=excluded.sitting, data=excluded.data",
        (run.id, run.melody, str(run.state), run.started_at, run.ended_at, run.sitting, pack_data(content)),
    )


def _write_plan(connection: sqlite3.Connection, run: RunRecord) -> None:
    text = run.plan_text.encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(text).digest()
    if connection.execute("SELECT 1 FROM plans WHERE digest=?", (digest,)).fetchone() is None:
        connection.execute("INSERT INTO plans(digest, text) VALUES(?,?)", (digest, zlib.compress(text, 1)))
    connection.execute("UPDATE runs SET plan=? WHERE id=?", (digest, run.id))


def _read_plan(run_id: str, stored: bytes) -> str:
    try:
        return zlib.decompress(stored).decode("utf-8", "surrogatepass")
    except (zlib.error, UnicodeDecodeError) as error:
        raise StoreError(f"the plan of run {run_id} is damaged: {error}; run its melody again") from error


def _read_run(data: bytes) -> RunRecord:
    try:
        content = unpack_data(data)
    except CodecError as error:
        raise StoreError(
            f"the record of a run is damaged: {error}; `symphony store verify` names it and takes it out"
        ) from error
    known = {name: value for name, value in content.items() if name in _FIELDS}
    for name in ("params", "options", "outputs", "counts", "players", "measures"):
        known[name] = FrozenMap(known.get(name) or {})
    known["tags"], known["state"] = tuple(known.get("tags", ())), RunState(known["state"])
    return RunRecord(**known)


def _readable_run(data: bytes) -> RunRecord | None:
    """A run for a list: one damaged record must not hide the others."""
    try:
        return _read_run(data)
    except StoreError as error:
        warnings.warn(str(error), DamageWarning, stacklevel=3)
        return None


def _is_damaged(data: bytes) -> bool:
    try:
        _read_run(data)
    except StoreError:
        return True
    return False


def _read_calls(run_id: str, data: bytes) -> list[CallRecord]:
    try:
        return unpack_calls(run_id, data)
    except CodecError as error:
        warnings.warn(
            f"a part of the journal of run {run_id} is damaged ({error}); its calls count as not recorded. "
            "`symphony store verify` takes it out",
            DamageWarning,
            stacklevel=2,
        )
        return []


def _read_lines(run_id: str, data: bytes) -> list[dict[str, Any]]:
    try:
        return list(unpack_data(data))
    except CodecError as error:
        warnings.warn(f"log lines of run {run_id} are damaged ({error})", DamageWarning, stacklevel=2)
        return []
