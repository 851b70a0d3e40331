"""Owning a run: a lease with a growing number in the journal, and a lock that the kernel drops when its owner dies.

Every sitting of a run has a number. Whoever takes the run raises it; what is then written under an older number is
refused by the store, in the same transaction. So an owner that was stopped and wakes up can do no harm, and there is
nothing to unlock after a kill.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from symphony.errors import RefusedError
from symphony.runtime.lease import LEASE_S, Standing, next_renewal, standing
from symphony.runtime.run_environment import in_force
from symphony.store.records import Lease, RunRecord
from symphony.store.store import Store


class Ownership:
    """The ownership of one run by this process. Renew it now and then, from any thread."""

    def __init__(self, store: Store, run: str, lease_s: float = LEASE_S) -> None:
        self._store, self._run, self._lease_s = store, run, lease_s
        self._descriptor = -1
        self._path = Path()
        self.sitting = 0

    def begin(self, record: RunRecord) -> None:
        """Record a new run that this process owns, with the environment that it is made under."""
        name = in_force().name
        record = replace(record, options={**record.options, "environment": name}) if name else record
        self._lock(record.sitting)
        self._store.begin_run(record, self._lease(record.sitting))
        self._taken(record.sitting)

    def take(self, **changes: object) -> RunRecord:
        """Take up an earlier run, with these changes of its record.

        Raises:
            RefusedError: a living process owns it.
        """
        record = self._store.take_run(self._run, self._next_lease, changes)
        self._taken(record.sitting)
        return record

    def _next_lease(self, sitting: int, before: Lease | None) -> Lease:
        if self._store.folder is not None and standing_of(self._store, before) is Standing.OWNED:
            assert before is not None
            raise RefusedError(
                f"the run {self._run} is being run by process {before.pid} on {before.host}; wait for it, or end it with "
                f"symphony cancel {self._run}"
            )
        self._lock(sitting)
        return self._lease(sitting)

    def _lease(self, sitting: int) -> Lease:
        return Lease(self._run, sitting, socket.gethostname(), os.getpid(), time.time() + self._lease_s)

    def _lock(self, sitting: int) -> None:
        folder = self._store.folder
        if folder is None:
            return
        self._path = lock_path(folder, self._run, sitting)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _taken(self, sitting: int) -> None:
        self.sitting = sitting
        self._renew_at = next_renewal(time.time(), self._lease_s)

    def renew(self) -> None:
        """Renew the lease if it is time to.

        Raises:
            RefusedError: another process has taken the run meanwhile.
        """
        if time.time() >= self._renew_at:
            self._store.renew_lease(self._lease(self.sitting))
            self._renew_at = next_renewal(time.time(), self._lease_s)

    def __enter__(self) -> Ownership:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor >= 0:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = -1


def lock_path(folder: Path, run: str, sitting: int) -> Path:
    """The file whose lock says that the owner of a sitting lives."""
    return folder / "locks" / f"{run}.{sitting}"


def standing_of(store: Store, lease: Lease | None) -> Standing:
    """Where a run of this store stands with the owner that its lease names."""
    here = socket.gethostname()
    held = (
        lease is not None and store.folder is not None and _is_held(lock_path(store.folder, lease.run, lease.sitting))
    )
    if held and lease is not None and lease.host == here and not _lives(lease.pid):
        held = False  # a child that the owner forked has the lock still; the owner itself is gone
    return standing(lease, now=time.time(), here=here, lock_held=held)


def kill_owner(store: Store, run: str) -> bool:
    """Kill the owner of a run that does not answer, such as one whose body never lets go of the interpreter.

    Only a process of this machine that has the lock of this very sitting open: no number of a process is trusted alone.
    What it recorded stays, everything below it ends with it, and the run reads ``interrupted``.

    Returns:
        Whether there was such a process.
    """
    lease = store.lease(run)
    if lease is None or store.folder is None or lease.host != socket.gethostname():
        return False
    if not _has_open(lease.pid, lock_path(store.folder, run, lease.sitting)):
        return False
    with suppress(ProcessLookupError):
        os.kill(lease.pid, signal.SIGKILL)
    return True


def _has_open(pid: int, path: Path) -> bool:
    """Whether a process has a file open, as far as ``/proc`` tells."""
    try:
        wanted = path.stat()
        for descriptor in os.scandir(f"/proc/{pid}/fd"):
            with suppress(OSError):
                found = os.stat(descriptor.path)
                if (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino):
                    return True
    except OSError:
        return False
    return False


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _is_held(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
