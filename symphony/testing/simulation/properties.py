"""The properties that every invented run must have, each with its reason, and the watcher that checks them as things happen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from symphony.errors import InternalError
from symphony.model.states import TaskState, check_task_transition
from symphony.runtime import schedule as sc
from symphony.runtime.arbitration import Request
from symphony.runtime.schedule import State
from symphony.testing.simulation.journal import Call
from symphony.testing.simulation.net import Net
from symphony.testing.simulation.score import Part
from symphony.testing.simulation.world import SimulationError

PROPERTIES: Mapping[str, str] = {
    "states": "a state changes only as the table of transitions says: whoever was told of an end may rely on it",
    "order": "nothing starts before what it waits for has ended well enough: a body must not see half of its inputs",
    "one-owner": "only the owner of the present sitting writes: two engines would give one run two truths",
    "owner-respected": "a run is taken only from an owner that is dead or silent: two engines must not work on one run",
    "recorded-once": "a call's body is recorded by one sitting only: a second record would replace what others have read",
    "recorded-stays": "a call that is recorded is never made again: a resume runs what is missing, nothing else",
    "effect-after-cause": "an effect starts when what it reads is written: after a kill it must not be there without its cause",
    "ends": "every run ends: no wake-up is lost, nothing waits in a circle, nothing stays running",
    "capacity": "bodies never occupy more than there is, and in the end nothing is occupied",
    "no-starving": "nobody slips past a request that has been first for longer than the patience: it would wait for ever",
    "stopped": "a run that was stopped starts nothing: people stop runs because of what they would do next",
    "retries": "attempts, delays and the total time are those that the task asks for: others would overload what it calls",
    "equal-once": "equal calls are made once in one engine: the second is served what the first gave",
    "outcome": "every call ends as its definition says, with that value, whatever was disturbed on the way",
    "told-once": "every end is told exactly once: counts and listeners add up",
    "books": "in the end nothing is noted as running, waiting, due or in flight: a leak grows for as long as an engine lives",
    "no-crash": "no part refuses what another part of Symphony asks of it",
}
"""Name and reason."""


@dataclass(slots=True)
class Seen:
    """What the watcher knows of the attempts of one call in one sitting."""

    attempts: int = 0
    first_at: float = 0.0
    failed_at: float = 0.0


@dataclass(slots=True)
class _Line:
    """The requests at one machine, as an observer sees them."""

    held: dict[str, Request] = field(default_factory=dict)
    waiting: dict[str, Request] = field(default_factory=dict)
    first_since: dict[str, float] = field(default_factory=dict)
    first_ever: dict[str, float] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)


class Watcher:
    """Sees everything that happens, decides nothing, and raises `SimulationError` where a property does not hold."""

    def __init__(self, capacity: Mapping[str, float], *, ageing_s: float, patience_s: float) -> None:
        self._limits = {name: round(amount * 1e6) for name, amount in capacity.items()}
        self._ageing_s, self._patience_s = ageing_s, patience_s
        self._in_use: dict[tuple[str, str], int] = {}
        self._bodies: dict[tuple[str, int], tuple[str, Part]] = {}
        self._lines: dict[str, _Line] = {}
        self._owners: dict[str, int] = {}
        self._made: dict[tuple[str, str], int] = {}
        self._keys: dict[tuple[str, str], str] = {}
        self.most_at_once = 0

    # states ------------------------------------------------------------------------------------------------------

    def states(self, who: str, net: Net, before: bytes) -> bytes:
        """Check every change of a node since the last look."""
        now = bytes(net.schedule.state)
        if now != before:
            for node, (old, new) in enumerate(zip(before.ljust(len(now), b"\0"), now, strict=True)):
                if old != new:
                    self._check_change(who, net.path(node), State(old), State(new))
        return now

    def _check_change(self, who: str, path: str, old: State, new: State) -> None:
        if (old, new) == (State.RUNNING, State.READY):
            return  # its worker was lost: it is as if it had not started
        if (old, new) == (State.PENDING, State.RUNNING) or (old, new) == (State.PENDING, State.RETRYING):
            old = State.READY if new is State.RUNNING else State.RUNNING  # two steps between two looks
        try:
            check_task_transition(TaskState[old.name], TaskState[new.name])
        except InternalError as error:
            raise SimulationError("states", f"{who} {path}: {error}") from error

    # starts ------------------------------------------------------------------------------------------------------

    def starts(self, who: str, run: str, sitting: int, net: Net, node: int, *, stopped: bool) -> None:
        """A call starts. A later sitting may have recorded it: that of an owner who does not know yet that it is none."""
        path = f"{who} {net.path(node)}"
        if self._made.get((run, net.path(node)), sitting + 1) <= sitting:
            raise SimulationError("recorded-stays", f"{path} starts although it is recorded")
        if stopped:
            raise SimulationError("stopped", f"{path} starts although its run was stopped")
        state, cause = net.schedule.state, net.schedule.cause
        for before, kind in net.waits_for(node):
            found = state[before]
            by_when = found == sc.SKIPPED and cause.get(before, sc.WHEN) == sc.WHEN
            fine = (
                found in (sc.SUCCEEDED, sc.CACHED)
                or (kind == sc.TOLERANT and found >= sc.SUCCEEDED)
                or (kind == sc.ORDER and by_when)
                or (kind == sc.STREAM and before in net.schedule.children)
            )
            if not fine:
                raise SimulationError("order", f"{path} starts while {net.path(before)} is {State(found).name}")

    def attempt(self, who: str, path: str, part: Part, seen: dict[str, Seen], now: float) -> None:
        """An attempt of a call begins."""
        retry, known = part.work.retry, seen.setdefault(path, Seen(first_at=now))
        known.attempts += 1
        if known.attempts > retry.attempts:
            raise SimulationError("retries", f"{who} {path}: attempt {known.attempts} of {retry.attempts}")
        if known.attempts == 1:
            known.first_at = now
            return
        longest = retry.delay * 2 ** (known.attempts - 2) if retry.backoff == "exponential" else retry.delay
        if not retry.jitter and now < known.failed_at + min(longest, retry.max_delay) - 1e-6:
            raise SimulationError("retries", f"{who} {path}: attempt {known.attempts} begins before its delay is over")

    def due(self, who: str, path: str, part: Part, seen: dict[str, Seen], now: float, wait_s: float | None) -> None:
        """An attempt has failed, and the next is due in a while, or never (None)."""
        retry, known = part.work.retry, seen[path]
        known.failed_at = now
        if wait_s is None:
            return
        if wait_s > retry.max_delay + 1e-9:
            raise SimulationError(
                "retries", f"{who} {path}: a delay of {wait_s} s, at most {retry.max_delay} are asked for"
            )
        if retry.max_time is not None and now + wait_s - known.first_at > retry.max_time + 1e-6:
            raise SimulationError("retries", f"{who} {path}: an attempt is due after {retry.max_time} s in all")

    def never_begun(self, path: str, seen: dict[str, Seen]) -> None:
        """An attempt does not count: its worker was lost."""
        seen[path].attempts -= 1

    # bodies ------------------------------------------------------------------------------------------------------

    def body_begins(self, machine: str, who: str, number: int, part: Part, key: str | None) -> None:
        """A body begins to occupy what it asks for."""
        self._bodies[who, number] = machine, part
        if key is not None:
            other = self._keys.setdefault((who, key), f"body {number}")
            if other != f"body {number}":
                raise SimulationError(
                    "equal-once", f"{who}: {part.id} begins while an equal call runs or has succeeded"
                )
        for name, amount in part.work.demand:
            used = self._in_use[machine, name] = self._in_use.get((machine, name), 0) + amount
            if used > self._limits[name]:
                raise SimulationError(
                    "capacity", f"{who}: {part.id} takes {name} to {used / 1e6} of {self._limits[name] / 1e6}"
                )
        self.most_at_once = max(self.most_at_once, len(self._bodies))

    def body_ends(self, who: str, number: int, key: str | None, *, good: bool) -> None:
        """A body occupies nothing any more; an end that nobody was told of is the first that counts."""
        found = self._bodies.pop((who, number), None)
        if key is not None and not good and self._keys.get((who, key)) == f"body {number}":
            del self._keys[who, key]
        if found is not None:
            machine, part = found
            for name, amount in part.work.demand:
                self._in_use[machine, name] -= amount

    # writing -----------------------------------------------------------------------------------------------------

    def taken(self, run: str, sitting: int) -> None:
        """An engine has taken a run."""
        self._owners[run] = sitting

    def wrote(self, run: str, sitting: int, call: Call | None) -> None:
        """Something is written, by the engine of a sitting."""
        made = call is not None and call.made
        if call is not None and made and self._made.setdefault((run, call.path), sitting) != sitting:
            raise SimulationError("recorded-once", f"{run} {call.path} is recorded a second time, by sitting {sitting}")
        if self._owners[run] != sitting:
            what = "about the run" if call is None else f"the end of {call.path}"
            raise SimulationError(
                "one-owner", f"sitting {sitting} of {run} writes {what}; the owner is {self._owners[run]}"
            )

    # waiting for resources ---------------------------------------------------------------------------------------

    def asked(self, machine: str, request: Request) -> None:
        """Somebody asks for resources."""
        line = self._lines.setdefault(machine, _Line())
        line.waiting[request.id] = request
        self._note_first(line, request.asked_at)

    def granted(self, machine: str, ids: list[str], now: float) -> None:
        """Requests are granted, in this order."""
        line = self._lines[machine]
        for id in ids:
            request = line.held[id] = line.waiting.pop(id)
            if not self._leave(line, request, now):
                self._check_slipping(line, request)
            self._note_first(line, now)

    def dropped(self, machine: str, id: str, now: float) -> None:
        """A request holds and wants nothing any more."""
        line = self._lines[machine]
        line.held.pop(id, None)
        request = line.waiting.pop(id, None)
        if request is not None:
            self._leave(line, request, now)
        self._note_first(line, now)

    def _leave(self, line: _Line, request: Request, now: float) -> bool:
        """A request waits no more; returns whether it was first long enough to be kept for."""
        line.first_since.pop(request.id, None)
        kept = now - line.first_ever.pop(request.id, now) >= self._patience_s - 1e-6
        if kept:  # one request of a tenant is kept for at a time: only now does the time of the next begin
            line.first_since = {
                id: at for id, at in line.first_since.items() if line.waiting[id].tenant != request.tenant
            }
        if kept or line.kept.get(request.tenant) == request.id:
            line.kept.pop(request.tenant, None)
        return kept

    def _note_first(self, line: _Line, now: float) -> None:
        """Note who is first of each tenant now, and who was for longer than the patience until now."""
        for id, since in line.first_since.items():
            if now - since > self._patience_s + 1e-6:
                line.kept.setdefault(line.waiting[id].tenant, id)
        first: dict[str, Request] = {}
        for request in line.waiting.values():
            best = first.get(request.tenant)
            if best is None or self._rank(request) < self._rank(best):
                first[request.tenant] = request
        ids = {request.id for request in first.values()}
        line.first_since = {id: line.first_since.get(id, now) for id in sorted(ids)}
        for id in ids:
            line.first_ever.setdefault(id, now)

    def _rank(self, request: Request) -> tuple[float, float]:
        return request.asked_at / self._ageing_s - request.priority, request.asked_at

    def _check_slipping(self, line: _Line, request: Request) -> None:
        free = dict(self._limits)
        for holder in line.held.values():
            for name, amount in holder.demand:
                free[name] -= amount
        touched = {name for name, _ in request.demand}
        for id in line.kept.values():
            other = line.waiting[id]
            lacks = any(name in touched and free[name] < amount for name, amount in other.demand)
            rivals = [
                r for r in line.waiting.values() if r.tenant == other.tenant and r.id != id and r.id in line.first_ever
            ]
            if lacks and not rivals:
                raise SimulationError(
                    "no-starving", f"{request.id} slips past {id}, which was first for longer than the patience"
                )

    # the end -----------------------------------------------------------------------------------------------------

    def check_end(self) -> None:
        """The world has come to an end."""
        if self._bodies:
            who, number = next(iter(self._bodies))
            raise SimulationError("ends", f"body {number} of {who} still runs")
        for (machine, name), used in self._in_use.items():
            if used:
                raise SimulationError("capacity", f"{used / 1e6} of {name} on {machine} stay occupied")
        for machine, line in self._lines.items():
            if line.waiting:
                raise SimulationError("ends", f"{next(iter(line.waiting))} still waits for resources of {machine}")
