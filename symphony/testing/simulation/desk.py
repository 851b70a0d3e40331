"""Where an invented engine asks for resources: the arbiter of its machine, and letters about turns that have come."""

from __future__ import annotations

from collections.abc import Callable

from symphony.runtime.arbitration import Arbiter, Request
from symphony.testing.simulation.properties import Watcher
from symphony.testing.simulation.world import World


class Machine:
    """One machine: its arbiter, its clock's error, and the desks of the engines on it."""

    def __init__(self, name: str, skew_s: float, arbiter: Arbiter, watcher: Watcher) -> None:
        self.name, self.skew_s, self.arbiter, self.watcher = name, skew_s, arbiter, watcher
        self.desks: dict[str, Desk] = {}

    def deliver(self, granted: list[str], now: float) -> None:
        """Put grants into the boxes of the engines that asked."""
        if granted:
            self.watcher.granted(self.name, granted, now)
        for id in granted:
            engine, _, node = id.partition("/")
            self.desks[engine].take_in(int(node))


class Desk:
    """The admission of one engine. What the arbiter grants lies in its box until the engine looks.

    Args:
        nudge: tells the engine that there is something in its box; the message may be lost.
        request: what a call asks for, with its tenant and priority.
    """

    def __init__(
        self, world: World, machine: Machine, engine: str, nudge: Callable[[], None], request: Callable[[int], Request]
    ) -> None:
        self._world, self._machine, self._engine = world, machine, engine
        self._nudge, self._request = nudge, request
        self._box: list[int] = []
        machine.desks[engine] = self

    def ask(self, node: int, now: float) -> bool:
        """Ask for what a call needs."""
        request = self._request(node)._replace(id=f"{self._engine}/{node}", asked_at=now)
        self._machine.watcher.asked(self._machine.name, request)
        granted = self._machine.arbiter.ask(request, now)
        self._world.note(
            self._engine, "%s asks for %s: %s", request.task, request.demand, "granted" if granted else "waits"
        )
        if granted:
            self._machine.watcher.granted(self._machine.name, [request.id], now)
        return granted

    def give_back(self, node: int, now: float) -> list[int]:
        """Give back what a call holds, or stop waiting for it; returns the calls of this engine whose turn has come."""
        self._world.note(self._engine, "call %d gives back", node)
        self._drop(f"{self._engine}/{node}", now)
        if node in self._box:
            self._box.remove(node)
        return self.open_box()

    def _drop(self, id: str, now: float) -> None:
        arbiter = self._machine.arbiter
        granted = arbiter.give_back(id, now) if id in arbiter.held else arbiter.withdraw(id, now)
        self._machine.watcher.dropped(self._machine.name, id, now)
        self._machine.deliver(granted, now)

    def take_in(self, node: int) -> None:
        """A turn has come."""
        self._box.append(node)
        self._nudge()

    def open_box(self) -> list[int]:
        """The calls whose turn has come since the last look."""
        found, self._box = self._box, []
        return found

    def close(self, now: float) -> None:
        """The engine is gone, and with it all that it held and waited for."""
        arbiter = self._machine.arbiter
        self._nudge = _nobody
        for id in [id for id in (*arbiter.waiting, *arbiter.held) if id.startswith(f"{self._engine}/")]:
            self._drop(id, now)


def _nobody() -> None:
    """A letter to a dead engine."""
