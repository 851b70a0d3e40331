"""What a player may ask of the run it is part of."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Protocol, runtime_checkable


@runtime_checkable
class Context(Protocol):
    """Handed to a player that has a parameter annotated ``Context``. Never part of a key.

    Attributes:
        run_id: the run.
        task_id: the call: ``stats`` or ``stats[3]``.
        attempt: which attempt this is, from 1.
        idempotency_key: equal over attempts and resumes, new for a new run, different per element.
        workdir: an empty writable folder, removed afterwards; a path returned from inside it is kept first.
        log: a logger whose lines carry run, task and attempt.
        cancelled: whether the run was asked to stop; long bodies look at it and return.
    """

    run_id: str
    task_id: str
    attempt: int

    @property
    def idempotency_key(self) -> str:
        """Equal over attempts and resumes, new for a new run, different per element."""

    @property
    def log(self) -> logging.Logger:
        """A logger whose lines carry task and attempt."""

    @property
    def workdir(self) -> Path:
        """The work folder, made on first use."""

    @property
    def cancelled(self) -> bool:
        """Whether the run was asked to stop."""

    def sleep(self, seconds: float) -> None:
        """Wait; ends early when the run was asked to stop. In a test whose clock jumps it takes no time."""

    def progress(self, done: float, total: float | None = None) -> None:
        """Say how far the work is; at most ten times a second reach the listeners."""
