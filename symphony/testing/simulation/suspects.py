"""The parts under test, to be exchanged for broken ones: a check that never fails checks nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from symphony.runtime.arbitration import Arbiter
from symphony.runtime.lease import standing
from symphony.runtime.retrying import delay_s
from symphony.runtime.schedule import Schedule
from symphony.runtime.tracker import Tracker
from symphony.store.fencing import lost_runs, refuse_lost


@dataclass(frozen=True, slots=True)
class Suspects:
    """Everything of Symphony that decides in an invented world."""

    schedule: Callable[[], Schedule] = Schedule
    tracker: Callable[..., Tracker] = Tracker
    arbiter: Callable[..., Arbiter] = Arbiter
    delay_s: Callable[..., float | None] = field(default=delay_s)
    standing: Callable[..., str] = field(default=standing)
    refuse_lost: Callable[..., None] = field(default=refuse_lost)
    lost_runs: Callable[..., dict[str, Exception]] = field(default=lost_runs)
