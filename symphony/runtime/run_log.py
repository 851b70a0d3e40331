"""The log of one run: lines are redacted, kept and told, and no call can flood it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from symphony.model.event import Event, EventKind
from symphony.runtime.log_lines import cut
from symphony.store.store import Store

LINES_PER_CALL = 10_000
BYTES_PER_CALL = 10_000_000
BYTES_PER_RUN = 500_000_000
"""What is kept at the most. Of what comes after that, only the number of lines is told."""
_LINE_BYTES = 100
"""What a line costs besides its text, about."""


class RunLog:
    """Takes the lines of all calls of one run. Thread-safe.

    Args:
        store: where lines are kept, or None where nothing is recorded.
        listener: called with an event per line, or None.
        redact: takes the values of secrets out of texts.

    Attributes:
        has_full: whether the lines of some call are not kept any more, so that `ended` has something to tell.
    """

    def __init__(
        self, run: str, store: Store | None, listener: Callable[[Event], None] | None, redact: Callable[[str], str]
    ) -> None:  # fmt: skip
        self._run, self._store, self._listener, self._redact = run, store, listener, redact
        self._calls: dict[str, _Count] = {}
        self._size_bytes = 0
        self._lock = threading.RLock()  # the collector of garbage may print at any place
        self.has_full = False

    def redacted(self, text: str) -> str:
        """A text without the values of secrets."""
        return self._redact(text)

    def write(self, line: dict[str, Any]) -> bool:
        """Take a line: ``at``, ``task``, ``attempt``, ``level``, ``message``, ``origin``. Returns whether it was kept."""
        if not self._has_room(line["task"], len(line["message"]), 1, line["attempt"]):
            return False
        line["message"] = cut(self._redact(line["message"]))
        self._keep(line)
        return True

    def is_full(self, task: str) -> bool:
        """Whether no line of a call is kept any more."""
        count = self._calls.get(task) if self.has_full else None
        return count is not None and count.dropped > 0

    def drop(self, task: str, lines: int) -> None:
        """Count lines of a call that is full."""
        with self._lock:
            self._calls[task].dropped += lines

    def _has_room(self, task: str, size: int, lines: int, attempt: int) -> bool:
        with self._lock:
            count = self._calls.get(task)
            if count is None:
                count = self._calls[task] = _Count()
            count.attempt = attempt
            size_bytes = size + _LINE_BYTES
            full = count.lines >= LINES_PER_CALL or count.size_bytes + size_bytes > BYTES_PER_CALL
            if count.dropped or full or self._size_bytes + size_bytes > BYTES_PER_RUN:
                count.dropped += lines
                self.has_full = True
                return False
            count.lines += lines
            count.size_bytes += size_bytes
            self._size_bytes += size_bytes
            return True

    def ended(self, task: str) -> None:
        """A call has ended: tell how many of its lines were not kept."""
        with self._lock:
            count = self._calls.pop(task, None)
        if count is not None and count.dropped:
            self._keep(
                {"at": time.time(), "task": task, "attempt": count.attempt, "level": "warning", "origin": "engine",
                 "message": f"… {count.dropped:,} more lines were not kept"}
            )  # fmt: skip

    def close(self) -> None:
        """The run has ended; what is to be said of calls whose end was not told is said now."""
        for task in list(self._calls):
            self.ended(task)

    def _keep(self, line: dict[str, Any]) -> None:
        if self._store is not None:
            self._store.append_log(self._run, [line])
        if self._listener is not None:
            data = {k: v for k, v in line.items() if k not in ("task", "at")}
            self._listener(Event(EventKind.LOG, self._run, time.time(), line["task"], data))


class _Count:
    __slots__ = ("attempt", "dropped", "lines", "size_bytes")

    def __init__(self) -> None:
        self.attempt = self.lines = self.size_bytes = self.dropped = 0
