"""Equal calls of one run on one worker: the first is made, those that come later are served what it gave.

The engine writes what workers make a moment later, so that a look-up in the store alone would miss it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from symphony.model.artifact import Artifact
from symphony.runtime.call_errors import StoppedError

MOST_KEPT = 10_000
"""Of how many calls it is known what they gave; the oldest are forgotten, and looked up in the store again."""
SMALL_BYTES = 4096
"""How much a call may have given that the store does not have yet: what gave more is made again."""
_LOOK_S = 0.2


@dataclass(frozen=True, slots=True)
class Given:
    """What a call gave.

    Attributes:
        artifacts: by output.
        small: by output, the bytes that the store may not have yet.
    """

    artifacts: Mapping[str, Artifact]
    small: Mapping[str, bytes]


class EqualCalls:
    """Who has made, or is making, the call of a key. Thread-safe."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._making: set[str] = set()
        self._given: dict[str, Given] = {}

    def given_or_first(self, key: str, stopped: Callable[[], bool]) -> Given | None:
        """What an equal call gave; waits while one is being made. None: make it, and say `ended`, however it ends.

        Args:
            stopped: whether this call is to end.

        Raises:
            StoppedError: the call is to end.
        """
        with self._changed:
            while key in self._making and not stopped():
                self._changed.wait(_LOOK_S)
            if stopped():
                raise StoppedError("the run was cancelled")
            found = self._given.get(key)
            if found is None:
                self._making.add(key)
            return found

    def ended(self, key: str, given: Given | None) -> None:
        """The first has ended; None: badly, so the next one is the first."""
        with self._changed:
            self._making.discard(key)
            if given is not None and sum(map(len, given.small.values())) <= SMALL_BYTES:
                self._given[key] = given
                if len(self._given) > MOST_KEPT:
                    del self._given[next(iter(self._given))]
            self._changed.notify_all()
