"""Players that occupy slots: one that dies at once, one that ends only when so many of its kind run together."""

from __future__ import annotations

import os
import signal
import time

from symphony import operator


@operator
def die() -> None:
    """End this process as the kernel does when memory is short."""
    os.kill(os.getpid(), signal.SIGKILL)


@operator
def meet(folder: str, count: int) -> int:
    """Come to a meeting; go when all are there. Alone, it waits for ten seconds."""
    with open(os.path.join(folder, str(os.getpid())), "w"):
        pass
    deadline = time.monotonic() + 10
    while len(os.listdir(folder)) < count and time.monotonic() < deadline:
        time.sleep(0.001)
    return len(os.listdir(folder))
