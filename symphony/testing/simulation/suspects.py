"""The parts under test, to be exchanged for broken ones: a check that never fails checks nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from symphony.runtime.arbitration import Arbiter
from symphony.runtime.lease import standing
from symphony.runtime.retrying import delay_s
from symphony.runtime.schedule import Schedule, edges_of
from symphony.runtime.tracker import Tracker
from symphony.store.fencing import lost_runs, refuse_lost
from symphony.testing.simulation.calls import Calls
from symphony.testing.simulation.journal import Filter, Guard
from symphony.testing.simulation.score import Merge


@dataclass(frozen=True, slots=True)
class Suspects:
    """Everything that decides in an invented world. All but `calls` is Symphony itself."""

    schedule: Callable[[], Schedule] = Schedule
    edges_of: Merge = field(default=edges_of)
    tracker: Callable[..., Tracker] = Tracker
    arbiter: Callable[..., Arbiter] = Arbiter
    delay_s: Callable[..., float | None] = field(default=delay_s)
    standing: Callable[..., str] = field(default=standing)
    refuse_lost: Guard = field(default=refuse_lost)
    lost_runs: Filter = field(default=lost_runs)
    calls: Callable[..., Calls] = Calls
