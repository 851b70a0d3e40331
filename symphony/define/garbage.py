"""Pauses or eases Python's garbage collector while very many values that live on are made."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

_MANY = 50_000
"""New containers from which on looking through them once takes long enough to be noticed: about 10 ms."""


@contextmanager
def collection_paused() -> Iterator[None]:
    """Pause the collector: a large melody is a million small values that live on, looked through again and again.

    Where it is off already nothing is changed: by the user, further out, or in another thread, which turns it on again.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        _count_as_old()
        gc.enable()


def _count_as_old() -> None:
    """Move very many new values to the oldest generation, so that the collector does not look through them at once."""
    if gc.get_count()[0] > _MANY and gc.get_freeze_count() == 0:  # what the user has frozen stays frozen
        gc.freeze()
        gc.unfreeze()


class CollectionEased:
    """While any of these is entered the collector waits for 50,000 new containers instead of 700.

    A run makes values that stay until they are recorded; walking over them again and again took a third of its time
    (measured: 10,000 recorded calls, 58 µs a call, and 35 with this). Garbage of players is still collected. Thread-safe;
    the settings of the process come back, and a collector that is off stays off.
    """

    _lock = threading.Lock()
    _entered = 0
    _before = (700, 10, 10)

    def __enter__(self) -> None:
        with CollectionEased._lock:
            if CollectionEased._entered == 0:
                CollectionEased._before = gc.get_threshold()
                if 0 < CollectionEased._before[0] < _MANY:
                    gc.set_threshold(_MANY, *CollectionEased._before[1:])
            CollectionEased._entered += 1

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with CollectionEased._lock:
            CollectionEased._entered -= 1
            if CollectionEased._entered == 0:
                gc.set_threshold(*CollectionEased._before)
