"""Collection of garbage: runs that are old, keys that only they needed, values that nothing refers to.

All is decided and removed within one write transaction. A writer in another process commits either before it, and then
what it wrote is seen, or after it, and then it writes again what it finds missing.
"""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from symphony.errors import CodecError, StoreError
from symphony.model.states import RunState
from symphony.store.catalog import Row
from symphony.store.commit import key_rows, new_packs
from symphony.store.database import insert
from symphony.store.files import discard
from symphony.store.records import RunRecord
from symphony.store.slices import pack_entry, unpack_data, unpack_entry
from symphony.store.store import Store

_YOUNG_S = 3_600.0
_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(slots=True)
class Collected:
    """What a collection of garbage removed, or would remove.

    Attributes:
        runs: ids of the runs whose journal went.
        keys: how many keys went.
        artifacts: how many artifacts went.
        objects: how many object files went, left-overs without a record included.
        size_bytes: about how many bytes that gives back.
    """

    runs: list[str] = field(default_factory=list)
    keys: int = 0
    artifacts: int = 0
    objects: int = 0
    size_bytes: int = 0


def collect(
    store: Store,
    *,
    dry_run: bool = False,
    keep_runs: int | None = None,
    older_than_s: float | None = None,
    spare_s: float = _YOUNG_S,
    lives: Callable[[RunRecord], bool] | None = None,
) -> Collected:
    """Remove what nothing refers to any more.

    Runs go first: those beyond the `keep_runs` newest, and those that ended more than `older_than_s` seconds ago;
    without both, no run goes. With a run go the keys that it computed, unless a kept run used their results. What is
    then neither the result of a kept key nor given by a call of a kept run goes as well. Runs that go on are kept, and
    while there is one, neither keys nor values go: it may be about to use them. A run whose engine was killed counts as
    ended when it began.

    Args:
        store: the store; other processes may use it meanwhile.
        dry_run: only say what would go.
        keep_runs: how many runs to keep.
        older_than_s: the age at which a run goes, in seconds since its end.
        spare_s: values and objects younger than this stay, for whoever is about to refer to them.
        lives: whether the engine of a run without an end lives; by default all of them do.
    """
    store.flush()
    with store.exclusively() as connection:
        runs = store.runs()
        going_on = {run.id for run in runs if run.state is RunState.RUNNING and (lives is None or lives(run))}
        gone = _old_runs(runs, going_on, keep_runs, older_than_s)
        report = Collected([run.id for run in gone])
        used = _used_digests(store, [run for run in runs if run.id not in report.runs])
        # What others computed comes back from the shared side when it is needed again.
        known = {run.id for run in runs if run.id not in report.runs} | {""} if store.shared is not None else None
        keys, needed = _split_keys(store, set(report.runs), known, used, all_kept=bool(going_on))
        reachable = _reachable(store, used | needed)
        rows = [] if going_on else _unreachable(store, reachable, spare_s)
        objects = _orphans(store, {row.digest for row in store.catalog.rows()} - {row.digest for row in rows}, spare_s)
        report.keys, report.artifacts, report.objects = len(keys), len(rows), len(objects)
        report.size_bytes = sum(size for size, _ in objects.values()) + sum(row.place[2] for row in rows)
        if not dry_run:
            _remove(connection, report.runs, keys, rows)
    if not dry_run:
        _clean_up(store, rows, objects)
    return report


def _old_runs(
    runs: list[RunRecord], going_on: set[str], keep_runs: int | None, older_than_s: float | None
) -> list[RunRecord]:
    ended = [(place, run) for place, run in enumerate(runs) if run.id not in going_on]
    now = time.time()
    return [
        run
        for place, run in ended
        if (keep_runs is not None and place >= keep_runs)
        or (older_than_s is not None and now - (run.ended_at or run.started_at) > older_than_s)
    ]


def _used_digests(store: Store, runs: list[RunRecord]) -> set[str]:
    """Everything that the calls of these runs gave, and what parameters and outputs of the runs name."""
    used = {digest for run in runs for digest in _named((run.outputs, run.params))}
    for run in runs:
        for call in store.calls(run.id):
            used.update(artifact.digest for artifact in (call.outputs or {}).values())
    return used


def _named(data: object) -> Iterator[str]:
    """Every text inside plain data that may be a digest."""
    if isinstance(data, str):
        if _DIGEST.fullmatch(data):
            yield data
    elif isinstance(data, Mapping):
        yield from _named(tuple(data.values()))
    elif isinstance(data, (list, tuple)):
        for part in data:
            yield from _named(part)


def _split_keys(
    store: Store, gone: set[str], known: set[str] | None, used: set[str], *, all_kept: bool
) -> tuple[list[str], set[str]]:
    """Keys that go, and the digests that the others need.

    Those of runs that are gone go; where runs are `known`, those of all other runs go.
    """
    going, needed = [], set[str]()
    for key, entry in store.catalog.entries():
        outputs = {a.digest for a in entry.outputs.values()} if entry is not None else set()
        old = entry is not None and (entry.run in gone or (known is not None and entry.run not in known))
        if entry is None or (not all_kept and old and not (outputs and outputs <= used)):
            going.append(key)
        else:
            needed |= outputs
    return going, needed


def _reachable(store: Store, roots: set[str]) -> set[str]:
    """The roots, and everything that they refer to."""
    referring = {row.digest: row for row in store.catalog.rows(referring=True)}
    found, waiting = set[str](), list(roots)
    while waiting:
        digest = waiting.pop()
        if digest in found:
            continue
        found.add(digest)
        if digest in referring:
            waiting += _references(store, referring[digest])
    return found


def _references(store: Store, row: Row) -> Iterator[str]:
    try:
        yield from (a.digest for a in store.references(store.catalog.artifact(row)))
    except (StoreError, CodecError):
        return


def _unreachable(store: Store, reachable: set[str], spare_s: float) -> list[Row]:
    ((last_old,),) = store.database.read("SELECT coalesce(max(id), 0) FROM packs WHERE at<=?", (time.time() - spare_s,))
    return [row for row in store.catalog.rows() if row.digest not in reachable and row.place[0] <= last_old]


def _orphans(store: Store, kept: set[str], spare_s: float) -> dict[str, tuple[int, float]]:
    """Objects without a row, with their sizes and times of last use. Young ones stay: their row may still wait for its commit."""
    now = time.time()
    return {
        d: (size, used_at) for d, size, used_at in store.objects.names() if d not in kept and now - used_at >= spare_s
    }


def _remove(connection: sqlite3.Connection, runs: list[str], keys: list[str], rows: list[Row]) -> None:
    for run in runs:
        for table, column in (
            ("slices", "run"),
            ("logs", "run"),
            ("running", "run"),
            ("leases", "run"),
            ("runs", "id"),
        ):
            connection.execute(f"DELETE FROM {table} WHERE {column}=?", (run,))
    for key in keys:
        connection.execute("DELETE FROM keys WHERE key=?", (bytes.fromhex(key),))
    for row in rows:
        connection.execute("DELETE FROM artifacts WHERE digest=?", (bytes.fromhex(row.digest),))
    gone = [(name,) for (name,) in connection.execute("SELECT path FROM stats") if not os.path.lexists(name)]
    connection.executemany("DELETE FROM stats WHERE path=?", gone)
    connection.execute("DELETE FROM plans WHERE digest NOT IN (SELECT plan FROM runs WHERE plan IS NOT NULL)")
    _compact_values(connection)
    _compact_keys(connection)
    connection.execute("DELETE FROM packs WHERE id NOT IN (SELECT pack FROM artifacts UNION SELECT pack FROM keys)")


def _compact_values(connection: sqlite3.Connection) -> None:
    """Move the values out of packs of which more than half is dead."""
    moving = connection.execute(
        "SELECT a.digest, a.codec, substr(p.data, a.start + 1, a.length), a.refers FROM artifacts a "
        "JOIN packs p ON p.id=a.pack WHERE a.pack IN (SELECT b.pack FROM artifacts b JOIN packs q ON q.id=b.pack "
        "GROUP BY b.pack HAVING 2 * sum(b.length) < length(q.data))"
    ).fetchall()
    packs = new_packs(connection)
    rows = [(digest, codec, *packs.add(item), refers) for digest, codec, item, refers in moving]
    packs.write(connection)
    insert(connection, "INSERT OR REPLACE INTO artifacts(digest, codec, pack, start, length, refers)", rows)


def _compact_keys(connection: sqlite3.Connection) -> None:
    """Move the entries out of packs of which more than half is dead."""
    moving: list[tuple[str, bytes]] = []
    for pack, count in connection.execute("SELECT pack, count(*) FROM keys GROUP BY pack").fetchall():
        found = connection.execute("SELECT data FROM packs WHERE id=?", (pack,)).fetchone()
        group = _group(found[0]) if found else []
        if 2 * count < len(group):
            left = connection.execute("SELECT key, position FROM keys WHERE pack=?", (pack,)).fetchall()
            moving += [(key.hex(), pack_entry(unpack_entry(group[position]))) for key, position in left]
    packs = new_packs(connection)
    rows = key_rows(moving, packs)
    packs.write(connection)
    insert(connection, "INSERT OR REPLACE INTO keys(key, pack, position)", rows)


def _group(data: bytes) -> list[object]:
    try:
        return list(unpack_data(data))
    except CodecError:
        return []


def _clean_up(store: Store, rows: list[Row], objects: dict[str, tuple[int, float]]) -> None:
    """Remove the files of what is gone; only after the transaction, so that a row never outlives its object."""
    store.catalog.drop_cache()
    for digest, (_, used_at) in objects.items():
        store.objects.remove(digest, used_at=used_at)  # unless somebody has begun to use it meanwhile
    for digest in {row.digest for row in rows}:
        for laid_out in (store.files.folder / digest[:2]).glob(f"{digest}*"):
            discard(laid_out)
    with suppress(StoreError):
        # Another process may be in the way; the free pages are used again in any case.
        store.database.vacuum()
