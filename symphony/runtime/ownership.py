"""Who runs a run: a lock that the kernel holds for the owner and drops when the owner dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from symphony.errors import RefusedError


class Ownership:
    """The lock of one run. There is nothing to unlock after a kill."""

    def __init__(self, folder: Path, run: str) -> None:
        self._path, self._run = folder / "locks" / run, run
        self._descriptor = -1

    def __enter__(self) -> Ownership:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.read(descriptor, 200).decode(errors="replace") or "another process"
            os.close(descriptor)
            raise RefusedError(f"the run {self._run} is being run by {owner}; wait for it or cancel it") from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"process {os.getpid()} on {os.uname().nodename}".encode())
        self._descriptor = descriptor
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor >= 0:
            self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = -1


def is_owned(folder: Path, run: str) -> bool:
    """Whether a living process owns the run."""
    path = folder / "locks" / run
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
