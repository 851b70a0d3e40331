"""Compares how the calls of a sitting ended with how they must end."""

from __future__ import annotations

from symphony.runtime import schedule as sc
from symphony.testing.simulation.engine import Engine, Piece
from symphony.testing.simulation.foresight import How, foresee
from symphony.testing.simulation.world import SimulationError


def check_outcome(who: str, piece: Piece, engine: Engine) -> None:
    """Check every call that was not cancelled: its end and its value.

    Raises:
        SimulationError: a call ended otherwise than its definition says.
    """
    net = engine.net
    hows = [_how(engine, node) for node in range(len(net.schedule))]
    observed = {net.path(n): how for n, how in enumerate(hows) if how is not None and n not in net.schedule.children}
    ends = foresee(piece.score, piece.given, observed)
    whole = not engine.stopped and not engine.failed_fast
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


def _how(engine: Engine, node: int) -> How | None:
    """How a node ended; None where it was cancelled."""
    state = engine.schedule.state[node]
    if state == sc.SKIPPED:
        return How.LEFT_OUT if engine.schedule.cause[node] == sc.WHEN else How.SKIPPED
    return {sc.SUCCEEDED: How.GOOD, sc.CACHED: How.GOOD, sc.FAILED: How.FAILED}.get(state)
