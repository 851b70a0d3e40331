"""The workers of an invented engine: bodies that run for a while, die, hang, and whose messages go astray."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from symphony.testing.simulation.properties import Watcher
from symphony.testing.simulation.score import Fate, Part
from symphony.testing.simulation.weather import Weather
from symphony.testing.simulation.world import World

SILENCE_S = 5.0
"""After this long without a word a worker counts as lost."""


@dataclass(slots=True)
class Dispatch:
    """One attempt of a call, handed to a worker. What comes back for an older one is of no interest.

    Attributes:
        number: unlike that of every other dispatch of the engine.
        attempt: from 1.
        is_running, has_ended: where its body stands.
        is_over: the engine has taken its end, or given it up.
    """

    number: int
    node: int
    path: str
    part: Part
    fate: Fate
    key: str | None
    attempt: int
    is_running: bool = False
    has_ended: bool = False
    is_over: bool = False


@dataclass(slots=True)
class Hand:
    """One worker: the calls that it has taken, and the one it makes."""

    local: list[int] = field(default_factory=list)
    dispatch: Dispatch | None = None
    is_preparing: bool = False
    is_woken: bool = False

    @property
    def is_busy(self) -> bool:
        """Whether it makes a call, or is about to."""
        return self.is_preparing or self.dispatch is not None


class Listener(Protocol):
    """The engine that hears from its workers."""

    def returned(self, hand: Hand, dispatch: Dispatch, error: str) -> None:
        """A body has ended; the error is empty where it gave its value."""

    def lost(self, hand: Hand, dispatch: Dispatch, *, died: bool) -> None:
        """A worker has died, or does not answer."""


class Hands:
    """Runs bodies.

    Args:
        who: the engine.
        deliver: hands a message to the engine's process: at once, after it was woken, or never when it is dead.
    """

    def __init__(
        self, world: World, weather: Weather, watcher: Watcher, who: str, machine: str, listener: Listener,
        deliver: Callable[[Callable[[], None]], None],
    ) -> None:  # fmt: skip
        self._world, self._weather, self._watcher = world, weather, watcher
        self._who, self._machine, self._listener, self._deliver = who, machine, listener, deliver
        self._bodies: dict[int, Dispatch] = {}
        self._troubled: dict[int, int] = {}
        self._is_closed = False

    def hand_out(self, hand: Hand, dispatch: Dispatch) -> None:
        """Ask a worker to make a call."""
        world, weather = self._world, self._weather
        hand.dispatch = dispatch
        dies = dispatch.fate.is_deadly or self._trouble(dispatch, weather.worker_dies)
        if not dies and self._trouble(dispatch, weather.message_lost):
            self._goes_astray(hand, dispatch)
            return
        for _ in range(2 if world.happens(weather.message_doubled) else 1):
            world.after(self._way_s(), lambda: self._begin(hand, dispatch, dies))
        timeout_s = dispatch.part.work.timeout_s
        if timeout_s is not None:
            world.after(timeout_s, lambda: self._deliver(lambda: self._time_out(hand, dispatch)))

    def _way_s(self) -> float:
        """How long a message is on its way."""
        slow = self._world.happens(self._weather.message_late)
        return self._world.chance.random() * (3.0 if slow else 0.002)

    def _trouble(self, dispatch: Dispatch, probability: float) -> bool:
        """Whether something bad happens to this call: not for ever, so that its end does not depend on chance."""
        if self._troubled.get(dispatch.node, 0) >= 2 or not self._world.happens(probability):
            return False
        self._troubled[dispatch.node] = self._troubled.get(dispatch.node, 0) + 1
        return True

    def _goes_astray(self, hand: Hand, dispatch: Dispatch) -> None:
        self._world.note(self._who, "a message about %s goes astray", dispatch.path)
        self._world.after(SILENCE_S, lambda: self._deliver(lambda: self._silent(hand, dispatch)))

    # bodies ------------------------------------------------------------------------------------------------------

    def _begin(self, hand: Hand, dispatch: Dispatch, dies: bool) -> None:
        if self._is_closed or dispatch.is_running or dispatch.has_ended or dispatch.is_over:
            return  # a message that came twice, or too late
        dispatch.is_running = True
        self._bodies[dispatch.number] = dispatch
        self._watcher.body_begins(self._machine, self._who, dispatch.number, dispatch.part, dispatch.key)
        lasts_s = dispatch.part.work.lasts_s(self._world.chance)
        if dies:
            self._world.after(lasts_s / 2, lambda: self._die(hand, dispatch))
            return
        fails = dispatch.attempt <= dispatch.fate.failures
        if not (fails and dispatch.fate.hangs):
            self._world.after(lasts_s, lambda: self._end(hand, dispatch, dispatch.fate.error if fails else ""))

    def _end(self, hand: Hand, dispatch: Dispatch, error: str) -> None:
        if not self._leave(dispatch, good=not error):
            return
        if self._trouble(dispatch, self._weather.message_lost):
            self._goes_astray(hand, dispatch)
            return
        for _ in range(2 if self._world.happens(self._weather.message_doubled) else 1):
            self._world.after(
                self._way_s(), lambda: self._deliver(lambda: self._listener.returned(hand, dispatch, error))
            )

    def _die(self, hand: Hand, dispatch: Dispatch) -> None:
        if self._leave(dispatch, good=False):
            self._world.note(self._who, "the worker of %s dies", dispatch.path)
            self._world.after(0.01, lambda: self._deliver(lambda: self._listener.lost(hand, dispatch, died=True)))

    def _time_out(self, hand: Hand, dispatch: Dispatch) -> None:
        if not dispatch.is_over and not dispatch.has_ended:
            self._leave(dispatch, good=False)
            self._listener.returned(hand, dispatch, "TimeoutError")

    def _silent(self, hand: Hand, dispatch: Dispatch) -> None:
        if not dispatch.is_over:
            self.end_body(dispatch)
            self._listener.lost(hand, dispatch, died=False)

    def _leave(self, dispatch: Dispatch, *, good: bool) -> bool:
        """A body ends; returns whether it was running."""
        if dispatch.has_ended:
            return False
        was, dispatch.is_running, dispatch.has_ended = dispatch.is_running, False, True
        self._bodies.pop(dispatch.number, None)
        self._watcher.body_ends(self._who, dispatch.number, dispatch.key, good=good)
        return was

    def end_body(self, dispatch: Dispatch) -> None:
        """End a body, running or not yet begun; what it gave is lost."""
        self._leave(dispatch, good=False)
        self._watcher.body_ends(self._who, dispatch.number, dispatch.key, good=False)

    def end_all(self) -> None:
        """The engine's process is gone, and with it all its workers."""
        self._is_closed = True
        for dispatch in list(self._bodies.values()):
            self.end_body(dispatch)
