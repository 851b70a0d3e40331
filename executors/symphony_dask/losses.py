"""Counts how often a call has cost its worker, so that one that kills every worker is given up while others go on."""

from __future__ import annotations

DEATHS_AT_MOST = 3
"""A call that has cost so many workers is given up."""


class Losses:
    """Which calls run where, and how many workers each has cost.

    Dask itself blames every call that was assigned to a lost worker, also those that only waited there; here only those
    are blamed whose bodies had begun.
    """

    def __init__(self) -> None:
        self._where: dict[str, str] = {}
        self._deaths: dict[str, int] = {}

    def started(self, call: str, worker: str) -> None:
        """The body of a call runs on a worker."""
        self._where[call] = worker

    def ended(self, call: str) -> None:
        """A call has ended, or will not go on."""
        self._where.pop(call, None)
        self._deaths.pop(call, None)

    def has_started(self, call: str) -> bool:
        """Whether the body of a call is known to run."""
        return call in self._where

    def deaths(self, call: str) -> int:
        """How many workers a call has cost."""
        return self._deaths.get(call, 0)

    def lost(self, worker: str) -> list[str]:
        """A worker died; gives the calls that have cost too many by now."""
        blamed = [call for call, where in self._where.items() if where == worker]
        for call in blamed:
            del self._where[call]
            self._deaths[call] = self._deaths.get(call, 0) + 1
        return [call for call in blamed if self._deaths[call] >= DEATHS_AT_MOST]
