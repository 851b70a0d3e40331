"""The DAG Tracker: which calls wait, are ready, run or are tried again. Pure: time, chance and threads come from outside.

It joins the schedule (what an end means for the others) with what the schedule does not know: calls that wait for
resources, for the time of their next attempt, or for an equal call in flight. Callers hold a lock; a simulator needs none.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

from symphony.runtime import schedule as sc
from symphony.runtime.priority_queue import PriorityQueue
from symphony.runtime.schedule import Schedule


class Admission(Protocol):
    """Says which calls may start for want of resources: see `symphony.runtime.arbitration`."""

    def ask(self, node: int, now: float) -> bool:
        """Ask for what a call needs; False: it is told by `give_back`, or from outside, when its turn comes."""

    def give_back(self, node: int, now: float) -> list[int]:
        """A call has ended, or will not start; gives the calls whose turn has come."""


class Tracker:
    """The calls of one run between ready and ended.

    Args:
        priority_of: by node, higher goes first; None where all are equal.

    Attributes:
        schedule: who waits for whom.
        ready: calls that may be taken.
        running: calls that have started and not ended.
        ready_at: since when a call has been ready; taken out when it starts.
        changed: nodes whose end is to be told, in order; whoever tells them takes them out.
        stopping: nothing starts any more.
        released: how many calls with keys have ended: whoever looked a key up before may look again.
    """

    def __init__(
        self,
        schedule: Schedule,
        *,
        fail_fast: bool = False,
        admission: Admission | None = None,
        priority_of: Callable[[int], int] | None = None,
    ) -> None:
        self.schedule, self.fail_fast = schedule, fail_fast
        self.ready: deque[int] | PriorityQueue = deque() if priority_of is None else PriorityQueue(priority_of)
        self.running: set[int] = set()
        self.ready_at: dict[int, float] = {}
        self.changed: list[int] = []
        self.stopping = False
        self.released = 0
        self._admission = admission
        self._asked: set[int] = set()
        self._timers: list[tuple[float, int]] = []
        self._in_flight: dict[str, list[int]] = {}

    # what may start ----------------------------------------------------------------------------------------------

    def offer(self, nodes: Iterable[int], now: float) -> list[int]:
        """Take note that nodes are ready; returns those that are."""
        states, since = self.schedule.state, self.ready_at
        found = [node for node in nodes if states[node] == sc.READY]
        for node in found:
            since[node] = now
        return found

    def admit(self, node: int, now: float) -> bool:
        """Whether a call that needs resources has them; if not, it is ready again when its turn has come.

        One that must not start any more asks for nothing: nobody would give it back.
        """
        if self.stopping or self.schedule.state[node] not in (sc.READY, sc.RETRYING):
            return False
        if self._admission is None or node in self._asked:
            return True
        self._asked.add(node)
        return self._admission.ask(node, now)

    def put(self, nodes: Iterable[int]) -> None:
        """Let somebody take these."""
        self.ready.extend(nodes)

    def take(self, most: int, now: float) -> list[int]:
        """Take up to `most` calls, those whose next attempt is due among them."""
        while self._timers and self._timers[0][0] <= now:
            node = heapq.heappop(self._timers)[1]
            if self.schedule.state[node] == sc.RETRYING:
                self.ready_at[node] = now
                self.ready.append(node)
        return [self.ready.popleft() for _ in range(min(most, len(self.ready)))]

    @property
    def next_attempt_at(self) -> float | None:
        """When the next waiting attempt is due, or None."""
        return self._timers[0][0] if self._timers else None

    @property
    def only_waits(self) -> bool:
        """Whether every call that may still start waits for the time of its next attempt, and none runs."""
        states = self.schedule.state
        timers = len(self._timers)
        return timers > 0 and not self.running and sc.READY not in states and states.count(sc.RETRYING) == timers

    def start(self, node: int, now: float) -> float | None:
        """A call starts; returns how long it was ready, or None where it must not start any more."""
        if self.stopping or self.schedule.state[node] not in (sc.READY, sc.RETRYING):
            return None
        self.schedule.state[node] = sc.RUNNING
        self.running.add(node)
        return max(0.0, now - self.ready_at.pop(node, now))

    # equal calls -------------------------------------------------------------------------------------------------

    def first_with(self, key: str, node: int) -> bool:
        """Whether no equal call is in flight; if one is, the node is ready again when that one has ended."""
        waiting = self._in_flight.get(key)
        if waiting is None:
            self._in_flight[key] = []
            return True
        waiting.append(node)
        return False

    def no_longer_in_flight(self, key: str | None) -> None:
        """The call with this key has ended; those that wait for it may be taken again."""
        self.released += 1
        if key is not None and (waiting := self._in_flight.pop(key, None)):
            self.ready.extend(waiting)

    # ends --------------------------------------------------------------------------------------------------------

    def end(self, node: int, state: int, now: float) -> list[int]:
        """A call has ended; returns the calls that may be taken now."""
        schedule = self.schedule
        if schedule.state[node] >= sc.SUCCEEDED:
            return []  # cancelled between being taken and being started, or abandoned meanwhile: its state is final
        self.running.discard(node)
        if state in (sc.SUCCEEDED, sc.CACHED):
            ready = schedule.succeed(node, state)
        elif state == sc.FAILED:
            ready = schedule.fail(node)
        elif state == sc.SKIPPED:
            ready = schedule.skip(node)
        else:
            ready = schedule.cancel(node)
        self.changed.append(node)
        if self._asked:
            self.give_back(node, now)
        if state == sc.FAILED and self.fail_fast:
            self.cancel_unstarted(now)
        return self.settle(ready, now)

    def settle(self, ready: Iterable[int], now: float) -> list[int]:
        """Take note of what an end brought about; returns the calls that may be taken now."""
        schedule = self.schedule
        if schedule.consequences:
            self.changed += schedule.consequences
            schedule.consequences.clear()
        if self.stopping:
            self.cancel_unstarted(now)
            return []
        return self.offer(ready, now)

    def give_back(self, node: int, now: float) -> None:
        """A call holds no resources any more; those whose turn has come are ready."""
        if node in self._asked:
            assert self._admission is not None
            self._asked.discard(node)
            self.granted(self._admission.give_back(node, now))

    def granted(self, nodes: Iterable[int]) -> None:
        """The turn of these calls has come: they hold what they asked for."""
        self.ready.extend(n for n in nodes if self.schedule.state[n] in (sc.READY, sc.RETRYING))

    def try_again(self, node: int, at: float, now: float) -> None:
        """A call failed and is tried again at a time; until then it holds nothing. While stopping it is cancelled."""
        if self.stopping or self.schedule.state[node] >= sc.SUCCEEDED:
            self.end(node, sc.CANCELLED, now)
            return
        self.running.discard(node)
        self.give_back(node, now)
        self.schedule.state[node] = sc.RETRYING
        heapq.heappush(self._timers, (at, node))

    def put_back(self, node: int, now: float) -> None:
        """A call that had started is ready again, as if it had not: its worker was lost. While stopping it is cancelled.

        What it held it holds on to. Say `no_longer_in_flight` too, or it waits for itself.
        """
        if self.stopping or self.schedule.state[node] >= sc.SUCCEEDED:
            self.end(node, sc.CANCELLED, now)
            return
        self.running.discard(node)
        self.schedule.state[node] = sc.READY
        self.ready_at[node] = now
        self.ready.append(node)

    def stop(self, now: float) -> None:
        """Nothing new starts; what has not started is cancelled."""
        self.stopping = True
        self.cancel_unstarted(now)

    def cancel_unstarted(self, now: float) -> None:
        """Cancel every call that has not started."""
        cancelled = self.schedule.cancel_unstarted()
        self.changed += cancelled
        self.changed += self.schedule.consequences
        self.schedule.consequences.clear()
        self.ready.clear()
        self._timers.clear()
        for node in self._asked.intersection(cancelled):
            self.give_back(node, now)

    @property
    def finished(self) -> bool:
        """Whether every node has ended."""
        return self.schedule.ended == len(self.schedule) and not self.running
