"""What an invented engine does with each call: what `symphony.runtime.engine` does, without threads.

It decides nothing by itself: what may start, and what an end means, is the business of the tracker under test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from symphony.model.states import RunState
from symphony.runtime import schedule as sc
from symphony.runtime.arbitration import Request
from symphony.runtime.tracker import Admission
from symphony.testing.simulation.hands import Dispatch
from symphony.testing.simulation.journal import Book, Call
from symphony.testing.simulation.net import Net
from symphony.testing.simulation.properties import Seen, Watcher
from symphony.testing.simulation.score import Piece, Value
from symphony.testing.simulation.world import SimulationError, World

if TYPE_CHECKING:
    from symphony.testing.simulation.suspects import Suspects

DEATHS = 3
"""A call whose worker has died so often is given up."""


class Turn(NamedTuple):
    """What became of a node that a worker took.

    Attributes:
        ready: the nodes that may be taken now.
        is_prepared: its key is made and nothing is found under it: it is to be started next.
        dispatch: it has started.
    """

    ready: list[int]
    is_prepared: bool = False
    dispatch: Dispatch | None = None


@dataclass(slots=True)
class Info:
    """What is known of a call beyond its state.

    Attributes:
        is_earlier: its end is from an earlier sitting.
        has_begun: an attempt has begun, whatever became of it: after a first failure such a call may still go on.
    """

    attempts: int = 0
    first_started: float = 0.0
    deaths: int = 0
    key: str | None = None
    inputs: Value = None
    is_earlier: bool = False
    has_begun: bool = False
    is_told: bool = False


class Calls:
    """The calls of one sitting.

    Args:
        who: the engine's process.
        recorded: what earlier sittings have recorded, by path.
        on_end: called when every call has ended.
    """

    def __init__(
        self, world: World, watcher: Watcher, suspects: Suspects, piece: Piece, who: str, book: Book,
        recorded: Mapping[str, tuple[Call, int]], on_end: Callable[[], None],
    ) -> None:  # fmt: skip
        self._world, self._watcher, self._suspects = world, watcher, suspects
        self.piece, self._who, self.book, self.recorded, self._on_end = piece, who, book, recorded, on_end
        self.net = Net(piece.score, piece.given, suspects.schedule)
        self.schedule = self.net.schedule
        self._info: dict[int, Info] = {}
        self._seen: dict[str, Seen] = {}
        self._before = b""
        self._dispatches = 0
        self.is_stopped = self.has_failed_fast = self.is_closed = False

    def begin(self, admission: Admission) -> list[int]:
        """Lay out the melody; returns the nodes that may be taken now."""
        self.tracker = self._suspects.tracker(self.schedule, fail_fast=self.piece.fail_fast, admission=admission)
        return self._settled(self.net.lay_out())

    # one node ----------------------------------------------------------------------------------------------------

    def process(self, node: int) -> Turn:
        """Do what a node asks for."""
        net, state = self.net, self.schedule.state[node]
        if state == sc.RETRYING:
            return self._prepare(node)
        if state != sc.READY:
            return Turn([])
        part, index = net.parts[node], net.indexes[node]
        path = net.path(node)
        if net.is_call(node) and path in self.recorded:
            self.info(node).is_earlier = True
            net.put(node, self.recorded[path][0].value)
            return Turn(self._end(node, sc.CACHED))
        if part.when is not None and part.filters == (index >= 0) and not net.condition(node):
            return Turn(self._end(node, sc.SKIPPED))
        if part.each is not None and index < 0:
            return Turn(self._settled(net.expand(node)))
        if part.body is not None:
            return Turn(self._settled(net.open_element(node)))
        return self._prepare(node)

    def _prepare(self, node: int) -> Turn:
        """Make the key and look it up."""
        info = self.info(node)
        info.inputs = self.net.inputs(node)
        info.key = self.net.parts[node].work.key(info.inputs)
        if self._is_served(node, info):
            return Turn(self._end(node, sc.CACHED))
        self._before_start(info)
        return Turn([], is_prepared=True)

    def _before_start(self, info: Info) -> None:
        if info.key is None:
            self.book.flush()  # an effect never precedes its cause

    def _is_served(self, node: int, info: Info) -> bool:
        found = self.book.look_up(info.key) if info.key is not None else None
        if found is not None:
            self.net.put(node, found[0])
        return found is not None

    def start(self, node: int) -> Turn:
        """Start a prepared call, where nothing keeps it from that."""
        info, part, now = self.info(node), self.net.parts[node], self._world.now
        if info.key is not None and not self.tracker.first_with(info.key, node):
            return Turn([])
        if self._is_made_meanwhile(node, info):
            return Turn(self._end(node, sc.CACHED))
        if part.work.demand and not self.tracker.admit(node, now):
            self.tracker.no_longer_in_flight(info.key)
            return Turn([])
        if self.tracker.start(node, now) is None:
            self.tracker.no_longer_in_flight(info.key)
            return Turn([])
        info.attempts += 1
        info.first_started = info.first_started if info.attempts > 1 else now
        return Turn([], dispatch=self._dispatch(node, info))

    def _is_made_meanwhile(self, node: int, info: Info) -> bool:
        """An equal call may have ended since this one was looked up."""
        return self._is_served(node, info)

    def _dispatch(self, node: int, info: Info) -> Dispatch:
        path, part = self.net.path(node), self.net.parts[node]
        stopped = self.is_stopped or (self.has_failed_fast and not info.has_begun)
        self._watcher.starts(self._who, self.piece.run, self.book.sitting, self.net, node, stopped=stopped)
        info.has_begun = True
        self._watcher.attempt(self._who, path, part, self._seen, self._world.now)
        if info.key is None:
            self._check_causes(node)
        self._world.note(self._who, "%s starts, attempt %d", path, info.attempts)
        self._dispatches += 1
        return Dispatch(self._dispatches, node, path, part, part.work.fate(info.inputs), info.key, info.attempts)

    def _check_causes(self, node: int) -> None:
        """What an effect reads must be written."""
        nodes, path = self.net.frames[node].nodes, self.net.path(node)
        for before in self.net.parts[node].reads:
            read, state = nodes[before], self.schedule.state[nodes[before]]
            written = self.book.is_written(self.net.path(read))
            if self.net.is_call(read) and state in (sc.SUCCEEDED, sc.CACHED) and not written:
                raise SimulationError("effect-after-cause", f"{self._who} {path} starts before {before} is written")

    # ends --------------------------------------------------------------------------------------------------------

    def succeeded(self, dispatch: Dispatch) -> list[int]:
        """A body has given its value; returns the nodes that may be taken now."""
        self.net.put(dispatch.node, dispatch.fate.value)
        return self._end(dispatch.node, sc.SUCCEEDED)

    def failed(self, dispatch: Dispatch, error: str) -> list[int]:
        """A body has failed, or was ended; returns the nodes that may be taken now."""
        node, now = dispatch.node, self._world.now
        if error == "StoppedError":
            return self._end(node, sc.CANCELLED)
        info, part = self.info(node), dispatch.part
        wait_s = self._suspects.delay_s(
            part.work.retry, info.attempts, (error, "Exception"), now - info.first_started, self._world.chance.random()
        )
        self._watcher.due(self._who, dispatch.path, part, self._seen, now, wait_s)
        if wait_s is None:
            return self._end(node, sc.FAILED)
        self.tracker.try_again(node, now + wait_s, now)
        self.tracker.no_longer_in_flight(info.key)
        self.tell_changed()
        return []

    def lost(self, dispatch: Dispatch, *, died: bool) -> list[int]:
        """The worker of a call has died, or does not answer; returns the nodes that may be taken now."""
        info = self.info(dispatch.node)
        info.deaths += died
        if died and info.deaths >= DEATHS:
            return self._end(dispatch.node, sc.FAILED)
        info.attempts -= 1
        self._watcher.never_begun(dispatch.path, self._seen)
        self.tracker.put_back(dispatch.node, self._world.now)
        self.tracker.no_longer_in_flight(info.key)
        self.tell_changed()
        return []

    def stop(self) -> None:
        """Nothing new starts."""
        self.is_stopped = True
        self.tracker.stop(self._world.now)
        self.tell_changed()

    def give_up(self) -> None:
        """What still runs counts as cancelled."""
        for node in sorted(self.tracker.running):
            self._world.note(self._who, "%s is abandoned", self.net.path(node))
            self.tracker.end(node, sc.CANCELLED, self._world.now)
            self.tracker.no_longer_in_flight(self.info(node).key)
        self.tell_changed()
        if not self.is_closed:
            raise SimulationError("ends", f"{self._who} has not ended after it was given up: {self.describe()}")

    def _end(self, node: int, state: int) -> list[int]:
        ready = self.tracker.end(node, state, self._world.now)
        self.tell_changed()
        self.tracker.no_longer_in_flight(self.info(node).key)
        return ready

    def _settled(self, ready: list[int]) -> list[int]:
        found = self.tracker.settle(ready, self._world.now)
        self.tell_changed()
        return found

    # telling -----------------------------------------------------------------------------------------------------

    def tell_changed(self) -> None:
        """Record every end, and notice that of the run."""
        told = self.tracker.changed[:]
        self.tracker.changed.clear()
        for node in told:
            self._tell(node)
        if self.tracker.finished and not self.is_closed:
            self.check_states()
            self.is_closed = True
            self._on_end()

    def _tell(self, node: int) -> None:
        info, state, path = self.info(node), self.schedule.state[node], self.net.path(node)
        if info.is_told or state < sc.SUCCEEDED:
            when = "twice" if info.is_told else "too early"
            raise SimulationError("told-once", f"{self._who}: the end of {path} is told {when}")
        info.is_told = True
        self.has_failed_fast = self.has_failed_fast or (self.piece.fail_fast and state == sc.FAILED)
        self._world.note(self._who, "%s: %s", path, sc.State(state).name.lower())
        if state in (sc.SUCCEEDED, sc.CACHED) and not info.is_earlier and node not in self.schedule.children:
            made = state == sc.SUCCEEDED
            self.book.record(Call(self.piece.run, path, state, self.net.value(node), info.key, made))

    def verdict(self) -> RunState:
        """The state of the run once every call has ended."""
        states = {self.schedule.state[n] for n in self.net.root.nodes.values()}
        if self.is_stopped and sc.CANCELLED in states:
            return RunState.CANCELLED
        return RunState.FAILED if sc.FAILED in states or sc.CANCELLED in states else RunState.SUCCEEDED

    # for others --------------------------------------------------------------------------------------------------

    def info(self, node: int) -> Info:
        """What is known of a call."""
        found = self._info.get(node)
        if found is None:
            found = self._info[node] = Info()
        return found

    def request(self, node: int) -> Request:
        """What a call asks for."""
        work = self.net.parts[node].work
        return Request("", work.demand, self.piece.run, work.priority, task=self.net.path(node))

    def check_states(self) -> None:
        """Check what has changed since the last time."""
        self._before = self._watcher.states(self._who, self.net, self._before)

    def check_books(self) -> None:
        """Whether everything is put away once every call has ended."""
        tracker, schedule = self.tracker, self.schedule
        left = {
            "running": tracker.running, "due to be tried again": tracker._timers, "in flight": tracker._in_flight,
            "asking for resources": tracker._asked, "to be told of": tracker.changed,
            "consequences": schedule.consequences, "open groups": schedule.open_groups,
        }  # fmt: skip
        for what, found in left.items():
            if found:
                raise SimulationError("books", f"{self._who}: after the end {found} stay {what}")

    def describe(self) -> str:
        """Where the calls stand that have not ended."""
        states = enumerate(self.schedule.state)
        return ", ".join(f"{self.net.path(n)} {sc.State(s).name.lower()}" for n, s in states if s < sc.SUCCEEDED)
