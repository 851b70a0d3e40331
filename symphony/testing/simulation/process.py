"""An invented engine process: takes a run, keeps its lease, is stopped, killed and woken, and writes how it ended."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from symphony.errors import LostRunError, RefusedError, StoreError
from symphony.model.states import RunState
from symphony.runtime.lease import Standing, next_renewal
from symphony.store.records import Lease
from symphony.testing.simulation.desk import Machine
from symphony.testing.simulation.engine import Engine
from symphony.testing.simulation.journal import COMMIT_S, Book, Journal
from symphony.testing.simulation.outcome import check_outcome
from symphony.testing.simulation.properties import Watcher
from symphony.testing.simulation.score import Piece
from symphony.testing.simulation.suspects import Suspects
from symphony.testing.simulation.weather import Weather
from symphony.testing.simulation.world import Action, SimulationError, World

LEASE_S = 3.0
LOOK_S = 0.5


class Process:
    """One process that runs, or resumes, one run.

    Args:
        owner_of: the process of an earlier sitting, by its number in the lease.
        on_gone: called when it has ended, however.

    Attributes:
        engine: None until it owns the run.
        is_gone, is_stopped: where the process stands.
    """

    def __init__(
        self, world: World, weather: Weather, watcher: Watcher, suspects: Suspects, journal: Journal, machine: Machine, piece: Piece,
        number: int, owner_of: Callable[[int], Process], on_gone: Callable[[], None],
    ) -> None:  # fmt: skip
        self._world, self._weather, self._watcher, self._suspects = world, weather, watcher, suspects
        self._journal, self._machine, self.piece, self._number = journal, machine, piece, number
        self._owner_of, self._on_gone = owner_of, on_gone
        self.name = f"engine{number}"
        self.engine: Engine | None = None
        self._book: Book | None = None
        self.is_gone = self.is_stopped = False
        self.asked_to_cancel = False
        self._backlog: list[Action] = []
        self._begun_at = world.now
        self.sitting = 0

    # life --------------------------------------------------------------------------------------------------------

    def deliver(self, action: Action) -> None:
        """Let the process do something: now, when it is woken, or never."""
        if self.is_stopped:
            self._backlog.append(action)
        elif not self.is_gone:
            action()

    def start(self) -> bool:
        """Take the run and begin; returns whether it was free to take."""
        try:
            row = self._journal.take(self.piece.run, self._next_lease)
        except RefusedError:
            self.is_gone = True
            return False
        self.sitting = row.sitting
        self._renew_at = next_renewal(self._now(), LEASE_S)
        self._watcher.taken(self.piece.run, self.sitting)
        self._world.note(self.name, "takes %s, sitting %d, on %s", self.piece.run, self.sitting, self._machine.name)
        self._book = Book(self._journal, self.piece.run, self.sitting, self._disk_refuses, self._commit_later)
        self.engine = Engine(
            self._world, self._weather, self._watcher, self._suspects, self.piece, self.name, machine=self._machine,
            book=self._book, recorded=dict(row.recorded), deliver=self.deliver, on_end=self._ended,
        )  # fmt: skip
        self.engine.begin()
        self._world.after(LOOK_S, lambda: self.deliver(self._look))
        return True

    def kill(self) -> None:
        """End without a word: what waited for a commit is lost, the kernel frees its locks."""
        if not self.is_gone:
            self._world.note(self.name, "is killed")
            self.is_gone, self.is_stopped = True, False
            if self.engine is not None:
                self.engine.die()
            self._on_gone()

    def stop(self) -> None:
        """Do nothing until woken; messages wait."""
        if not self.is_gone:
            self._world.note(self.name, "is stopped")
            self.is_stopped = True

    def wake(self) -> None:
        """Go on, with everything that has come meanwhile."""
        if self.is_stopped:
            self._world.note(self.name, "wakes up")
            self.is_stopped = False
            backlog, self._backlog = self._backlog, []
            for action in backlog:
                self.deliver(action)

    # ownership ---------------------------------------------------------------------------------------------------

    def _now(self) -> float:
        return self._world.now + self._machine.skew_s

    def _lease(self, sitting: int) -> Lease:
        return Lease(self.piece.run, sitting, self._machine.name, self._number, self._now() + LEASE_S)

    def _next_lease(self, sitting: int, before: Lease | None) -> Lease:
        owner = self._owner_of(before.pid) if before is not None else None
        here = before is not None and before.host == self._machine.name
        lives = owner is not None and not owner.is_gone
        found = self._suspects.standing(before, now=self._now(), here=self._machine.name, lock_held=here and lives)
        if found == Standing.OWNED:
            raise RefusedError(f"{self.piece.run} is being run")
        if lives and before is not None and before.until > self._now():
            raise SimulationError(
                "owner-respected", f"{self.name} takes {self.piece.run} from a living owner with a lease"
            )
        return self._lease(sitting)

    def _look(self) -> None:
        """What the process looks at now and then."""
        if self.engine is None or self.engine.is_over:
            return
        try:
            if self._now() >= self._renew_at:
                self._journal.renew(self._lease(self.sitting))
                self._renew_at = next_renewal(self._now(), LEASE_S)
        except LostRunError as error:
            self._world.note(self.name, "%s", error)
            self.engine.die()
            self._gone()
            return
        limit_s = self.piece.limit_s
        if self.asked_to_cancel or (limit_s is not None and self._world.now - self._begun_at >= limit_s):
            self.engine.cancel()
        self.engine.look()
        self._world.after(LOOK_S, lambda: self.deliver(self._look))

    # the journal -------------------------------------------------------------------------------------------------

    def _disk_refuses(self) -> bool:
        return self._world.happens(self._weather.commit_fails)

    def _commit_later(self) -> None:
        self._world.after(COMMIT_S, lambda: self.deliver(self._commit))

    def _commit(self) -> None:
        assert self._book is not None
        with suppress(StoreError, LostRunError):  # kept in the book, and raised to whoever comes next
            self._book.flush()

    def _ended(self, state: RunState | None) -> None:
        assert self._book is not None
        assert self.engine is not None
        self._world.note(self.name, "ends: %s", "broken" if state is None else state)
        if state is not None:
            check_outcome(self.name, self.engine.calls)
        with suppress(StoreError, LostRunError):
            self._book.flush()
            self._journal.end(self.piece.run, self.sitting, RunState.INTERRUPTED if state is None else state)
        self._world.after(0.0, lambda: self._put_away(state))

    def _put_away(self, state: RunState | None) -> None:
        if state is not None and self.engine is not None:
            self.engine.calls.check_books()
        self._gone()

    def _gone(self) -> None:
        if not self.is_gone:
            self.is_gone = True
            self._on_gone()
