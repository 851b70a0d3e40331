"""Outcomes of calls that did not end by themselves, in words."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from typing import Any

from symphony.runtime.processes.hands import Flight, Hand
from symphony.runtime.processes.orders import Ended, Outcome
from symphony.runtime.processes.parcel import Parcel

_TIMED_OUT = tuple(c.__name__ for c in TimeoutError.__mro__)


def done(outputs: Mapping[str, Any], cost: Mapping[str, float]) -> Outcome:
    """A player gave its outputs."""
    return Outcome(Ended.OK, {name: Parcel.from_wire(wire) for name, wire in outputs.items()}, cost)


def failed(error: Mapping[str, Any], types: list[str], cost: Mapping[str, float]) -> Outcome:
    """A player raised an error."""
    return Outcome(Ended.FAILED, measured=cost, error=error, error_types=tuple(types))


def left(status: int, cost: Mapping[str, float]) -> Outcome:
    """A command ended by itself."""
    return Outcome(Ended.OK, measured=cost, exit_status=status)


def stopped(why: Ended, flight: Flight, cost: Mapping[str, float]) -> Outcome:
    """A call was ended because of its timeout, or because somebody asked for it."""
    if why is not Ended.TIMED_OUT:
        return Outcome(Ended.CANCELLED, measured=cost)
    error = {
        "type": "TimeoutError", "message": f"it ran longer than {flight.call.timeout_s:g} s and was ended", "traceback": ""
    }  # fmt: skip
    return Outcome(Ended.TIMED_OUT, measured=cost, error=error, error_types=_TIMED_OUT)


def died(hand: Hand, flight: Flight, status: int | None, deaths: int, cost: Mapping[str, float]) -> Outcome:
    """The process is dead and nobody here wanted that.

    Args:
        hand: the process.
        flight: the call that ran.
        status: minus the number of a signal, or the exit status; nothing where it is not known.
        deaths: how often this call has cost a process, this time included.
        cost: what is known of it.
    """
    name = signal.Signals(-status).name if status is not None and status < 0 else ""
    if name:
        how = f"was killed by {name}"
    elif status is None:
        how = "was lost together with the process that supervises it"
    else:
        how = f"left in the middle of the call with status {status}"
    peak = f"; its peak memory was {hand.peak / 1e6:.0f} MB" if hand.peak else ""
    error = {
        "type": "ProcessDied",
        "message": f"the process of {flight.call.context.task_id} {how}{peak}",
        "traceback": "",
    }
    return Outcome(
        Ended.DIED, measured=cost, error=error, error_types=("ProcessDied",),
        exit_status=status if status is not None and status >= 0 else None, signal=name,
        last_lines=tuple(flight.lines or ()), deaths=deaths,
    )  # fmt: skip
