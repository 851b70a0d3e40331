"""What an executor is: traits as data and a handful of methods. It decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from symphony.model.event import Event
    from symphony.runtime.remote.done import Done
    from symphony.runtime.remote.remote_call import News, RemoteCall
    from symphony.runtime.remote.sheet import RunSheet


@dataclass(frozen=True, slots=True)
class Traits:
    """What an executor can do. What it cannot do is a compile error under an environment that uses it.

    Attributes:
        in_process: lends threads of this process; the runtime drives the bodies itself, see `InProcessExecutor`.
        remote: bodies run on other machines.
        shares_memory: values pass by reference.
        can_kill: a running body can be ended.
        ships_code: the project's code reaches the workers by the executor's means.
        accepts_pending: takes calls whose inputs are not there yet and orders them itself.
        follows: is told what becomes of the run, see `Follower`.
        resources: names of resources it accounts for.
    """

    in_process: bool = False
    remote: bool = False
    shares_memory: bool = False
    can_kill: bool = False
    ships_code: bool = False
    accepts_pending: bool = False
    follows: bool = False
    resources: frozenset[str] = frozenset()


@runtime_checkable
class Executor(Protocol):
    """Runs task calls somewhere."""

    name: str
    traits: Traits

    def start(self, *, workers: int | None, processes: int | None = None) -> None:
        """Get ready; None means a number that suits the machine. `processes` counts calls that run in ones of their own."""

    def stop(self, *, grace_s: float) -> bool:
        """End all work; returns whether everything ended within the grace period."""


@runtime_checkable
class InProcessExecutor(Executor, Protocol):
    """Lends threads on which the runtime drives the bodies itself, and slots for processes that it supervises."""

    workers: int
    processes: int

    def lend(self, body: Callable[[int], None]) -> None:
        """Run `body(worker number)` on every thread, each until it returns."""


@runtime_checkable
class RemoteExecutor(Executor, Protocol):
    """Makes calls elsewhere. On its workers `symphony.runtime.remote.worker.CallWorker` makes them: one way for all.

    All methods may be called from several threads. What cannot go on (a cluster that is gone) is raised as a
    `SurroundingsError`, by whichever method meets it.
    """

    workers: int
    processes: int

    def open(self, sheet: RunSheet) -> None:
        """Reach the workers, and let each of them make a `CallWorker` of this sheet. Called before the first call."""

    def submit(self, calls: Sequence[RemoteCall]) -> None:
        """Take calls, those before others that wait for them (`RemoteCall.after`).

        A call is made once all those have ended, well or not, and is given what they gave. Made means
        `CallWorker.perform`; it never raises, and what it returns is kept until `release` for calls that need it.
        """

    def news(self, timeout_s: float) -> Sequence[News]:
        """What the workers have told since, in order for each call, and for a call after those that it waited for.

        Waits for the first at most `timeout_s` seconds. A call that ends without telling so is told as ``lost``.
        """

    def fetch(self, call: str) -> Done:
        """The values of a call that has ended well, brought here; waits where its end was told before they can be had."""

    def release(self, calls: Sequence[str]) -> None:
        """Nobody will need the values of these calls any more, besides calls that were submitted already."""

    def cancel(self, calls: Sequence[str]) -> None:
        """End these calls, running or not: those that run are told and ended, the others do not begin.

        Given all calls that are under way, workers may end whatever runs for this run.
        """


@runtime_checkable
class Follower(Protocol):
    """What an executor with the trait `follows` has besides: it shows the run in a place of its own.

    It hears also of what the engine settled by itself: calls that were served or left out. It is opened when the run
    begins, whether or not a call will be handed over.
    """

    def told(self, event: Event) -> None:
        """Something happened; called from any thread, from the start of the run to its end, must be quick and not raise.

        The last event before `stop` is the end of the run, with its `state`: ``interrupted`` where the engine broke off.
        """
