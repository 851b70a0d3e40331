"""Who may run a run: decided from its lease, the clock and the kernel's word on the owner. Pure."""

from __future__ import annotations

from enum import StrEnum

from symphony.store.records import Lease

LEASE_S = 15.0
"""How long an owner that says nothing still counts as the owner, where the kernel cannot tell."""


class Standing(StrEnum):
    """Where a run stands with its owner."""

    FREE = "free"
    OWNED = "owned"
    STALLED = "stalled"
    """The owner lives, but has let its lease run out: it was stopped, or hangs. Another may take the run."""


def standing(lease: Lease | None, *, now: float, here: str, lock_held: bool) -> Standing:
    """Decide from a lease.

    Args:
        lease: the last one; None where there is none.
        now: seconds since the epoch.
        here: this machine.
        lock_held: whether a process of this machine holds the lock of that lease: it lives.
    """
    if lease is None:
        return Standing.FREE
    if lease.host == here and not lock_held:
        return Standing.FREE  # its death freed the lock: there is nothing to wait for
    if lease.until > now:
        return Standing.OWNED
    return Standing.STALLED if lease.host == here else Standing.FREE


def next_renewal(taken_at: float, lease_s: float) -> float:
    """When an owner renews its lease: after a third, so that one renewal may fail."""
    return taken_at + lease_s / 3
