"""An invented journal: runs, leases, calls and keys, written by group commits that can fail or never be made.

The fencing is the real one (`symphony.store.fencing`), over a database in memory.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from symphony.errors import LostRunError, StoreError
from symphony.model.states import RunState, check_run_transition
from symphony.store.fencing import lost_runs, refuse_lost
from symphony.store.records import Lease
from symphony.testing.simulation.score import Value

COMMIT_S = 0.15
"""How long an entry waits for its commit."""


class Call(NamedTuple):
    """The end of a call, as it is recorded; `made`: its body ran in that sitting."""

    run: str
    path: str
    state: int
    value: Value
    key: str | None
    made: bool


@dataclass(slots=True)
class Row:
    """One run as the journal has it. `recorded` holds the calls that gave a result, with the sitting that wrote them."""

    state: RunState = RunState.RUNNING
    sitting: int = 0
    lease: Lease | None = None
    recorded: dict[str, tuple[Call, int]] = field(default_factory=dict)


Guard: TypeAlias = Callable[[sqlite3.Connection, str, int], None]
Filter: TypeAlias = Callable[[sqlite3.Connection, list[str], Mapping[str, int]], dict[str, LostRunError]]


class Journal:
    """What is written, for every engine to see.

    Args:
        on_write: told of everything that is written, with run, sitting and call (None: something about the run).
        refuse, lost: the fencing.
    """

    def __init__(
        self,
        on_write: Callable[[str, int, Call | None], None],
        *,
        refuse: Guard = refuse_lost,
        lost: Filter = lost_runs,
    ) -> None:
        self.rows: dict[str, Row] = {}
        self.keys: dict[str, Value] = {}
        self._on_write, self._refuse, self._lost = on_write, refuse, lost
        self._database = sqlite3.connect(":memory:", isolation_level=None)
        self._database.execute("CREATE TABLE runs(id TEXT PRIMARY KEY, sitting INTEGER NOT NULL)")
        self._database.execute("CREATE TABLE leases(run TEXT PRIMARY KEY, pid INTEGER, host TEXT)")

    def take(self, run: str, next_lease: Callable[[int, Lease | None], Lease]) -> Row:
        """Open a new sitting of a run; `next_lease` gets its number and the last lease, and may refuse."""
        row = self.rows.setdefault(run, Row())
        lease = next_lease(row.sitting + 1, row.lease)
        if row.sitting and row.state is not RunState.RUNNING:
            check_run_transition(row.state, RunState.RUNNING)
        row.sitting, row.lease, row.state = row.sitting + 1, lease, RunState.RUNNING
        self._database.execute("INSERT OR REPLACE INTO runs VALUES(?,?)", (run, row.sitting))
        self._database.execute("INSERT OR REPLACE INTO leases VALUES(?,?,?)", (run, lease.pid, lease.host))
        return row

    def renew(self, lease: Lease) -> None:
        """Renew a lease.

        Raises:
            LostRunError: another engine has taken the run.
        """
        self._refuse(self._database, lease.run, lease.sitting)
        self._on_write(lease.run, lease.sitting, None)
        self.rows[lease.run].lease = lease

    def end(self, run: str, sitting: int, state: RunState) -> None:
        """Write how a sitting ended.

        Raises:
            LostRunError: another engine has taken the run.
        """
        self._refuse(self._database, run, sitting)
        self._on_write(run, sitting, None)
        check_run_transition(self.rows[run].state, state)
        self.rows[run].state, self.rows[run].lease = state, None

    def write(self, calls: list[Call], keys: dict[str, Value], run: str, sitting: int) -> dict[str, LostRunError]:
        """Write a batch of one engine in one transaction; returns the runs that it has lost: for them nothing is written."""
        lost = self._lost(self._database, [run], {run: sitting})
        if lost:
            return lost
        for call in calls:
            self._on_write(run, sitting, call)
            self.rows[run].recorded[call.path] = call, sitting
        for key, value in keys.items():
            self.keys.setdefault(key, value)
        return {}


class Book:
    """One engine's side of the journal: what waits for its next group commit. It dies with the engine.

    Args:
        breaks: whether the disk refuses this commit.
        later: called when there is something to commit.
    """

    def __init__(
        self, journal: Journal, run: str, sitting: int, breaks: Callable[[], bool], later: Callable[[], None]
    ) -> None:
        self._journal, self._run, self.sitting = journal, run, sitting
        self._breaks, self._later = breaks, later
        self._calls: list[Call] = []
        self._keys: dict[str, Value] = {}
        self._error: StoreError | LostRunError | None = None

    def record(self, call: Call) -> None:
        """Take the end of a call, with its key.

        Raises:
            StoreError: an earlier commit failed; nothing was taken.
            LostRunError: another engine has taken the run.
        """
        if self._error is not None:
            raise self._error
        if not self._calls:
            self._later()
        self._calls.append(call)
        if call.key is not None and call.made:
            self._keys[call.key] = call.value

    def look_up(self, key: str) -> tuple[Value] | None:
        """The result of a key, written or not; None where there is none."""
        for keys in (self._keys, self._journal.keys):
            if key in keys:
                return (keys[key],)
        return None

    def is_written(self, path: str) -> bool:
        """Whether the end of a call is in the journal."""
        return path in self._journal.rows[self._run].recorded

    def flush(self) -> None:
        """Write what waits.

        Raises:
            StoreError: it cannot be written; it still waits, and the next flush tries again.
            LostRunError: another engine has taken the run; what waited is dropped.
        """
        if self._calls:
            if self._breaks():
                self._error = StoreError("the disk is full")
                raise self._error
            lost = self._journal.write(self._calls, self._keys, self._run, self.sitting)
            self._calls, self._keys = [], {}
            self._error = lost.get(self._run)
        if isinstance(self._error, LostRunError):
            raise self._error
        self._error = None
