"""What bodies leave in a folder for the suite to count: a line per call, a lock for as long as a body lives.

Bodies may run in other processes, so nothing is kept in globals; the folder must be one that the workers share.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_FILE = "marks.txt"
WAIT_S = 20.0
"""How long a case waits for what must come, before it fails."""


def mark(log: str, text: str) -> None:
    """Add a line. Lines of several processes stay whole: each is one write to a file opened for appending."""
    handle = os.open(Path(log) / _FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, f"{text}\n".encode())
    finally:
        os.close(handle)


def marks(log: str) -> list[str]:
    """The lines in the order in which they were added."""
    file = Path(log) / _FILE
    return file.read_text().splitlines() if file.exists() else []


def counted(log: str) -> dict[str, int]:
    """How often each line was added."""
    return dict(Counter(marks(log)))


@contextmanager
def alive(log: str, name: str) -> Iterator[int]:
    """Hold a lock that the kernel frees when the last process that has it is gone; gives its file descriptor."""
    handle = os.open(Path(log) / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        mark(log, f"{name} began")
        yield handle
    finally:
        os.close(handle)


def is_gone(log: str, name: str) -> bool:
    """Whether no process holds the lock of `alive` any more."""
    with open(Path(log) / f"{name}.lock", "a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


@contextmanager
def between(log: str, name: str) -> Iterator[None]:
    """Note the begin and the end of something, so that `most_at_once` can tell how much went on at a time."""
    mark(log, f"+{name}")
    try:
        yield
    finally:
        mark(log, f"-{name}")


def most_at_once(log: str, name: str, *, each: float = 1) -> float:
    """The most that went on at a time, each counting `each`."""
    now = most = 0.0
    for line in marks(log):
        if line in (f"+{name}", f"-{name}"):
            now += each if line[0] == "+" else -each
            most = max(most, now)
    return most


def wait_until(condition: Callable[[], bool], *, at_most_s: float = WAIT_S) -> bool:
    """Wait for something that another process does; returns whether it came in time."""
    until = time.monotonic() + at_most_s
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.005)
    return True
