"""Decides which waiting request may start: all or nothing, fair between tenants, nobody starves. Pure.

Order. Between tenants (runs) the one with the lowest dominant share goes first: the largest part of any resource that
it holds, divided by its weight (dominant-resource fairness, Ghodsi et al. 2011); of equals the one served longest ago.
Within a tenant: `priority` plus one for every `ageing_s` seconds of waiting, then first come, first served.

Slipping by. A request that fits may start although one before it does not fit, until that one has stood first in its
tenant's order for `patience_s` seconds. From then on everything it demands is kept for it: what is free of those
resources goes to nobody else but requests that were kept for earlier. So it starts, at the latest, when those who hold
its resources by then have given them back. One request per tenant is kept for at a time.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from symphony.errors import InternalError, SurroundingsError
from symphony.model.resources import amount_text, amount_there_is, resource_text

Units: TypeAlias = tuple[tuple[str, int], ...]
"""A demand in whole micro-units by resource, so that sums are exact and nothing drifts."""
MICRO = 1_000_000
"""Units per one of a resource."""
_SHOWN_HOLDERS = 3


def units_of(demand: Mapping[str, float]) -> Units:
    """A demand in micro-units, ordered by name. Make it once per task, not once per call.

    Raises:
        ValueError: an amount is negative.
    """
    negative = next((name for name, amount in demand.items() if amount < 0), None)
    if negative is not None:
        raise ValueError(f"a demand cannot be negative: {negative} is {demand[negative]!r}")
    return tuple((name, max(1, round(demand[name] * MICRO))) for name in sorted(demand) if demand[name] > 0)


class Request(NamedTuple):
    """Somebody wants to start.

    Attributes:
        id: unique in one arbiter.
        demand: what is needed, see `units_of`.
        tenant: who it counts for: the run.
        priority: higher goes first within the tenant.
        asked_at: when it was asked for, in seconds of the caller's clock.
        task: what people call it; the id when empty.
    """

    id: str
    demand: Units
    tenant: str = ""
    priority: int = 0
    asked_at: float = 0.0
    task: str = ""

    @property
    def label(self) -> str:
        """How the request is named in messages."""
        return f"run {self.tenant} task {self.task or self.id}" if self.tenant else f"task {self.task or self.id}"


class Waiting(NamedTuple):
    """A waiting request.

    Attributes:
        first_since: since when it has stood first in its tenant's order; None: not yet.
        kept_since: since when its resources are kept for it; None: not yet.
    """

    request: Request
    first_since: float | None = None
    kept_since: float | None = None


class Standing(NamedTuple):
    """Everything an arbiter remembers, as values.

    Attributes:
        served: by tenant, when it was last granted something; in the order of service.
    """

    held: tuple[Request, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    served: Mapping[str, float] = {}


@dataclass(slots=True, order=True)
class _Entry:
    """One waiting request; entries compare in the order of their tenant."""

    rank: tuple[float, float, int]
    request: Request = field(compare=False)
    first_since: float | None = field(compare=False, default=None)
    kept_since: float | None = field(compare=False, default=None)


class _Tenant:
    """The waiting requests of one tenant, in order, grouped by demand: where one does not fit, its group does not."""

    __slots__ = ("groups", "kept")

    def __init__(self) -> None:
        self.groups: dict[Units, list[_Entry]] = {}
        self.kept: _Entry | None = None

    def add(self, entry: _Entry) -> None:
        insort(self.groups.setdefault(entry.request.demand, []), entry)

    def remove(self, entry: _Entry) -> None:
        group = self.groups[entry.request.demand]
        group.remove(entry)
        if not group:
            del self.groups[entry.request.demand]
        if self.kept is entry:
            self.kept = None

    def heads(self) -> list[_Entry]:
        """The first request of each demand, in order."""
        if len(self.groups) == 1:
            return [group[0] for group in self.groups.values()]
        return sorted(group[0] for group in self.groups.values())


class Arbiter:
    """Who holds what, who waits, and who is next. Times are arguments and never go backwards.

    What is free follows from the requests that hold something: a request is given back once, whatever is called how
    often.

    Args:
        capacity: how much there is, by resource. Tokens that it does not name count 1, other resources 0.
        ageing_s: waiting this long is worth one step of priority.
        patience_s: how long the first in order may be slipped by.
        weights: by tenant, how much of the resources it may hold relative to others; 1 where nothing is said.
        standing: what an earlier arbiter remembered.

    Attributes:
        unknown: how many ids were given back or withdrawn that nobody held or waited under.
    """

    def __init__(
        self,
        capacity: Mapping[str, float],
        *,
        ageing_s: float = 10.0,
        patience_s: float = 30.0,
        weights: Mapping[str, float] | None = None,
        standing: Standing | None = None,
    ) -> None:
        self._ageing_s, self._patience_s, self._weights = ageing_s, patience_s, dict(weights or {})
        self._capacity = dict(capacity)
        self._limits = {name: round(amount * MICRO) for name, amount in capacity.items()}
        self._free = dict(self._limits)
        self._held: dict[str, Request] = {}
        self._entries: dict[str, _Entry] = {}
        self._tenants: dict[str, _Tenant] = {}
        self._served: dict[str, tuple[float, int]] = {}
        self._count = 0
        self.unknown = 0
        if standing is not None:
            self._restore(standing)

    def _restore(self, standing: Standing) -> None:
        for request in standing.held:
            self._learn(request.demand)
            self._hold(request)
        for waiting in standing.waiting:
            self._learn(waiting.request.demand)
            entry = self._enqueue(waiting.request)
            entry.first_since, entry.kept_since = waiting.first_since, waiting.kept_since
            if entry.kept_since is not None:
                self._tenants[entry.request.tenant].kept = entry
        self._served = {tenant: (at, i) for i, (tenant, at) in enumerate(standing.served.items())}
        self._count += len(self._served)

    # what the caller does ----------------------------------------------------------------------------------------

    def ask(self, request: Request, now: float) -> bool:
        """Ask to start; returns whether it may. If not it waits, and a later call names its id.

        Raises:
            SurroundingsError: it demands more than there is in all, so it could never start.
            InternalError: the id holds something or waits already.
        """
        if not self._entries and request.id not in self._held:
            free = self._free
            try:
                for name, amount in request.demand:
                    if free[name] < amount:
                        break
                else:
                    for name, amount in request.demand:
                        free[name] -= amount
                    self._held[request.id] = request
                    return True
            except KeyError:
                pass  # a token that nobody configured: met for the first time below
        return self._ask_in_line(request, now)

    def give_back(self, request_id: str, now: float) -> list[str]:
        """Give back everything that a request holds; returns the ids that may start now. Unknown ids are counted."""
        request = self._held.pop(request_id, None)
        if request is None:
            self.unknown += 1
            return []
        free = self._free
        for name, amount in request.demand:
            free[name] += amount
        return self.settle(now) if self._entries else []

    def withdraw(self, request_id: str, now: float) -> list[str]:
        """Stop waiting; returns the ids that may start now, because nothing is kept for this one any more."""
        entry = self._entries.get(request_id)
        if entry is None:
            self.unknown += 1
            return []
        self._dequeue(entry)
        return self.settle(now) if self._entries else []

    def release(self, request_id: str, now: float) -> list[str]:
        """Give back or stop waiting, whichever applies; returns the ids that may start now."""
        return self.give_back(request_id, now) if request_id in self._held else self.withdraw(request_id, now)

    def settle(self, now: float) -> list[str]:
        """Grant everything that may be granted; returns the ids in the order of the decision."""
        granted = []
        while (entry := self._next(now)) is not None:
            granted.append(self._grant(entry, now))
        return granted

    # what people ask ---------------------------------------------------------------------------------------------

    def waits_for(self, request_id: str) -> list[str]:
        """What a waiting request lacks, a sentence per resource; nothing for one that does not wait."""
        entry = self._entries.get(request_id)
        if entry is None:
            return []
        lacking = [(n, a) for n, a in entry.request.demand if self._free[n] < a]
        return [self._lack(n, a) for n, a in lacking] or [self._kept_for(entry)]

    def in_use(self) -> dict[str, float]:
        """How much is held of each resource, added up from the requests that hold it."""
        found = dict.fromkeys(self._limits, 0)
        for request in self._held.values():
            for name, amount in request.demand:
                found[name] += amount
        return {name: amount / MICRO for name, amount in found.items()}

    def standing(self) -> Standing:
        """Everything to remember, as values."""
        waiting = tuple(Waiting(e.request, e.first_since, e.kept_since) for e in self._entries.values())
        return Standing(tuple(self._held.values()), waiting, {t: at for t, (at, _) in self._served.items()})

    @property
    def held(self) -> Mapping[str, Request]:
        """The requests that hold something, by id."""
        return self._held

    @property
    def waiting(self) -> Iterable[str]:
        """The ids that wait."""
        return self._entries

    # deciding ----------------------------------------------------------------------------------------------------

    def _ask_in_line(self, request: Request, now: float) -> bool:
        if request.id in self._held or request.id in self._entries:
            raise InternalError(f"{request.id!r} asks a second time")
        self._learn(request.demand)
        for name, amount in request.demand:
            if amount > self._limits[name]:
                raise SurroundingsError(never_enough(request.label, name, amount / MICRO, self._capacity))
        for _ in self._kept(now):
            pass  # whoever was first for long enough until now is kept for, although this one may come before it
        entry = self._enqueue(request)
        # Those before it do not fit, or they would have started: it starts if it fits beside what is kept for others.
        if _fits(request.demand, self._free_beside_kept(now)[1]):
            self._grant(entry, now)
            return True
        return False

    def _next(self, now: float) -> _Entry | None:
        """Find the request that starts next, if any may."""
        if not self._entries:
            return None
        kept, free = self._free_beside_kept(now)
        if kept is not None:
            return kept
        if not any(free[name] > 0 for name in free):
            return None
        for tenant in self._tenants_in_order():
            for entry in self._tenants[tenant].heads():
                if _fits(entry.request.demand, free):
                    return entry
        return None

    def _free_beside_kept(self, now: float) -> tuple[_Entry | None, dict[str, int]]:
        """What is free once the kept requests are thought away; and a kept one that fits, if there is one."""
        kept = sorted(self._kept(now), key=lambda e: (e.kept_since, e.first_since, e.rank))
        if not kept:
            return None, self._free
        free = dict(self._free)
        for entry in kept:
            if _fits(entry.request.demand, free):
                return entry, free
            for name, amount in entry.request.demand:
                free[name] -= amount
        return None, free

    def _kept(self, now: float) -> Iterator[_Entry]:
        for tenant in self._tenants.values():
            if tenant.kept is None:
                first = min(group[0] for group in tenant.groups.values())
                if first.first_since is None:
                    first.first_since = now
                if now - first.first_since < self._patience_s:
                    continue
                tenant.kept, first.kept_since = first, now
            yield tenant.kept

    def _tenants_in_order(self) -> Sequence[str]:
        if len(self._tenants) == 1:
            return tuple(self._tenants)
        shares = dict.fromkeys(self._tenants, 0.0)
        for (tenant, name), amount in self._held_by_tenant().items():
            if tenant in shares and self._limits[name]:
                part = amount / self._limits[name] / self._weights.get(tenant, 1.0)
                shares[tenant] = max(shares[tenant], part)
        never = (float("-inf"), 0)
        return sorted(self._tenants, key=lambda t: (shares[t], self._served.get(t, never), t))

    def _held_by_tenant(self) -> dict[tuple[str, str], int]:
        found: dict[tuple[str, str], int] = {}
        for request in self._held.values():
            for name, amount in request.demand:
                key = request.tenant, name
                found[key] = found.get(key, 0) + amount
        return found

    # keeping the books -------------------------------------------------------------------------------------------

    def _learn(self, demand: Units) -> None:
        for name, _ in demand:
            if name not in self._limits:
                self._limits[name] = self._free[name] = round(amount_there_is(self._capacity, name) * MICRO)

    def _enqueue(self, request: Request) -> _Entry:
        self._count += 1
        # Everybody ages alike, so the order by priority plus age is that of priority minus time of asking: fixed.
        age_free = request.asked_at / self._ageing_s - request.priority
        entry = self._entries[request.id] = _Entry((age_free, request.asked_at, self._count), request)
        self._tenants.setdefault(request.tenant, _Tenant()).add(entry)
        return entry

    def _dequeue(self, entry: _Entry) -> None:
        name = entry.request.tenant
        del self._entries[entry.request.id]
        self._tenants[name].remove(entry)
        if not self._tenants[name].groups:
            del self._tenants[name]

    def _hold(self, request: Request) -> None:
        for name, amount in request.demand:
            self._free[name] -= amount
        self._held[request.id] = request

    def _grant(self, entry: _Entry, now: float) -> str:
        self._dequeue(entry)
        self._hold(entry.request)
        self._count += 1
        self._served.pop(entry.request.tenant, None)  # so that the order of the dict is that of service
        self._served[entry.request.tenant] = (now, self._count)
        if len(self._served) > 1000:  # tenants that are gone; forgetting one only lets it go first once
            del self._served[next(iter(self._served))]
        return entry.request.id

    # sentences ---------------------------------------------------------------------------------------------------

    def _lack(self, name: str, amount: int) -> str:
        holders = [r for r in self._held.values() if any(n == name for n, _ in r.demand)]
        used = sum(a for r in holders for n, a in r.demand if n == name)
        shown = ", ".join(r.label for r in holders[:_SHOWN_HOLDERS])
        more = f" and {len(holders) - _SHOWN_HOLDERS} more" if len(holders) > _SHOWN_HOLDERS else ""
        wants = "" if amount == MICRO else f"wants {amount_text(name, amount / MICRO)}, "
        of = f"{amount_text(name, used / MICRO)} of {amount_text(name, self._limits[name] / MICRO)}"
        return f"{resource_text(name)}: {wants}{of} held" + (f" by {shown}{more}" if holders else "")

    def _kept_for(self, entry: _Entry) -> str:
        others = [t.kept for t in self._tenants.values() if t.kept is not None and t.kept is not entry]
        names = {name for name, _ in entry.request.demand}
        for kept in others:
            shared = next((name for name, _ in kept.request.demand if name in names), None)
            if shared is not None:
                return f"{resource_text(shared)}: what is free is kept for {kept.request.label}"
        return "nothing: it starts with the next decision"


def _fits(demand: Units, free: Mapping[str, int]) -> bool:
    return all(free[name] >= amount for name, amount in demand)


def never_enough(what: str, name: str, amount: float, capacity: Mapping[str, float]) -> str:
    """The sentence about a demand that exceeds what there is in all."""
    there_is: Any = amount_there_is(capacity, name)
    return f"{what} asks for {amount_text(name, amount)} of {resource_text(name)}, there is {amount_text(name, there_is)} in all"
