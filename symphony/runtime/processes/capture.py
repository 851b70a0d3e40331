"""What a body prints and logs, as lines that are sent on while it runs."""

from __future__ import annotations

import io
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from symphony.runtime.log_lines import LONGEST, message_of

Write = Callable[[float, str, str, str], None]
"""Takes time, level, message and origin (``log``, ``stdout``, ``stderr``) of a line."""


class LineStream(io.TextIOBase):
    """Stands for ``sys.stdout`` or ``sys.stderr``: whole lines go to `write`.

    What goes past it to the file descriptor (C libraries, child processes, ``buffer``) is read by the engine instead.
    """

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, origin: str, descriptor: int, write: Write) -> None:
        self._origin, self._descriptor, self._write = origin, descriptor, write
        self._rest, self._lock, self._owner = "", threading.RLock(), os.getpid()
        self.buffer: Any = open(descriptor, "wb", buffering=0, closefd=False)  # noqa: SIM115  lives as long as the process

    def write(self, text: str) -> int:
        if os.getpid() != self._owner:  # a child that the body forked has no channel of its own
            os.write(self._descriptor, text.encode("utf-8", "backslashreplace"))
            return len(text)
        with self._lock:
            *lines, self._rest = (self._rest + text).split("\n")
            if len(self._rest) > LONGEST:
                lines, self._rest = [*lines, self._rest], ""
            for line in lines:
                self._write(time.time(), "info", line.rstrip("\r"), self._origin)
        return len(text)

    def end_line(self) -> None:
        """Send what was written without an end of line."""
        with self._lock:
            if self._rest:
                self.write("\n")

    def fileno(self) -> int:
        return self._descriptor

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False


class _Records(logging.Handler):
    def __init__(self, write: Write) -> None:
        super().__init__()
        self._sink = write

    def emit(self, record: logging.LogRecord) -> None:
        self._sink(record.created, record.levelname.lower(), message_of(record), "log")


class Capture:
    """Puts the streams and the root logger of this process over to `write`, for good."""

    def __init__(self, write: Write) -> None:
        self._streams = LineStream("stdout", 1, write), LineStream("stderr", 2, write)
        sys.stdout, sys.stderr = self._streams
        root = logging.getLogger()
        if not any(_prints(handler) for handler in root.handlers):  # else the project's own handler already prints it
            root.addHandler(_Records(write))
            if root.level == logging.WARNING:
                root.setLevel(logging.INFO)

    def end_lines(self) -> None:
        """Send lines that have no end yet."""
        for stream in self._streams:
            stream.end_line()


def _prints(handler: logging.Handler) -> bool:
    return isinstance(handler, logging.StreamHandler) and getattr(handler.stream, "name", "") in (
        "<stderr>",
        "<stdout>",
    )
