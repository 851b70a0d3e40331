"""A log that lies outside the engine: bodies append to it by themselves, so it tells what truly ran."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

VARIABLE = "OUTSIDE_LOG"
"""Where bodies find the log. It is no input, so it enters no key."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that a body said: ``begin`` or ``end``, for which call, and when (seconds since the epoch)."""

    what: str
    task: str
    at: float


class OutsideLog:
    """Reads the log."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self, after: int = 0) -> list[Line]:
        """What was said, without the first `after` lines. A line that is not ended yet is left out."""
        if not self.path.exists():
            return []
        whole = self.path.read_text().rpartition("\n")[0].splitlines()
        return [Line(what, task, float(at)) for what, task, at in (line.split() for line in whole[after:])]

    def begun(self, after: int = 0) -> list[str]:
        """The calls that began, in order, each as often as it did."""
        return [line.task for line in self.lines(after) if line.what == "begin"]
