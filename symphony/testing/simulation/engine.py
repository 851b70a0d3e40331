"""An invented run loop: workers that take calls, what they hear from bodies, and how it all ends; events in place of threads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from symphony.errors import LostRunError, StoreError
from symphony.model.states import RunState
from symphony.testing.simulation.calls import Turn
from symphony.testing.simulation.desk import Desk, Machine
from symphony.testing.simulation.hands import Dispatch, Hand, Hands
from symphony.testing.simulation.journal import Book, Call
from symphony.testing.simulation.properties import Watcher
from symphony.testing.simulation.score import Piece
from symphony.testing.simulation.weather import Weather
from symphony.testing.simulation.world import Action, World

if TYPE_CHECKING:
    from symphony.testing.simulation.suspects import Suspects

GRACE_S = 2.0
_IDLE_S, _PREPARING_S = 0.1, 2.0
"""How long a worker takes to wake up, and to make a key, at the longest; mostly it takes much less."""


class Engine:
    """Drives one sitting of a run.

    Args:
        who: the name of its process.
        recorded: what earlier sittings have recorded, by path.
        deliver: hands a message to the process: see `Hands`.
        on_end: called once: how the run ended, or nothing when the engine broke.
    """

    def __init__(
        self, world: World, weather: Weather, watcher: Watcher, suspects: Suspects, piece: Piece, who: str, *,
        machine: Machine, book: Book, recorded: Mapping[str, tuple[Call, int]],
        deliver: Callable[[Action], None], on_end: Callable[[RunState | None], None],
    ) -> None:  # fmt: skip
        self._world, self._weather, self._who = world, weather, who
        self._deliver, self._on_end = deliver, on_end
        self.calls = suspects.calls(world, watcher, suspects, piece, who, book, recorded, self._all_ended)
        self._desk = Desk(world, machine, who, self._nudge, self.calls.request)
        self._hands = Hands(world, weather, watcher, who, machine.name, self, deliver)
        self._workers = [Hand() for _ in range(piece.workers)]
        self._woken_for: float | None = None
        self.is_over = False

    # life --------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Lay out the melody and let the workers begin."""
        ready = self.calls.begin(self._desk)
        self.calls.tracker.put(ready)
        self._look_around()

    def look(self) -> None:
        """What the engine looks at now and then: letters that were lost on the way."""
        if not self.is_over:
            self.calls.tracker.granted(self._desk.open_box())
            self._look_around()

    def cancel(self) -> None:
        """Nothing new starts; running bodies are told, and given up after a while."""
        if self.calls.is_stopped or self.is_over:
            return
        self._world.note(self._who, "the run is stopped")
        self.calls.stop()
        for hand in self._workers:
            if hand.dispatch is not None and hand.dispatch.part.work.is_killable:
                self._end_soon(hand, hand.dispatch)
        self._world.after(GRACE_S, lambda: self._deliver(self._give_up))
        self._look_around()

    def _end_soon(self, hand: Hand, dispatch: Dispatch) -> None:
        self._hands.end_body(dispatch)
        self._world.after(0.01, lambda: self._deliver(lambda: self.returned(hand, dispatch, "StoppedError")))

    def _give_up(self) -> None:
        if self.is_over:
            return
        for hand in self._workers:
            if hand.dispatch is not None:
                self._hands.end_body(hand.dispatch)  # the watcher is not to wait for what nobody waits for any more
                self._over(hand, hand.dispatch)
        self.calls.give_up()

    def die(self) -> None:
        """The process is gone, or has lost its run."""
        self.is_over = True
        self._hands.end_all()
        self._desk.close(self._world.now)

    def _all_ended(self) -> None:
        self._finish(self.calls.verdict())

    def _finish(self, state: RunState | None) -> None:
        if not self.is_over:
            self._on_end(state)
            self.die()

    # workers -----------------------------------------------------------------------------------------------------

    def _look_around(self) -> None:
        """Wake idle workers where there is something to take, now or later."""
        if self.is_over:
            return
        self.calls.check_states()
        due, now = self.calls.tracker.next_attempt_at, self._world.now
        if self.calls.tracker.ready or (due is not None and due <= now):
            for hand in self._workers:
                self._wake(hand)
        if due is not None and due > now and due != self._woken_for:
            self._woken_for = due
            self._world.after(due - now, lambda: self._deliver(self._look_around))

    def _wake(self, hand: Hand) -> None:
        if not hand.is_woken and not hand.is_busy:
            hand.is_woken = True
            self._world.after(self._moment_s(_IDLE_S), lambda: self._deliver(lambda: self._step(hand)))

    def _moment_s(self, longest_s: float) -> float:
        hurried = self._world.happens(self._weather.hurried)
        return 0.0 if hurried else longest_s * self._world.chance.random() ** 4

    def _step(self, hand: Hand) -> None:
        """One worker goes on with what its own call made ready, or takes something."""
        hand.is_woken = False
        if self.is_over or hand.is_busy:
            return
        tracker = self.calls.tracker
        if not hand.local:
            most = max(1, len(tracker.ready) // len(self._workers))
            hand.local = tracker.take(most, self._world.now)[::-1]
        if hand.local:
            node = hand.local.pop()
            turn = self._guarded(lambda: self.calls.process(node))
            if turn.is_prepared:
                hand.is_preparing = True
                self._world.after(self._moment_s(_PREPARING_S), lambda: self._deliver(lambda: self._start(hand, node)))
            self._go_on(hand, turn)

    def _start(self, hand: Hand, node: int) -> None:
        hand.is_preparing = False
        if not self.is_over:
            self._go_on(hand, self._guarded(lambda: self.calls.start(node)))

    def _go_on(self, hand: Hand, turn: Turn) -> None:
        if self.is_over:
            return
        hand.local.extend(reversed(turn.ready))
        if turn.dispatch is not None:
            self._hands.hand_out(hand, turn.dispatch)
        if hand.is_busy and hand.local:
            self.calls.tracker.put(hand.local[::-1])  # a worker that is busy keeps nothing that others could do
            hand.local.clear()
        self._look_around()
        if hand.local and not self.is_over:
            self._wake(hand)

    def _guarded(self, what: Callable[[], Turn]) -> Turn:
        """Do something; where the journal refuses, the engine breaks."""
        try:
            return what()
        except (StoreError, LostRunError) as error:
            self._world.note(self._who, "breaks: %s", error)
            self._finish(None)
            return Turn([])

    # what workers say --------------------------------------------------------------------------------------------

    def returned(self, hand: Hand, dispatch: Dispatch, error: str) -> None:
        """A body has ended; the error is empty where it gave its value."""
        if self._is_news(hand, dispatch):
            self._world.note(self._who, "%s gives %s", dispatch.path, error or dispatch.fate.value)
            self._go_on(hand, self._guarded(lambda: Turn(self._ended(dispatch, error))))

    def _ended(self, dispatch: Dispatch, error: str) -> list[int]:
        return self.calls.failed(dispatch, error) if error else self.calls.succeeded(dispatch)

    def lost(self, hand: Hand, dispatch: Dispatch, *, died: bool) -> None:
        """A worker has died, or does not answer."""
        if self._is_news(hand, dispatch):
            self._go_on(hand, self._guarded(lambda: Turn(self.calls.lost(dispatch, died=died))))

    def _is_news(self, hand: Hand, dispatch: Dispatch) -> bool:
        """Whether a message is the first about the end of this attempt."""
        if self.is_over or dispatch.is_over:
            return False
        self._over(hand, dispatch)
        return True

    def _over(self, hand: Hand, dispatch: Dispatch) -> None:
        dispatch.is_over = True
        hand.dispatch = None

    def _nudge(self) -> None:
        """A turn has come; the letter that says so may be lost: the engine looks by itself now and then."""
        if not self._world.happens(self._weather.message_lost):
            self._world.after(0.001, lambda: self._deliver(self.look))
