"""The context that a running body is handed, and the capture of what it logs."""

from __future__ import annotations

import hashlib
import logging
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event as Flag
from typing import Any

from symphony.runtime.clock import REAL_CLOCK, Clock
from symphony.runtime.log_lines import message_of


def idempotency_key(run: str, task: str, index: int) -> str:
    """A name for one call that is equal over attempts and resumes and new for a new run."""
    return hashlib.sha256(f"{run}\0{task}\0{index}".encode()).hexdigest()


class RunContext:
    """One call's context. The work folder is made on first use and removed by `close`."""

    def __init__(
        self,
        *,
        run_id: str,
        task_id: str,
        attempt: int,
        task: str,
        index: int,
        temporary: Path | None,
        stop: Flag,
        log: Callable[[dict[str, Any]], None],
        progress: Callable[[float, float | None], None],
        clock: Clock = REAL_CLOCK,
    ) -> None:
        self.run_id, self.task_id, self.attempt = run_id, task_id, attempt
        self._task, self._index, self._write_line = task, index, log
        self._log: logging.Logger | None = None
        self._temporary, self._stop, self._progress = temporary, stop, progress
        self._workdir: Path | None = None
        self._clock = clock
        self._last_progress = 0.0

    @property
    def idempotency_key(self) -> str:
        """Equal over attempts and resumes, new for a new run, different per element."""
        return idempotency_key(self.run_id, self._task, self._index)

    @property
    def log(self) -> logging.Logger:
        """A logger whose lines carry task and attempt; made on first use."""
        if self._log is None:
            self._log = _Lines(self.task_id, self.attempt, self._write_line)
        return self._log

    @property
    def workdir(self) -> Path:
        """An empty writable folder, removed after the call."""
        if self._workdir is None:
            if self._temporary is not None:
                self._temporary.mkdir(parents=True, exist_ok=True)
            self._workdir = Path(tempfile.mkdtemp(prefix="call-", dir=self._temporary)).resolve()
        return self._workdir

    @property
    def made_workdir(self) -> Path | None:
        """The work folder, if the body asked for one."""
        return self._workdir

    @property
    def cancelled(self) -> bool:
        """Whether the run was asked to stop."""
        return self._stop.is_set()

    def sleep(self, seconds: float) -> None:
        """Wait; ends early when the run was asked to stop. A clock that jumps is moved instead."""
        if self._clock.jumps:
            self._clock.jump(max(0.0, seconds))
        else:
            self._stop.wait(max(0.0, seconds))

    def progress(self, done: float, total: float | None = None) -> None:
        """Pass on how far the work is, at most ten times a second; the last word always."""
        now = time.monotonic()
        if now - self._last_progress >= 0.1 or done == total:
            self._last_progress = now
            self._progress(done, total)

    def close(self) -> None:
        """Remove the work folder."""
        if self._workdir is not None:
            shutil.rmtree(self._workdir, ignore_errors=True)


class _Lines(logging.Logger):
    """Stands beside the tree of loggers: its records become lines, and nobody else handles them."""

    def __init__(self, task: str, attempt: int, write: Callable[[dict[str, Any]], None]) -> None:
        super().__init__(f"symphony.run.{task}")
        self._task, self._attempt, self._write = task, attempt, write

    def callHandlers(self, record: logging.LogRecord) -> None:
        """Write the line; with handlers of their own authors may do more."""
        self._write(
            {
                "at": record.created,
                "task": self._task,
                "attempt": self._attempt,
                "level": record.levelname.lower(),
                "message": message_of(record),
                "origin": "log",
            }
        )
        for handler in self.handlers:
            if record.levelno >= handler.level:
                handler.handle(record)
