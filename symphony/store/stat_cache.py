"""Digests of files and folders of the outside world, read again only where something may have changed.

The rule is git's: a digest is trusted while size, times and inode are as they were, unless the file was so young when
it was read that a later change could carry the same time ("racily clean"). Then it is read again.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import msgpack

from symphony.errors import StoreError
from symphony.store.batch import StatRow
from symphony.store.codecs.archive import entries
from symphony.store.encoded import read_in_blocks

LEFT_OUT = frozenset({".git", ".symphony"})
"""Folders that are no part of a folder's digest."""
_YOUNG_NS = 20_000_000
"""Clocks of file systems advance in steps of up to 10 ms."""
_YOUNG_COARSE_NS = 2_000_000_000
"""Some file systems keep whole seconds, or every second one."""
_IN_MEMORY = 100_000


class StatCache:
    """Digests by path. `load` finds stored rows, `store` keeps new ones, `now_ns` is the clock."""

    def __init__(
        self,
        load: Callable[[str], StatRow | None],
        store: Callable[[StatRow], None],
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._load, self._store, self._now_ns = load, store, now_ns
        self._rows: dict[str, StatRow] = {}

    def digest_file(self, path: Path) -> str:
        """The SHA-256 of the bytes of a file.

        Raises:
            StoreError: it cannot be read, or changes all the time.
        """
        name = os.path.abspath(path)
        try:
            return self._digest(name, os.stat(name))
        except OSError as error:
            raise StoreError(f"cannot read {name}: {error.strerror or error}") from error

    def _digest(self, name: str, status: os.stat_result) -> str:
        row = self._rows.get(name) or self._load(name)
        if row is not None and is_unchanged(row, status):
            self._remember(row)
            return row[6]
        for _ in range(3):
            checked = self._now_ns()
            digest = _hash(name)
            after = os.stat(name)
            if _times(after) == _times(status):
                row = (name, *_times(status), checked, digest)
                self._remember(row)
                self._store(row)
                return digest
            status = after
        raise StoreError(f"{name} changes while it is read; wait until it is written")

    def _remember(self, row: StatRow) -> None:
        if len(self._rows) >= _IN_MEMORY:
            self._rows.clear()
        self._rows[row[0]] = row

    def digest_folder(self, path: Path) -> str:
        """The digest of a folder: names, executable bits, links and bytes of files, without what `LEFT_OUT` names.

        Raises:
            StoreError: something in it cannot be read.
        """
        hasher = hashlib.sha256()
        try:
            for name, entry in entries(os.path.abspath(path), leave_out=LEFT_OUT):
                hasher.update(msgpack.packb([os.fsencode(name), *self._describe(entry)]))
        except OSError as error:
            raise StoreError(f"cannot read {error.filename or path}: {error.strerror or error}") from error
        return hasher.hexdigest()

    def _describe(self, entry: os.DirEntry[str]) -> tuple[str, object]:
        if entry.is_symlink():
            return "link", os.fsencode(os.readlink(entry.path))
        if entry.is_dir():
            return "folder", None
        status = entry.stat()
        if not entry.is_file():
            return "special", status.st_mode
        return "program" if status.st_mode & 0o100 else "file", self._digest(entry.path, status)


def _times(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def is_unchanged(row: StatRow, status: os.stat_result) -> bool:
    """Whether a file is certainly as it was when its row was written: git's rule, young files included."""
    if row[1:5] != _times(status):
        return False
    youngest = max(row[2], row[3])
    margin = _YOUNG_COARSE_NS if row[2] % 1_000_000_000 == 0 and row[3] % 1_000_000_000 == 0 else _YOUNG_NS
    return youngest + margin <= row[5]


def _hash(name: str) -> str:
    hasher = hashlib.sha256()
    for block in read_in_blocks(name):
        hasher.update(block)
    return hasher.hexdigest()
