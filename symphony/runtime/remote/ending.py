"""Which calls of a worker are to end: each has a flag of its own, so that one is ended while the others go on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager


class Ending:
    """Whether one call is to end, and what ends its body. Thread-safe.

    Attributes:
        flag: set when the call is to end; a body on a thread sees it as `ctx.cancelled`.
    """

    def __init__(self) -> None:
        self.flag = threading.Event()
        self._lock = threading.Lock()
        self._action: Callable[[], None] | None = None

    @property
    def is_asked(self) -> bool:
        """Whether the call is to end."""
        return self.flag.is_set()

    def by(self, action: Callable[[], None]) -> None:
        """Say what ends the body that has just begun; done at once where the call is to end already."""
        with self._lock:
            self._action = action
            if not self.flag.is_set():
                return
        action()

    def ask(self) -> None:
        """Have the call end."""
        with self._lock:
            self.flag.set()
            action = self._action
        if action is not None:
            action()


class Endings:
    """The calls that a worker makes, and those that it is not to make. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[str, Ending] = {}
        self._unwanted: set[str] = set()
        self._is_over = False

    @property
    def is_over(self) -> bool:
        """Whether every call is to end, also those that come."""
        return self._is_over

    @contextmanager
    def making(self, call: str) -> Iterator[Ending]:
        """A call is made inside; its flag is set from the start where it is not wanted any more."""
        ending = Ending()
        with self._lock:
            self._made[call] = ending
            if self._is_over or call in self._unwanted:
                ending.flag.set()
        try:
            yield ending
        finally:
            with self._lock:
                self._made.pop(call, None)

    def end(self, calls: Iterable[str]) -> None:
        """Have these calls end, whether they have begun or not."""
        with self._lock:
            self._unwanted.update(calls)
            asked = [self._made[call] for call in self._unwanted & self._made.keys()]
        for ending in asked:
            ending.ask()

    def end_all(self) -> None:
        """Have every call end; none begins any more."""
        with self._lock:
            self._is_over = True
            asked = list(self._made.values())
        for ending in asked:
            ending.ask()
