"""An invented run loop: does what `symphony.runtime.engine` does, with events in place of threads.

It decides nothing by itself: what may start and what an end means is the business of the tracker under test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from symphony.errors import LostRunError, StoreError
from symphony.model.states import RunState
from symphony.runtime import schedule as sc
from symphony.runtime.arbitration import Request
from symphony.testing.simulation.desk import Desk, Machine
from symphony.testing.simulation.hands import Dispatch, Hand, Hands
from symphony.testing.simulation.journal import Book, Call
from symphony.testing.simulation.net import Net
from symphony.testing.simulation.properties import Watcher, _Seen
from symphony.testing.simulation.score import Score, Value
from symphony.testing.simulation.suspects import Suspects
from symphony.testing.simulation.weather import Weather
from symphony.testing.simulation.world import SimulationError, World

DEATHS = 3
"""A call whose worker has died so often is given up."""
GRACE_S = 2.0


class Piece(NamedTuple):
    """What is to be run: a melody with its parameters."""

    run: str
    score: Score
    given: Value
    workers: int
    fail_fast: bool = False
    limit_s: float | None = None


@dataclass(slots=True)
class _Info:
    """What is known of a call beyond its state."""

    attempts: int = 0
    first_started: float = 0.0
    deaths: int = 0
    key: str | None = None
    inputs: Value = None
    earlier: bool = False
    told: bool = False


class Engine:
    """Drives one sitting of a run.

    Args:
        who: the name of its process.
        recorded: what earlier sittings have recorded, by path.
        deliver: hands a message to the process: see `Hands`.
        on_end: called once: how it ended, or nothing when it broke.
    """

    def __init__(
        self, world: World, weather: Weather, watcher: Watcher, suspects: Suspects, piece: Piece, who: str, *,
        machine: Machine, book: Book, recorded: Mapping[str, tuple[Call, int]],
        deliver: Callable[[Callable[[], None]], None], on_end: Callable[[RunState | None], None],
    ) -> None:  # fmt: skip
        self._world, self._weather, self._watcher, self._suspects = world, weather, watcher, suspects
        self._piece, self._who, self._book, self._recorded = piece, who, book, recorded
        self._deliver, self._on_end = deliver, on_end
        self.net = Net(piece.score, piece.given, suspects.schedule)
        self.schedule = self.net.schedule
        self.desk = Desk(world, machine, who, piece.run, self._nudge, self._request)
        self.tracker = suspects.tracker(self.schedule, fail_fast=piece.fail_fast, admission=self.desk)
        self.hands = Hands(world, weather, watcher, who, machine.name, self, deliver)
        self._workers = [Hand(i) for i in range(piece.workers)]
        self._info: dict[int, _Info] = {}
        self._seen: dict[str, _Seen] = {}
        self._before = b""
        self._dispatches = 0
        self._woken_for: float | None = None
        self.stopped = self.is_over = False
        self.failed_fast = False

    # life --------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Lay out the melody and let the workers begin."""
        now = self._world.now
        self.tracker.put(self.tracker.settle(self.net.lay_out(), now))
        self._tell_changed()
        self._look_around()

    def look(self) -> None:
        """What the engine looks at now and then: letters that were lost on the way."""
        self.tracker.granted(self.desk.open_box())
        self._look_around()

    def cancel(self) -> None:
        """Nothing new starts; running bodies are told, and given up after a while."""
        if self.stopped or self.is_over:
            return
        self._world.note(self._who, "the run is stopped")
        self.stopped = True
        self.tracker.stop(self._world.now)
        self._tell_changed()
        for hand in self._workers:
            if hand.dispatch is not None and hand.dispatch.part.work.is_killable:
                self._end_soon(hand, hand.dispatch)
        self._world.after(GRACE_S, lambda: self._deliver(self._abandon))
        self._look_around()

    def _end_soon(self, hand: Hand, dispatch: Dispatch) -> None:
        self.hands.end_body(dispatch)
        self._world.after(0.01, lambda: self._deliver(lambda: self.returned(hand, dispatch, "StoppedError")))

    def _abandon(self) -> None:
        if self.is_over:
            return
        for node in sorted(self.tracker.running):
            self._world.note(self._who, "%s is abandoned", self.net.path(node))
            self.tracker.end(node, sc.CANCELLED, self._world.now)
        for hand in self._workers:
            dispatch = hand.dispatch
            if dispatch is not None:
                self._over(hand, dispatch)
                self.hands.end_body(dispatch)  # the watcher is not to wait for what nobody waits for any more
        self._tell_changed()
        if not self.is_over:
            raise SimulationError("ends", f"{self._who} has not ended after it was given up: {self.describe()}")

    def die(self) -> None:
        """The process is gone."""
        self.is_over = True
        self.hands.end_all()
        self.desk.close(self._world.now)

    def _finish(self, state: RunState | None) -> None:
        if not self.is_over:
            self.is_over = True
            self._on_end(state)
            self.hands.end_all()
            self.desk.close(self._world.now)

    def verdict(self) -> RunState:
        """The state of the run once it has ended."""
        states = {self.schedule.state[n] for n in self.net.root.nodes.values()}
        if self.stopped and sc.CANCELLED in states:
            return RunState.CANCELLED
        return RunState.FAILED if sc.FAILED in states or sc.CANCELLED in states else RunState.SUCCEEDED

    # workers -----------------------------------------------------------------------------------------------------

    def _look_around(self) -> None:
        """Wake idle workers where there is something to take, now or later."""
        if self.is_over:
            return
        self._before = self._watcher.states(self._who, self.net, self._before)
        due = self.tracker.next_attempt_at
        if self.tracker.ready or (due is not None and due <= self._world.now):
            for hand in self._workers:
                if hand.dispatch is None:
                    self._wake(hand)
        if due is not None and due > self._world.now and due != self._woken_for:
            self._woken_for = due
            self._world.after(due - self._world.now, lambda: self._deliver(self._look_around))

    def _wake(self, hand: Hand) -> None:
        if hand.is_woken:
            return
        hand.is_woken = True
        delay_s = 0.0 if self._world.happens(self._weather.hurried) else 0.05 * self._world.chance.random()
        self._world.after(delay_s, lambda: self._deliver(lambda: self._step(hand)))

    def _step(self, hand: Hand) -> None:
        """One worker goes on with what its own call made ready, or takes something."""
        hand.is_woken = False
        if self.is_over or hand.dispatch is not None:
            return
        if not hand.local:
            most = max(1, len(self.tracker.ready) // len(self._workers))
            hand.local = self.tracker.take(most, self._world.now)[::-1]
        if hand.local:
            hand.local.extend(reversed(self._guarded(hand, lambda: self._process(hand.local.pop(), hand))))
            self._pass_on(hand)
        self._look_around()
        if hand.local and hand.dispatch is None:
            self._wake(hand)

    def _pass_on(self, hand: Hand) -> None:
        """A worker that is busy keeps nothing that others could do."""
        if hand.dispatch is not None and hand.local:
            self.tracker.put(hand.local[::-1])
            hand.local.clear()

    def _guarded(self, hand: Hand, what: Callable[[], list[int]]) -> list[int]:
        """Do something; where the journal refuses, the engine breaks."""
        try:
            return what()
        except (StoreError, LostRunError) as error:
            self._world.note(self._who, "breaks: %s", error)
            self._finish(None)
            return []

    # one node ----------------------------------------------------------------------------------------------------

    def _process(self, node: int, hand: Hand) -> list[int]:
        net, state = self.net, self.schedule.state[node]
        if state == sc.RETRYING:
            return self._call(node, hand)
        if state != sc.READY:
            return []
        part, index = net.parts[node], net.indexes[node]
        path = net.path(node)
        leaf = (part.each is None or index >= 0) and part.body is None
        if leaf and path in self._recorded:
            self._known(node).earlier = True
            self.net.put(node, self._recorded[path][0].value)
            return self._end(node, sc.CACHED)
        if part.when is not None and part.filters == (index >= 0) and not net.condition(node):
            return self._end(node, sc.SKIPPED)
        if part.each is not None and index < 0:
            return self._settled(net.expand(node))
        if part.body is not None:
            return self._settled(net.open_element(node))
        return self._call(node, hand)

    def _call(self, node: int, hand: Hand) -> list[int]:
        info, part = self._known(node), self.net.parts[node]
        info.inputs = self.net.inputs(node)
        info.key = part.work.key(info.inputs)
        if info.key is not None and (found := self._book.look_up(info.key)) is not None:
            self.net.put(node, found[0])
            return self._end(node, sc.CACHED)
        if info.key is None:
            self._book.flush()  # an effect never precedes its cause
        now = self._world.now
        if info.key is not None and not self.tracker.first_with(info.key, node):
            return []
        if part.work.demand and not self.tracker.admit(node, now):
            self.tracker.no_longer_in_flight(info.key)
            return []
        if self.tracker.start(node, now) is None:
            self.tracker.no_longer_in_flight(info.key)
            return []
        info.attempts += 1
        info.first_started = info.first_started if info.attempts > 1 else now
        self._dispatch(node, hand, info)
        return []

    def _dispatch(self, node: int, hand: Hand, info: _Info) -> None:
        path, part = self.net.path(node), self.net.parts[node]
        self._watcher.starts(self._who, self.net, node, stopped=self.stopped)
        self._watcher.attempt(self._who, path, part, self._seen, self._world.now)
        if path in self._recorded:
            raise SimulationError("recorded-stays", f"{self._who} {path} is recorded and starts again")
        if info.key is None:
            self._check_causes(node)
        self._dispatches += 1
        fate = part.work.fate(info.inputs)
        self._world.note(self._who, "%s starts, attempt %d", path, info.attempts)
        self.hands.hand_out(hand, Dispatch(self._dispatches, node, path, part, fate, info.key, info.attempts))

    def _check_causes(self, node: int) -> None:
        """What an effect reads must be written."""
        part, frame = self.net.parts[node], self.net.frames[node]
        for before in part.reads:
            at = frame.nodes[before]
            if self.net.parts[at].each is None and self.schedule.state[at] in (sc.SUCCEEDED, sc.CACHED):
                if not self._book.is_written(self.net.path(at)):
                    raise SimulationError("effect-after-cause", f"{self._who} {self.net.path(node)} starts before {before} is written")

    # what workers say --------------------------------------------------------------------------------------------

    def returned(self, hand: Hand, dispatch: Dispatch, error: str) -> None:
        """A body has ended."""
        if self.is_over or dispatch.is_over:
            return
        self._over(hand, dispatch)
        self._world.note(self._who, "%s gives %s", dispatch.path, error or dispatch.fate.value)
        if error:
            ready = self._guarded(hand, lambda: self._failed(dispatch.node, error))
        else:
            self.net.put(dispatch.node, dispatch.fate.value)
            ready = self._guarded(hand, lambda: self._end(dispatch.node, sc.SUCCEEDED))
        hand.local.extend(reversed(ready))
        self._go_on(hand)

    def lost(self, hand: Hand, dispatch: Dispatch, *, died: bool) -> None:
        """A worker has died, or does not answer."""
        if self.is_over or dispatch.is_over:
            return
        self._over(hand, dispatch)
        info = self._known(dispatch.node)
        info.deaths += died
        if died and info.deaths >= DEATHS:
            hand.local.extend(reversed(self._guarded(hand, lambda: self._end(dispatch.node, sc.FAILED))))
        else:
            info.attempts -= 1
            self._watcher.never_begun(dispatch.path, self._seen)
            self.tracker.put_back(dispatch.node, self._world.now)
            self.tracker.no_longer_in_flight(info.key)
            self._guarded(hand, self._told)
        self._go_on(hand)

    def _told(self) -> list[int]:
        self._tell_changed()
        return []

    def _over(self, hand: Hand, dispatch: Dispatch) -> None:
        dispatch.is_over = True
        if hand.dispatch is dispatch:
            hand.dispatch = None

    def _go_on(self, hand: Hand) -> None:
        self._look_around()
        if hand.local and not self.is_over:
            self._wake(hand)

    # ends --------------------------------------------------------------------------------------------------------

    def _failed(self, node: int, error: str) -> list[int]:
        info, part, now = self._known(node), self.net.parts[node], self._world.now
        if error == "StoppedError":
            return self._end(node, sc.CANCELLED)
        spent_s = now - info.first_started
        wait_s = self._suspects.delay_s(part.work.retry, info.attempts, (error, "Exception"), spent_s, self._world.chance.random())
        self._watcher.due(self._who, self.net.path(node), part, self._seen, now, wait_s)
        if wait_s is None:
            return self._end(node, sc.FAILED)
        self.tracker.try_again(node, now + wait_s, now)
        self.tracker.no_longer_in_flight(info.key)
        return self._told()

    def _end(self, node: int, state: int) -> list[int]:
        ready = self.tracker.end(node, state, self._world.now)
        self._tell_changed()
        self.tracker.no_longer_in_flight(self._known(node).key)
        return ready

    def _settled(self, ready: list[int]) -> list[int]:
        found = self.tracker.settle(ready, self._world.now)
        self._tell_changed()
        return found

    def _tell_changed(self) -> None:
        told = self.tracker.changed[:]
        self.tracker.changed.clear()
        for node in told:
            self._tell(node)
        if self.tracker.finished and not self.is_over:
            self._before = self._watcher.states(self._who, self.net, self._before)
            self._finish(self.verdict())

    def _tell(self, node: int) -> None:
        info, state, path = self._known(node), self.schedule.state[node], self.net.path(node)
        if info.told or state < sc.SUCCEEDED:
            raise SimulationError("told-once", f"{self._who} {path}: its end is told {'twice' if info.told else 'too early'}")
        info.told = True
        self.failed_fast = self.failed_fast or (self._piece.fail_fast and state == sc.FAILED)
        self._world.note(self._who, "%s: %s", path, sc.State(state).name.lower())
        if node not in self.schedule.children:
            made = state == sc.SUCCEEDED
            good = state in (sc.SUCCEEDED, sc.CACHED)
            if good and not info.earlier:
                self._book.record(Call(self._piece.run, path, state, self.net.value(node), info.key, made))

    # for others --------------------------------------------------------------------------------------------------

    def _known(self, node: int) -> _Info:
        info = self._info.get(node)
        if info is None:
            info = self._info[node] = _Info()
        return info

    def _request(self, node: int) -> Request:
        part = self.net.parts[node]
        return Request("", part.work.demand, priority=part.work.priority, task=self.net.path(node))

    def _nudge(self) -> None:
        """A turn has come; the letter that says so may be lost: the engine looks by itself now and then."""
        if not self._world.happens(self._weather.message_lost):
            self._world.after(0.001, lambda: self._deliver(self.look))

    def check_books(self) -> None:
        """Whether everything is put away once the run has ended."""
        left = {
            "running": self.tracker.running, "ready to be tried again": self.tracker._timers,
            "in flight": self.tracker._in_flight, "asking for resources": self.tracker._asked,
            "to be told of": self.tracker.changed, "consequences": self.schedule.consequences,
            "open groups": self.schedule.open_groups,
        }  # fmt: skip
        for what, found in left.items():
            if found:
                raise SimulationError("books", f"{self._who}: after the end {found} stay {what}")

    def describe(self) -> str:
        """Where the calls stand that have not ended."""
        states = self.schedule.state
        return ", ".join(
            f"{self.net.path(n)} {sc.State(s).name.lower()}" for n, s in enumerate(states) if s < sc.SUCCEEDED
        )
