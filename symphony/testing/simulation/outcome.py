"""Compares how the calls of a sitting ended with how they must end."""

from __future__ import annotations

from symphony.runtime import schedule as sc
from symphony.testing.simulation.calls import Calls
from symphony.testing.simulation.foresight import How, Known, foresee, is_certain
from symphony.testing.simulation.world import SimulationError


def check_outcome(who: str, calls: Calls) -> None:
    """Check every call that was not cancelled: its end and its value.

    Raises:
        SimulationError: a call ended otherwise than its definition says.
    """
    net, piece = calls.net, calls.piece
    hows = [_how(calls, node) for node in range(len(net.schedule))]
    observed = {net.path(n): how for n, how in enumerate(hows) if how is not None and n not in net.schedule.children}
    recorded = {} if is_certain(piece.score) else {path: call.value for path, (call, _) in calls.recorded.items()}
    ends = foresee(piece.score, piece.given, Known(observed, recorded))
    whole = not calls.is_stopped and not calls.has_failed_fast
    for node, how in enumerate(hows):
        path = net.path(node)
        if how is None:
            if whole:
                raise SimulationError("outcome", f"{who} {path} was cancelled, though nobody stopped the run")
            continue
        if node in net.schedule.children and not whole:
            continue  # what is left of a list follows from what was cancelled of it
        end = ends.get(path)
        if end is None or end.how is not how:
            raise SimulationError("outcome", f"{who} {path} ended as {how}; it must be {end and end.how}")
        if how is How.GOOD and end.value != net.value(node):
            raise SimulationError("outcome", f"{who} {path} gave {net.value(node)!r}; it must be {end.value!r}")
    if whole and len(ends) != len(hows):
        raise SimulationError("outcome", f"{who} made {len(hows)} calls; there must be {len(ends)}")


def _how(calls: Calls, node: int) -> How | None:
    """How a node ended; None where it was cancelled."""
    state = calls.schedule.state[node]
    if state == sc.SKIPPED:
        return How.LEFT_OUT if calls.schedule.cause[node] == sc.WHEN else How.SKIPPED
    return {sc.SUCCEEDED: How.GOOD, sc.CACHED: How.GOOD, sc.FAILED: How.FAILED}.get(state)
