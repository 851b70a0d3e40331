"""The database file: opening, its schema and migrations, one connection to write and one to read."""

from __future__ import annotations

import sqlite3
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any

from symphony.errors import StoreError
from symphony.store.faults import DamageWarning, database_fault, file_fault, is_damage

# Two narrow indexes (digest, key) point into packs, rows that hold many small values one after another: a row of its
# own for every value would dirty one fat page per value and commit. Packs never change, and their numbers are never
# used again.
MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE packs(id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, data BLOB NOT NULL);
    CREATE TABLE artifacts(
        digest BLOB NOT NULL, codec INTEGER NOT NULL, pack INTEGER NOT NULL, start INTEGER NOT NULL,
        length INTEGER NOT NULL, refers INTEGER NOT NULL, PRIMARY KEY(digest, codec)
    ) WITHOUT ROWID;
    CREATE TABLE keys(
        key BLOB PRIMARY KEY, pack INTEGER NOT NULL, position INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE runs(
        id TEXT PRIMARY KEY, melody TEXT NOT NULL, state TEXT NOT NULL, started_at REAL NOT NULL,
        ended_at REAL, sitting INTEGER NOT NULL, data BLOB NOT NULL
    );
    CREATE INDEX runs_by_time ON runs(started_at);
    CREATE INDEX runs_by_melody ON runs(melody, started_at);
    CREATE TABLE slices(
        id INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL, sitting INTEGER NOT NULL, count INTEGER NOT NULL,
        at REAL NOT NULL, data BLOB NOT NULL
    );
    CREATE INDEX slices_by_run ON slices(run, sitting, id);
    CREATE TABLE logs(id INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL, data BLOB NOT NULL);
    CREATE INDEX logs_by_run ON logs(run, id);
    CREATE TABLE running(run TEXT PRIMARY KEY, data BLOB NOT NULL);
    CREATE TABLE stats(
        path BLOB PRIMARY KEY, size INTEGER NOT NULL, mtime INTEGER NOT NULL, ctime INTEGER NOT NULL,
        inode INTEGER NOT NULL, checked INTEGER NOT NULL, digest TEXT NOT NULL
    ) WITHOUT ROWID;
    """,
    # Plans lie apart from runs: many runs have the same, and lists of runs need none. Leases change often.
    """
    CREATE TABLE plans(digest BLOB PRIMARY KEY, text BLOB NOT NULL);
    ALTER TABLE runs ADD COLUMN plan BLOB;
    CREATE TABLE leases(
        run TEXT PRIMARY KEY, sitting INTEGER NOT NULL, host TEXT NOT NULL, pid INTEGER NOT NULL, until REAL NOT NULL
    );
    """,
)
VERSION = len(MIGRATIONS)
_APPLICATION = 0x53594D50
_SETTINGS = ("cache_size=-16000", "wal_autocheckpoint=4000", "temp_store=MEMORY", "foreign_keys=OFF")
_ROWS_AT_ONCE = (250, 50, 10, 1)


class Database:
    """The two connections. Every method may be called from any thread.

    Attributes:
        path: the file, or nothing where the database lies in memory.
        set_aside: why the file that was found here was moved to quarantine; empty where it was whole.
    """

    def __init__(self, path: Path | None, *, power: bool = False) -> None:
        self.path, self.set_aside = path, ""
        self._power = power
        self._write_lock = threading.RLock()
        self._read_lock = self._write_lock if path is None else threading.RLock()
        self._writer, self._reader = self._open()

    @property
    def name(self) -> Path:
        """The file for messages."""
        return self.path or Path(":memory:")

    def _open(self) -> tuple[sqlite3.Connection, sqlite3.Connection]:
        try:
            connections = self._connect()
            damage = self._told_damage(connections[1])
            if not damage:
                return connections
            for connection in connections:
                connection.close()
            self._set_aside(damage)
        except sqlite3.Error as error:
            if self.path is None or not is_damage(error):
                raise database_fault(self.name, error) from error
            self._set_aside(str(error))
        try:
            return self._connect()
        except sqlite3.Error as error:
            raise database_fault(self.name, error) from error

    def _connect(self) -> tuple[sqlite3.Connection, sqlite3.Connection]:
        writer = self._connection()
        try:
            _switch_to_wal(writer)
            self._migrate(writer)
            return writer, writer if self.path is None else self._connection()
        except BaseException:
            writer.close()
            raise

    def _connection(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            str(self.name), timeout=30.0, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        connection.execute("PRAGMA page_size=8192")
        for setting in (*_SETTINGS, f"synchronous={'FULL' if self._power else 'NORMAL'}"):
            connection.execute(f"PRAGMA {setting}")
        return connection

    def _migrate(self, connection: sqlite3.Connection) -> None:
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        if found == VERSION:
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            (found,) = connection.execute("PRAGMA user_version").fetchone()
            if found > VERSION:
                raise StoreError(
                    f"{self.name} was written by a newer Symphony (format {found}, this one reads up to {VERSION}); "
                    "upgrade Symphony, or keep the state elsewhere with SYMPHONY_STATE or --state"
                )
            for script in MIGRATIONS[found:]:
                for statement in filter(str.strip, script.split(";")):
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version={VERSION}")
            connection.execute(f"PRAGMA application_id={_APPLICATION}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise

    def _told_damage(self, reader: sqlite3.Connection) -> str:
        """What is wrong with the file, where an earlier process met damage inside it; opening alone does not show that."""
        if self.path is None or not self._told.exists():
            return ""
        damage = _damage_inside(reader)
        if not damage:
            self._told.unlink(missing_ok=True)
        return damage

    @property
    def _told(self) -> Path:
        """The file that tells the next process that this one met damage."""
        return self.name.with_name(self.name.name + "-damaged")

    def _fault(self, error: sqlite3.Error, *, needed_bytes: int | None = None) -> StoreError:
        if self.path is not None and is_damage(error):
            with suppress(OSError):
                self._told.touch()
        return database_fault(self.name, error, needed_bytes=needed_bytes)

    def check(self) -> str:
        """Read the whole file; what is wrong with it, or an empty string. A damaged one is moved to quarantine.

        Raises:
            StoreError: the file cannot be read, or the fresh one cannot be written.
        """
        with self._write_lock, self._read_lock:
            try:
                damage = _damage_inside(self._reader)
            except sqlite3.Error as error:
                raise self._fault(error) from error
            if damage and self.path is not None:
                self._told.touch()
                self.close()
                self._writer, self._reader = self._open()
            return damage

    def _set_aside(self, damage: str) -> None:
        """Move a damaged file to quarantine. Of two processes that do it at once, the second finds nothing."""
        assert self.path is not None
        self.set_aside = damage
        folder = self.path.parent / "quarantine"
        try:
            folder.mkdir(exist_ok=True)
            for suffix in ("", "-wal", "-shm"):
                broken = self.path.with_name(self.path.name + suffix)
                if broken.exists():
                    broken.rename(folder / f"{int(time.time())}-{broken.name}")
            self._told.unlink(missing_ok=True)
        except FileNotFoundError:
            return
        except OSError as fault:
            raise file_fault(self.path, fault) from fault
        warnings.warn(
            f"{self.path} is damaged ({damage}); it was moved to {folder} and a fresh one was started. "
            "Recorded runs and cached results are gone; large objects are still there",
            DamageWarning,
            stacklevel=2,
        )

    def read(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """All rows of a query.

        Raises:
            StoreError: the file cannot be read.
        """
        try:
            with self._read_lock:
                return self._reader.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise self._fault(error) from error

    @contextmanager
    def transaction(self, *, needed_bytes: int | None = None) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it or nothing. Waits up to 30 seconds for other writers.

        Raises:
            StoreError: the file cannot be written; nothing was changed.
        """
        with self._write_lock:
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                try:
                    yield self._writer
                    self._writer.execute("COMMIT")
                except BaseException:
                    if self._writer.in_transaction:
                        self._writer.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                raise self._fault(error, needed_bytes=needed_bytes) from error

    def vacuum(self) -> None:
        """Give free pages back to the file system, where they are more than a quarter."""
        ((free,),), ((pages,),) = self.read("PRAGMA freelist_count"), self.read("PRAGMA page_count")
        if 4 * free < pages:
            return
        try:
            with self._write_lock:
                self._writer.execute("VACUUM")
                self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise self._fault(error) from error

    def close(self) -> None:
        """Close both connections. SQLite folds its log into the file when the last process does so."""
        with self._write_lock, self._read_lock:
            self._reader.close()
            self._writer.close()


def _damage_inside(connection: sqlite3.Connection) -> str:
    """What is wrong inside the file; an empty string where all of it is whole."""
    try:
        ((answer,),) = connection.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.Error as error:
        if not is_damage(error):
            raise
        return str(error)
    return "" if answer == "ok" else " ".join(str(answer).split())


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Two processes that create the file at once: the busy timeout does not cover this switch, so it is tried again."""
    for attempt in range(200):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF != sqlite3.SQLITE_BUSY or attempt == 199:
                raise
            time.sleep(0.02)


def insert(connection: sqlite3.Connection, head: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert many rows with few statements.

    ``executemany`` gives up the interpreter lock once per row: beside a busy thread each row would then wait for its
    turn (measured: 3.7 s for 1,000 rows, against 27 ms with 250 rows to a statement).

    Args:
        connection: within a transaction.
        head: the statement up to ``VALUES``.
        rows: the rows, all of one width.
    """
    at = 0
    for size in _ROWS_AT_ONCE:
        while len(rows) - at >= size:
            part = rows[at : at + size]
            marks = f"({','.join('?' * len(part[0]))})"
            connection.execute(f"{head} VALUES {','.join([marks] * size)}", list(chain.from_iterable(part)))
            at += size
