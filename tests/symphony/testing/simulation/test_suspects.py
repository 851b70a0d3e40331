"""Every check of the simulator can fail: parts that are broken on purpose, and the property that finds each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from symphony.errors import LostRunError
from symphony.model.policy import Retry
from symphony.runtime import schedule as sc
from symphony.runtime.arbitration import Arbiter, Request
from symphony.runtime.lease import Standing, standing
from symphony.runtime.retrying import delay_s
from symphony.runtime.schedule import DATA, ORDER, STREAM, TOLERANT, WHEN, Schedule
from symphony.runtime.tracker import Tracker
from symphony.store.records import Lease
from symphony.testing.simulation import Suspects, Weather, simulate
from symphony.testing.simulation.calls import Calls, Info
from symphony.testing.simulation.properties import PROPERTIES

ENOUGH = 1500
"""A fault is found within so many worlds, or its check is worth little."""


# the tracker ----------------------------------------------------------------------------------------------------------


class ForgetsToGiveBack(Tracker):
    def give_back(self, node: int, now: float) -> None:
        self._asked.discard(node)


class ForgetsThatItAsked(Tracker):
    def admit(self, node: int, now: float) -> bool:
        admitted = super().admit(node, now)
        self._asked.discard(node)
        return admitted


class AdmitsWithoutAsking(Tracker):
    def admit(self, node: int, now: float) -> bool:
        return True


class AsksForTheDead(Tracker):
    """A call that was cancelled after it was taken asks all the same; this was a real fault."""

    def admit(self, node: int, now: float) -> bool:
        if self._admission is None or node in self._asked:
            return True
        self._asked.add(node)
        return self._admission.ask(node, now)


class ForgetsWhoWaitsForAnEqualCall(Tracker):
    def no_longer_in_flight(self, key: str | None) -> None:
        if key is not None:
            self._in_flight.pop(key, None)


class NeverClearsWhatIsInFlight(Tracker):
    def no_longer_in_flight(self, key: str | None) -> None:
        if key is not None and (waiting := self._in_flight.get(key)):
            self.ready.extend(waiting)
            waiting.clear()


class SeesNoEqualCalls(Tracker):
    def first_with(self, key: str, node: int) -> bool:
        return True


class TriesAgainWhileStopping(Tracker):
    """This was a real fault."""

    def try_again(self, node: int, at: float, now: float) -> None:
        stopping, self.stopping = self.stopping, False
        super().try_again(node, at, now)
        self.stopping = stopping


class PutsBackWhileStopping(Tracker):
    """This was a real fault."""

    def put_back(self, node: int, now: float) -> None:
        stopping, self.stopping = self.stopping, False
        super().put_back(node, now)
        self.stopping = stopping


class StopsWithoutStopping(Tracker):
    def stop(self, now: float) -> None:
        """Nothing at all."""


class GoesOnAfterTheFirstFailure(Tracker):
    def __init__(self, *arguments: Any, fail_fast: bool, **options: Any) -> None:
        super().__init__(*arguments, **options)


class ForgetsThatACallEnded(Tracker):
    def end(self, node: int, state: int, now: float) -> list[int]:
        ready = super().end(node, state, now)
        self.running.add(node)
        return ready


class LosesAWakeUp(Tracker):
    """Of several calls that an end made ready, one is forgotten."""

    def settle(self, ready: Iterable[int], now: float) -> list[int]:
        found = super().settle(ready, now)
        return found[1:] if len(found) > 2 else found


class ForgetsTimers(Tracker):
    @property
    def next_attempt_at(self) -> float | None:
        return None


class TellsTwice(Tracker):
    def end(self, node: int, state: int, now: float) -> list[int]:
        ready = super().end(node, state, now)
        self.changed += self.changed[-1:]
        return ready


class TriesAgainTooSoon(Tracker):
    def try_again(self, node: int, at: float, now: float) -> None:
        super().try_again(node, now, now)


class RetriesAsIfNothingHadHappened(Tracker):
    def try_again(self, node: int, at: float, now: float) -> None:
        super().try_again(node, at, now)
        if self.schedule.state[node] == sc.RETRYING:
            self.schedule.state[node] = sc.PENDING


# the schedule ---------------------------------------------------------------------------------------------------------


class StartsTooEarly(Schedule):
    def link(self, before: int, after: int, kind: int = DATA) -> None:
        super().link(before, after, kind)
        if self.waiting[after] == 3:
            self.waiting[after] = 2


class SkipsAtOnce(Schedule):
    """Whoever is faster gives the cause of a skip; this was a real fault."""

    def _end(self, node: int, state: int, cause: int) -> list[int]:
        ready = super()._end(node, state, cause)
        for follower in sorted(self._left_out):
            if self.state[follower] == sc.PENDING:
                ready += self._leave_out(follower)
        return ready


class ForgivesFailures(Schedule):
    def _verdict(self, group: int) -> tuple[int, int]:
        state, cause = super()._verdict(group)
        return (sc.SUCCEEDED, group) if state == sc.FAILED else (state, cause)


class TreatsOrderAsTolerant(Schedule):
    def _goes_on(self, node: int, follower: int, cause: int) -> bool:
        return self.kinds.get((node, follower), DATA) in (ORDER, TOLERANT)


class SkipsForTheWrongReason(Schedule):
    def skip(self, node: int, cause: int = WHEN) -> list[int]:
        return super().skip(node, WHEN)


def streams_whatever_else_is_asked(dependencies: Sequence[tuple[int, int]]) -> dict[int, int]:
    """Elements start before the end that somebody asked for; this was a real fault."""
    strictness = {DATA: 3, STREAM: 2, TOLERANT: 1, ORDER: 0}
    merged: dict[int, int] = {}
    for node, kind in dependencies:
        if node not in merged or strictness[kind] > strictness[merged[node]]:
            merged[node] = kind
    return merged


# resources ------------------------------------------------------------------------------------------------------------


class GrantsEverything(Arbiter):
    def ask(self, request: Request, now: float) -> bool:
        return super().ask(request._replace(demand=()), now)


class KeepsWhatIsGivenBack(Arbiter):
    def give_back(self, request_id: str, now: float) -> list[str]:
        self._held.pop(request_id, None)
        return []


class HasNoPatience(Arbiter):
    """Whoever fits slips by, for ever."""

    def __init__(self, capacity: Mapping[str, float], *, patience_s: float, **options: Any) -> None:
        super().__init__(capacity, patience_s=1e9, **options)


# attempts -------------------------------------------------------------------------------------------------------------


def one_attempt_too_many(retry: Retry, attempt: int, *rest: Any) -> float | None:
    return delay_s(retry, attempt - 1, *rest) if attempt > 1 else delay_s(retry, attempt, *rest)


def delays_without_end(retry: Retry, *rest: Any) -> float | None:
    return delay_s(retry.model_copy(update={"max_delay": 1e9}), *rest)


def total_time_without_end(retry: Retry, *rest: Any) -> float | None:
    return delay_s(retry.model_copy(update={"max_time": None}), *rest)


# ownership ------------------------------------------------------------------------------------------------------------


def everybody_is_free(lease: Lease | None, *, now: float, here: str, lock_held: bool) -> Standing:
    return Standing.FREE


def leases_never_run_out(lease: Lease | None, *, now: float, here: str, lock_held: bool) -> Standing:
    return standing(None if lease is None else replace(lease, until=1e9), now=now, here=here, lock_held=True)


def refuses_nobody(connection: Any, run: str, sitting: int) -> None:
    """The store writes for whoever asks."""


def loses_nothing(connection: Any, runs: Iterable[str], sittings: Mapping[str, int]) -> dict[str, LostRunError]:
    return {}


# the run loop ---------------------------------------------------------------------------------------------------------


class ForgetsWhatIsRecorded(Calls):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.recorded = {}


class DoesNotWaitForTheJournal(Calls):
    def _before_start(self, info: Info) -> None:
        """An effect starts at once."""


class LooksOnlyBeforeItsTurn(Calls):
    """A call is looked up, then its equal ends, then it starts: it is made a second time."""

    def _is_made_meanwhile(self, node: int, info: Info) -> bool:
        return False


# the tests ------------------------------------------------------------------------------------------------------------


class Mutation(NamedTuple):
    """A broken part, the property that finds it, and the weather in which it does harm, where that is rare."""

    name: str
    parts: dict[str, Any]
    property: str
    weather: Weather | None = None


STOPS = Weather(cancels=3, limits=1.0, hurried=0.0)
MUTATIONS = [
    Mutation("a state goes back", {"tracker": RetriesAsIfNothingHadHappened}, "states"),
    Mutation("one wait too few", {"schedule": StartsTooEarly}, "order"),
    Mutation("needs as tolerant", {"schedule": TreatsOrderAsTolerant}, "order"),
    Mutation("commits are not fenced", {"lost_runs": loses_nothing}, "one-owner"),
    Mutation("renewals are not fenced", {"refuse_lost": refuses_nobody}, "one-owner"),
    Mutation("two owners record", {"lost_runs": loses_nothing}, "recorded-once"),
    Mutation("leases are not looked at", {"standing": everybody_is_free}, "owner-respected"),
    Mutation("leases never run out", {"standing": leases_never_run_out}, "ends"),
    Mutation("records are not read", {"calls": ForgetsWhatIsRecorded}, "recorded-stays"),
    Mutation("no flush before an effect", {"calls": DoesNotWaitForTheJournal}, "effect-after-cause"),
    Mutation("one look-up only", {"calls": LooksOnlyBeforeItsTurn}, "equal-once"),
    Mutation("equal calls not seen", {"tracker": SeesNoEqualCalls}, "equal-once"),
    Mutation("equal calls left waiting", {"tracker": ForgetsWhoWaitsForAnEqualCall}, "ends"),
    Mutation("in flight for ever", {"tracker": NeverClearsWhatIsInFlight}, "books"),
    Mutation("nothing given back", {"tracker": ForgetsToGiveBack}, "ends"),
    Mutation("asked twice", {"tracker": ForgetsThatItAsked}, "no-crash"),
    Mutation("asked when dead", {"tracker": AsksForTheDead}, "books", STOPS),
    Mutation("not asked at all", {"tracker": AdmitsWithoutAsking}, "capacity"),
    Mutation("more granted than there is", {"arbiter": GrantsEverything}, "capacity"),
    Mutation("what is given back is gone", {"arbiter": KeepsWhatIsGivenBack}, "ends"),
    Mutation("no patience", {"arbiter": HasNoPatience}, "no-starving"),
    Mutation("stopping stops nothing", {"tracker": StopsWithoutStopping}, "stopped"),
    Mutation("no failing fast", {"tracker": GoesOnAfterTheFirstFailure}, "stopped"),
    Mutation("tried again while stopping", {"tracker": TriesAgainWhileStopping}, "ends"),
    Mutation("put back while stopping", {"tracker": PutsBackWhileStopping}, "ends"),
    Mutation("runs for ever", {"tracker": ForgetsThatACallEnded}, "ends"),
    Mutation("a lost wake-up", {"tracker": LosesAWakeUp}, "ends"),
    Mutation("no timers", {"tracker": ForgetsTimers}, "ends"),
    Mutation("told twice", {"tracker": TellsTwice}, "told-once"),
    Mutation("no delay", {"tracker": TriesAgainTooSoon}, "retries"),
    Mutation("one attempt too many", {"delay_s": one_attempt_too_many}, "retries"),
    Mutation("no longest delay", {"delay_s": delays_without_end}, "retries"),
    Mutation("no total time", {"delay_s": total_time_without_end}, "retries"),
    Mutation("the faster decides", {"schedule": SkipsAtOnce}, "outcome"),
    Mutation("failed elements forgiven", {"schedule": ForgivesFailures}, "outcome"),
    Mutation("the wrong reason", {"schedule": SkipsForTheWrongReason}, "outcome"),
    Mutation("elements before the end", {"edges_of": streams_whatever_else_is_asked}, "outcome"),
]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=[m.name for m in MUTATIONS])
def test_a_broken_part_is_found(mutation: Mutation):
    suspects = Suspects(**mutation.parts)

    worlds = (simulate(seed, suspects=suspects, weather=mutation.weather) for seed in range(ENOUGH))

    assert any(world.failure is not None and world.failure.property == mutation.property for world in worlds)


def test_every_property_is_shown_to_be_able_to_fail():
    assert {mutation.property for mutation in MUTATIONS} == set(PROPERTIES)
