"""Ctrl-C: the first one cancels in order, the second one ends the program at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def orderly_interrupts() -> Iterator[None]:
    """Raise KeyboardInterrupt on the first SIGINT, exit with 130 on the second."""
    asked = False

    def on_signal(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            os._exit(130)
        asked = True
        os.write(2, b"\ncancelling; press Ctrl-C again to stop at once\n")
        signal.default_int_handler(number, frame)

    before = signal.signal(signal.SIGINT, on_signal)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
