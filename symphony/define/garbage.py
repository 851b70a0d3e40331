"""Pauses Python's garbage collector while very many values that live on are made."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

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
