"""What whoever waits for a run looks at now and then: its lease, its time limit, a request to cancel it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from symphony.runtime.clock import REAL_CLOCK, Clock
from symphony.runtime.ownership import Ownership


class Stop(StrEnum):
    """Why a run is to stop."""

    ASKED = "asked"
    TIMED_OUT = "timed out"


class Watch:
    """Looks after one run.

    Args:
        ownership: the lease to renew, or None where there is none.
        folder: where requests come in, or None.
        limit_s: how long the run may take, or None.
        clock: what the limit goes by.

    Attributes:
        until: when the run is stopped, by the clock, or None.
    """

    def __init__(
        self, run: str, ownership: Ownership | None, folder: Path | None, limit_s: float | None,
        clock: Clock = REAL_CLOCK,
    ) -> None:  # fmt: skip
        self._ownership = ownership
        self._request = None if folder is None else request_path(folder, run)
        self._clock = clock
        self.until = None if limit_s is None else clock.monotonic() + limit_s
        self.close()  # a request that came when an earlier owner had just ended is not meant for this one

    @property
    def limits(self) -> bool:
        """Whether there is anything to look for besides the lease."""
        return self.until is not None or self._request is not None

    def look(self) -> Stop | None:
        """Renew what is to be renewed; returns why the run is to stop, if it is.

        Raises:
            RefusedError: another process has taken the run.
        """
        if self._ownership is not None:
            self._ownership.renew()
        if self.until is not None and self._clock.monotonic() >= self.until:
            return Stop.TIMED_OUT
        if self._request is not None and self._request.exists():
            return Stop.ASKED
        return None

    def close(self) -> None:
        """Take away a request that was met, or came too late."""
        if self._request is not None:
            self._request.unlink(missing_ok=True)


def request_path(folder: Path, run: str) -> Path:
    """The file that asks the owner of a run to cancel it."""
    return folder / "locks" / f"{run}.cancel"


def ask_to_cancel(folder: Path, run: str) -> None:
    """Ask the owner of a run, whoever it is, to cancel it."""
    path = request_path(folder, run)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
