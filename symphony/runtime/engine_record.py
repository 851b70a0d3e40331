"""One engine's entry in a shared ledger: a file that only its owner writes, and a lock that shows that it lives."""

from __future__ import annotations

import fcntl
import json
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from symphony.runtime.arbitration import Request, Standing, Waiting

_ENCODE = json.JSONEncoder(separators=(",", ":")).encode
WAKE = ".wake"
"""The ending of the pipe beside a record: a byte in it asks the engine to look again."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Another engine as its record tells; `standing` is None while the record is damaged."""

    name: str
    standing: Standing | None


def to_bytes(standing: Standing, owner: Mapping[str, Any]) -> bytes:
    """A record: a line with checksum and length, then one JSON document."""
    document = {
        **owner,
        "held": standing.held,
        "waiting": standing.waiting,
        "served": standing.served,
    }
    body = _ENCODE(document).encode()
    return b"%08x %d\n" % (zlib.crc32(body), len(body)) + body


def from_bytes(content: bytes) -> Mapping[str, Any] | None:
    """The document of a record, or None when it is damaged."""
    head, _, body = content.partition(b"\n")
    if head != b"%08x %d" % (zlib.crc32(body), len(body)):
        return None
    try:
        document = json.loads(body)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def read_peer(path: Path) -> Peer | None:
    """Read the record of another engine; None when that engine is dead or the file is gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if not _is_locked(descriptor):
            return None
        document = from_bytes(_whole(descriptor))
    finally:
        os.close(descriptor)
    if document is None:
        return Peer(path.name, None)
    return Peer(path.name, _standing(document)) if _lives(document) else None


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    return False


def _whole(descriptor: int) -> bytes:
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, size, 0)


def _standing(document: Mapping[str, Any]) -> Standing | None:
    try:
        held = tuple(_request(r) for r in document["held"])
        waiting = tuple(Waiting(_request(r), first, kept) for r, first, kept in document["waiting"])
        return Standing(held, waiting, dict(document["served"]))
    except (KeyError, TypeError, ValueError):
        return None


def _request(data: list[Any]) -> Request:
    name, demand, tenant, priority, asked_at, task = data
    return Request(name, tuple((n, int(a)) for n, a in demand), tenant, priority, asked_at, task)


def _lives(document: Mapping[str, Any]) -> bool:
    """Whether the process of a locked record lives: a child that it forked keeps the lock a little longer."""
    if document.get("space") != _process_space() or not document.get("born"):
        return True  # its process number means nothing here; the lock is all there is to go by
    return bool(born(int(document["pid"])) == document["born"])


def born(pid: int) -> str:
    """When a process started, in ticks since the machine did; empty when it is gone or cannot be told."""
    try:
        descriptor = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        fields = os.read(descriptor, 4096).rpartition(b")")[2].split()
    except OSError:
        return ""  # it ended between the two
    finally:
        os.close(descriptor)
    return "" if fields[0] in (b"Z", b"X") else fields[19].decode()


@cache
def _process_space() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


class OwnRecord:
    """The record of this engine. All methods but `wait_byte` are called under the lock of the ledger."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path, self._pipe_path = folder / name, folder / f"{name}{WAKE}"
        self.descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        fcntl.flock(self.descriptor, fcntl.LOCK_EX)
        os.mkfifo(self._pipe_path)
        self.pipe = os.open(self._pipe_path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._written = b""
        self._owner = {"pid": os.getpid(), "born": born(os.getpid()), "space": _process_space()}

    def is_gone(self) -> bool:
        """Whether somebody removed the file."""
        return os.fstat(self.descriptor).st_nlink == 0

    def is_damaged(self) -> bool:
        """Whether somebody else changed the file."""
        return _whole(self.descriptor) != self._written

    def write(self, standing: Standing) -> None:
        """Write the record, where it changed. It may be torn only by the end of this process, and then it is void."""
        content = to_bytes(standing, self._owner)
        if content == self._written:
            return
        os.pwrite(self.descriptor, content, 0)
        if len(content) < len(self._written):
            os.ftruncate(self.descriptor, len(content))
        self._written = content

    def rewrite(self) -> None:
        """Write the record again over whatever the file holds."""
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, self._written, 0)

    def drain(self) -> None:
        """Take all bytes out of the pipe."""
        try:
            os.read(self.pipe, 4096)
        except BlockingIOError:
            return

    def close(self) -> None:
        """Remove the record; everything in it is free."""
        remove(self.path)
        os.close(self.pipe)
        os.close(self.descriptor)


def remove(path: Path) -> None:
    """Remove the record of an engine that is gone."""
    path.unlink(missing_ok=True)
    path.with_name(f"{path.name}{WAKE}").unlink(missing_ok=True)


def nudge(path: Path) -> None:
    """Ask the engine of a record to look again; nothing happens when it does not listen."""
    try:
        pipe = os.open(f"{path}{WAKE}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return
    try:
        os.write(pipe, b".")
    except BlockingIOError:
        pass  # the pipe is full of nudges already
    finally:
        os.close(pipe)
