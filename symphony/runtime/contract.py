"""What an executor is: traits as data and a handful of methods. It decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable


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
        resources: names of resources it accounts for.
    """

    in_process: bool = False
    remote: bool = False
    shares_memory: bool = False
    can_kill: bool = False
    ships_code: bool = False
    accepts_pending: bool = False
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
    """Is handed calls and hands back outcomes."""

    def submit(self, calls: Sequence[Any]) -> None:
        """Take calls. A failed call returns an outcome, not an exception."""

    def outcomes(self, timeout_s: float) -> Sequence[Any]:
        """Hand back what has ended, waiting at most `timeout_s` seconds for the first."""

    def cancel(self, calls: Sequence[str]) -> None:
        """End calls by id, running or not."""
