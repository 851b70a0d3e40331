"""One group commit: a batch becomes rows, all in one transaction."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

import msgpack

from symphony.errors import LostRunError
from symphony.model.artifact import Artifact
from symphony.store.batch import Batch
from symphony.store.codecs.choice import CODECS
from symphony.store.database import insert
from symphony.store.encoded import SMALL_BYTES, Encoded
from symphony.store.fencing import lost_runs
from symphony.store.slices import CallRow, pack_calls, pack_data, pack_entries

CODEC_NUMBERS = {codec: number for number, codec in enumerate(CODECS)}
_PACK_BYTES = 32 * 1024
_OWN_PACK_BYTES = 4 * 1024
_WORTH_ASKING_BYTES = 1024
_ENTRIES_TOGETHER = 64
_FIRST = itemgetter(0)
"""Sorting by the digest alone takes half the time of comparing whole rows; that rows of one digest are in any order is no harm."""


class PackWriter:
    """Puts small items one behind the other. Large ones get a pack of their own: reading them reads little else."""

    def __init__(self, last_pack: int) -> None:
        self.rows: list[tuple[int, bytes]] = []
        self._next = last_pack + 1
        self._open, self._open_id = bytearray(), 0

    def add(self, item: bytes) -> tuple[int, int, int]:
        """Where the item will lie: pack, start, length."""
        if len(item) > _OWN_PACK_BYTES:
            return self.add_whole(item), 0, len(item)
        if not self._open:
            self._open_id = self._number()
        place = self._open_id, len(self._open), len(item)
        self._open += item
        if len(self._open) > _PACK_BYTES:
            self._close()
        return place

    def add_whole(self, data: bytes) -> int:
        """The number of a pack that holds this alone."""
        self.rows.append((self._number(), data))
        return self.rows[-1][0]

    def _number(self) -> int:
        self._next += 1
        return self._next - 1

    def _close(self) -> None:
        if self._open:
            self.rows.append((self._open_id, bytes(self._open)))
            self._open = bytearray()

    def write(self, connection: sqlite3.Connection) -> None:
        """Insert the packs."""
        self._close()
        now = time.time()
        insert(connection, "INSERT INTO packs(id, at, data)", [(number, now, data) for number, data in self.rows])


def new_packs(connection: sqlite3.Connection) -> PackWriter:
    """A writer whose packs get numbers that were never used. Within a transaction."""
    found = connection.execute("SELECT seq FROM sqlite_sequence WHERE name='packs'").fetchone()
    return PackWriter(found[0] if found else 0)


def pack_item(artifact: Artifact, data: bytes | None, headers: dict[str, bytes]) -> bytes:
    """An artifact as an item of a pack: type, meta, size where the bytes are elsewhere, and the bytes."""
    if data is not None and not artifact.meta:
        header = headers.get(artifact.type)
        if header is None:
            header = headers[artifact.type] = _header([artifact.type, None, -1])
        return header + data
    size = -1 if data is not None else artifact.size_bytes
    return _header([artifact.type, dict(artifact.meta) or None, size]) + (data or b"")


def _header(content: list[object]) -> bytes:
    packed: bytes = msgpack.packb(content)
    return len(packed).to_bytes(4, "big") + packed


@dataclass(slots=True)
class Written:
    """What a group commit put into the catalog.

    Attributes:
        keys, replaced_keys: pack and position by key.
        refers: whether its bytes hold references, by digest and number of the codec.
        lost: runs that another process has taken: nothing was written for them.
    """

    keys: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    replaced_keys: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    refers: dict[tuple[bytes, int], bool] = field(default_factory=dict)
    lost: dict[str, LostRunError] = field(default_factory=dict)


def write_batch(connection: sqlite3.Connection, batch: Batch, sittings: dict[str, int]) -> Written:
    """Write everything of a batch. Within a transaction; what is there already stays as it is."""
    lost = lost_runs(connection, batch.runs, sittings)
    if lost:
        batch = batch.without(lost)
    packs = new_packs(connection)
    artifacts = _artifact_rows(connection, batch.artifacts.values(), packs)
    keys = key_rows([(k, e[0]) for k, e in batch.keys.items() if not e[1]], packs)
    replacing = key_rows([(k, e[0]) for k, e in batch.keys.items() if e[1]], packs)
    packs.write(connection)
    # in the order of the index, so that pages next to each other are written together
    insert(
        connection,
        "INSERT OR IGNORE INTO artifacts(digest, codec, pack, start, length, refers)",
        sorted(artifacts, key=_FIRST),
    )
    insert(connection, "INSERT OR IGNORE INTO keys(key, pack, position)", sorted(keys, key=_FIRST))
    insert(connection, "INSERT OR REPLACE INTO keys(key, pack, position)", replacing)
    _write_slices(connection, batch.calls, sittings)
    _write_logs(connection, batch)
    insert(
        connection,
        "INSERT OR REPLACE INTO running(run, data)",
        [(run, pack_data(snapshot)) for run, snapshot in batch.running.items()],
    )
    insert(
        connection,
        "INSERT OR REPLACE INTO stats(path, size, mtime, ctime, inode, checked, digest)",
        [(os.fsencode(row[0]), *row[1:]) for row in batch.stats.values()],
    )
    return Written(
        {key: (pack, position) for key, pack, position in keys},
        {key: (pack, position) for key, pack, position in replacing},
        {(row[0], row[1]): row[5] for row in artifacts},
        lost,
    )


def _artifact_rows(
    connection: sqlite3.Connection, artifacts: Iterable[Encoded], packs: PackWriter
) -> list[tuple[bytes, int, int, int, int, bool]]:
    rows, headers = [], dict[str, bytes]()
    for encoded in artifacts:
        artifact, data = encoded.artifact, encoded.data
        digest, codec = bytes.fromhex(artifact.digest), CODEC_NUMBERS[artifact.codec]
        if artifact.size_bytes > _WORTH_ASKING_BYTES and _is_there(connection, digest, codec):
            continue
        item = pack_item(artifact, data if artifact.size_bytes <= SMALL_BYTES else None, headers)
        rows.append((digest, codec, *packs.add(item), encoded.refers))
    return rows


def _is_there(connection: sqlite3.Connection, digest: bytes, codec: int) -> bool:
    found = connection.execute("SELECT 1 FROM artifacts WHERE digest=? AND codec=?", (digest, codec)).fetchone()
    return found is not None


def key_rows(entries: Sequence[tuple[str, bytes]], packs: PackWriter) -> list[tuple[bytes, int, int]]:
    """Rows of keys; their packed entries go into packs, some to each."""
    rows: list[tuple[bytes, int, int]] = []
    fromhex = bytes.fromhex
    for at in range(0, len(entries), _ENTRIES_TOGETHER):
        part = entries[at : at + _ENTRIES_TOGETHER]
        pack = packs.add_whole(pack_entries([entry for _, entry in part]))
        rows += [(fromhex(key), pack, position) for position, (key, _) in enumerate(part)]
    return rows


def _write_slices(connection: sqlite3.Connection, calls: list[CallRow], sittings: dict[str, int]) -> None:
    by_run: dict[str, list[CallRow]] = {}
    if len({call[0] for call in calls}) == 1:
        by_run[calls[0][0]] = calls
    else:
        for call in calls:
            by_run.setdefault(call[0], []).append(call)
    now = time.time()
    rows = [(run, sittings.get(run, 1), len(part), now, pack_calls(part)) for run, part in by_run.items()]
    insert(connection, "INSERT INTO slices(run, sitting, count, at, data)", rows)


def _write_logs(connection: sqlite3.Connection, batch: Batch) -> None:
    by_run: dict[str, list[object]] = {}
    for run, line in batch.logs:
        by_run.setdefault(run, []).append(line)
    insert(connection, "INSERT INTO logs(run, data)", [(run, pack_data(lines)) for run, lines in by_run.items()])
