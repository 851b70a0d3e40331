"""Faults of the disk, said plainly: which path, what is wrong with it, what to do."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from pathlib import Path

from symphony.errors import StoreError


class DamageWarning(RuntimeWarning):
    """Something that was kept is damaged; work goes on without it. The command line tells it in a line of its own."""


_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


def file_fault(path: Path, error: OSError, *, needed_bytes: int | None = None) -> StoreError:
    """The error for a file operation that failed."""
    if error.errno in _FULL:
        return disk_full(path, needed_bytes)
    if error.errno in _FORBIDDEN:
        return StoreError(
            f"cannot write to {path}: {error.strerror}. Make it writable, or keep the state elsewhere with "
            "SYMPHONY_STATE or --state"
        )
    return StoreError(f"cannot use {error.filename or path}: {error.strerror or error}")


def disk_full(path: Path, needed_bytes: int | None = None) -> StoreError:
    """The error for a full disk, with what is needed and what is free."""
    try:
        existing = next(above for above in (path, *path.parents) if above.is_dir())
        free = f"{shutil.disk_usage(existing).free} bytes are free"
    except OSError:
        free = "how much is free could not be read"
    needed = f"{needed_bytes} bytes are needed, " if needed_bytes is not None else ""
    return StoreError(
        f"cannot write to {path}: the disk is full or a size limit is reached ({needed}{free}). "
        "Free some space and go on; nothing that was recorded is lost"
    )


def database_fault(path: Path, error: sqlite3.Error, *, needed_bytes: int | None = None) -> StoreError:
    """The error for a database operation that failed."""
    code = (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _writing_fails(path)):
        return disk_full(path, needed_bytes)
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return StoreError(
            f"cannot write to {path}: {error}. Make it writable, or keep the state elsewhere with SYMPHONY_STATE "
            "or --state"
        )
    if code == sqlite3.SQLITE_BUSY:
        return StoreError(f"{path} was locked by other processes for 30 seconds; look for a process that hangs")
    if is_damage(error):
        return StoreError(f"{path} is damaged: {error}. The next run moves it to quarantine and starts a fresh one")
    return StoreError(f"cannot use {path}: {error}")


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file itself is broken, as opposed to busy, full or forbidden."""
    code = (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _writing_fails(path: Path) -> bool:
    """SQLite says "I/O error" for more than one reason: whether one block can be appended tells a full disk."""
    probe = path.with_name(path.name + "-probe")
    try:
        probe.write_bytes(b"\0" * 65536)
    except OSError as error:
        return error.errno in _FULL
    finally:
        probe.unlink(missing_ok=True)
    # A size limit of the process counts for the database, which may be larger than the probe.
    return _size_limit_reached(path)


def _size_limit_reached(path: Path) -> bool:
    try:
        import resource  # not on Windows
    except ImportError:
        return False
    soft, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    sizes = [p.stat().st_size for p in (path, path.with_name(path.name + "-wal")) if p.exists()]
    return soft != resource.RLIM_INFINITY and max(sizes, default=0) + 65536 > soft
