"""Keep stdout for the command's document: what players print goes to stderr meanwhile."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout


@contextmanager
def own_stdout(wanted: bool = True) -> Iterator[None]:
    """Send what a melody's code, its libraries and its child processes print to stderr, when ``wanted``.

    A document has stdout for itself: one stray ``print`` in a player would make it unreadable. The file
    descriptor is turned too, since libraries in C and child processes know nothing of ``sys.stdout``.
    """
    if not wanted:
        yield
        return
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        sys.stdout.flush()  # a logger may hold on to the real stdout: what it wrote belongs to stderr as well
        os.dup2(kept, 1)
        os.close(kept)
