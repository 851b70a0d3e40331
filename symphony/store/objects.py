"""Objects: the bytes of large values, each under the name of its digest.

An object appears under its name whole or not at all: it is written to a temporary name, its digest is checked, and then
it is renamed. Objects are read-only and never change.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import stat
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from symphony.errors import StoreError
from symphony.store.faults import file_fault

_DAY_S = 86_400.0


class Objects(Protocol):
    """A place for objects. Another place, such as an object store, has the same few methods."""

    def has(self, digest: str, size_bytes: int) -> bool:
        """Whether an object of this name and size is here. Cheap: nothing is read."""

    def write(self, digest: str, pieces: Iterable[bytes], size_bytes: int) -> None:
        """Keep an object. Does nothing where it is here already.

        Raises:
            StoreError: it cannot be written, or the pieces are not what the digest names.
        """

    def open(self, digest: str) -> BinaryIO:
        """The bytes of an object, not yet verified.

        Raises:
            OSError: it is not here, or is no file.
        """

    def quarantine(self, digest: str) -> str:
        """Take an object out of service; gives where it lies now, or an empty string where it had vanished."""

    def remove(self, digest: str, *, used_at: float | None = None) -> None:
        """Forget an object; where its time of last use is given, only if nobody has used it since."""

    def names(self) -> Iterator[tuple[str, int, float]]:
        """Digest, size in bytes and time of last use of every object."""


class LocalObjects:
    """Objects as files of a local folder, two levels deep."""

    def __init__(self, folder: Path, *, power: bool = False) -> None:
        self.folder, self._power = folder, power
        self._objects, self._tmp = folder / "objects", folder / "tmp"
        self._shelves: set[str] = set()

    def path(self, digest: str) -> Path:
        """Where an object lies, or would lie."""
        return self._objects / digest[:2] / digest

    def has(self, digest: str, size_bytes: int) -> bool:
        try:
            status = os.stat(f"{self._objects}/{digest[:2]}/{digest}")
        except OSError:
            return False
        return status.st_size == size_bytes and (status.st_mode & 0o170000) == 0o100000

    def write(self, digest: str, pieces: Iterable[bytes], size_bytes: int) -> None:
        final = self.path(digest)
        try:
            if self.claim(digest, size_bytes):
                return
            temporary = self._temporary()
            try:
                self._fill(temporary, digest, pieces)
                self._place(temporary, final)
            finally:
                temporary.unlink(missing_ok=True)
        except OSError as error:
            raise file_fault(final, error, needed_bytes=size_bytes) from error

    def claim(self, digest: str, size_bytes: int) -> bool:
        """Whether an object of this name and size is here; then it counts as used, and no collection of garbage removes it.

        The lock of the kernel on the file itself orders this and a removal: who comes second sees what the first did.
        """
        try:
            handle = os.open(self.path(digest), os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_SH)
            status = os.fstat(handle)
            if status.st_nlink == 0 or status.st_size != size_bytes or not stat.S_ISREG(status.st_mode):
                return False
            os.utime(handle)
            return True
        finally:
            os.close(handle)

    def _temporary(self) -> Path:
        self._tmp.mkdir(parents=True, exist_ok=True)
        return self._tmp / f"{os.getpid()}-{threading.get_ident()}-{uuid.uuid4().hex[:12]}"

    def _fill(self, temporary: Path, digest: str, pieces: Iterable[bytes]) -> None:
        hasher = hashlib.sha256()
        with open(temporary, "xb", buffering=0) as stream:
            for piece in pieces:
                hasher.update(piece)
                view = memoryview(piece)
                while view:
                    view = view[stream.write(view) :]
            if self._power:
                os.fsync(stream.fileno())
            written = os.fstat(stream.fileno()).st_size
            os.fchmod(stream.fileno(), 0o444)
        if hasher.hexdigest() != digest:
            raise StoreError(f"the bytes of {digest[:12]} changed while they were kept ({written} bytes were read)")

    def _place(self, temporary: Path, final: Path) -> None:
        shelf = final.parent
        if shelf.name not in self._shelves:
            shelf.mkdir(parents=True, exist_ok=True)
            self._shelves.add(shelf.name)
            if self._power:
                _sync_folder(shelf.parent)
                _sync_folder(self.folder)
        if final.exists():
            # Not a whole object, or another process was faster with the same bytes; either way ours are right.
            self._clear(final)
        os.replace(temporary, final)
        if self._power:
            _sync_folder(shelf)

    def _clear(self, final: Path) -> None:
        if final.is_dir():
            self.quarantine(final.name)

    def open(self, digest: str) -> BinaryIO:
        return open(self.path(digest), "rb")

    def quarantine(self, digest: str) -> str:
        target = self.folder / "quarantine" / f"{digest}-{uuid.uuid4().hex[:8]}"
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.rename(self.path(digest), target)
        except FileNotFoundError:
            return ""
        return str(target)

    def remove(self, digest: str, *, used_at: float | None = None) -> None:
        try:
            handle = os.open(self.path(digest), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)  # see `claim`
            status = os.fstat(handle)
            if used_at is not None and (
                status.st_mtime != used_at or not os.path.samestat(status, os.stat(self.path(digest)))
            ):
                return
            if stat.S_ISDIR(status.st_mode):
                self.quarantine(digest)
            else:
                self.path(digest).unlink(missing_ok=True)
        finally:
            os.close(handle)

    def names(self) -> Iterator[tuple[str, int, float]]:
        for shelf in sorted(self._objects.glob("[0-9a-f][0-9a-f]")):
            for found in sorted(shelf.iterdir()):
                try:
                    status = found.lstat()
                except FileNotFoundError:
                    continue  # another process removed it meanwhile
                yield found.name, status.st_size, status.st_mtime

    def sweep(self) -> None:
        """Remove what writers that were killed left behind, once it is older than a day."""
        try:
            with os.scandir(self._tmp) as found:
                old = [e.path for e in found if e.is_file() and time.time() - e.stat().st_mtime > _DAY_S]
            for path in old:
                Path(path).unlink(missing_ok=True)
        except OSError:
            return


class MemoryObjects:
    """Objects in memory, for tests and for runs that keep nothing."""

    def __init__(self) -> None:
        self._bytes: dict[str, bytes] = {}
        self.quarantined: dict[str, bytes] = {}

    def has(self, digest: str, size_bytes: int) -> bool:
        return len(self._bytes.get(digest, b"")) == size_bytes and digest in self._bytes

    def write(self, digest: str, pieces: Iterable[bytes], size_bytes: int) -> None:
        data = b"".join(pieces)
        if hashlib.sha256(data).hexdigest() != digest:
            raise StoreError(f"the bytes of {digest[:12]} changed while they were kept ({len(data)} bytes were read)")
        self._bytes[digest] = data

    def open(self, digest: str) -> BinaryIO:
        try:
            return io.BytesIO(self._bytes[digest])
        except KeyError as error:
            raise FileNotFoundError(digest) from error

    def quarantine(self, digest: str) -> str:
        data = self._bytes.pop(digest, None)
        if data is None:
            return ""
        self.quarantined[digest] = data
        return f"memory quarantine of {digest[:12]}"

    def remove(self, digest: str, *, used_at: float | None = None) -> None:
        self._bytes.pop(digest, None)

    def names(self) -> Iterator[tuple[str, int, float]]:
        for digest, data in sorted(self._bytes.items()):
            yield digest, len(data), 0.0


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
