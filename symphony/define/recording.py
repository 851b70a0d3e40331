"""Whether calls of players are being recorded right now, and by whom."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol


class Recorder(Protocol):
    """Takes note of a call instead of making it."""

    def record(self, player: Any, args: tuple[Any, ...], kwargs: dict[str, Any], options: dict[str, Any]) -> Any:
        """Note one call; returns the reference that stands for its result."""


_recorder: ContextVar[Recorder | None] = ContextVar("symphony_recorder", default=None)
current_recorder = _recorder.get


@contextmanager
def recording_to(recorder: Recorder | None) -> Iterator[None]:
    """Send calls of players in this context to `recorder`; None makes them plain calls again."""
    token = _recorder.set(recorder)
    try:
        yield
    finally:
        _recorder.reset(token)
