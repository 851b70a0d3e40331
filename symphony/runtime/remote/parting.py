"""Follows the calls that were cancelled before their start was known here: some had begun at their worker all the same."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from symphony.runtime.remote.remote_call import News

if TYPE_CHECKING:
    from symphony.runtime.engine import Engine


class Parting:
    """Knows which of these calls still run. Thread-safe.

    Args:
        engine: whose calls they are.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._changed = threading.Condition()
        self._nodes: dict[str, int] = {}
        self._untold: set[str] = set()
        self._running: dict[str, str] = {}

    def forgotten(self, node: int, call: str, early: Iterable[News]) -> None:
        """A call was cancelled here; `early` is what was told of it before."""
        with self._changed:
            self._nodes[call] = node
            self._untold.add(call)
        for news in early:
            self.heard(news)

    def told(self, calls: Iterable[str]) -> None:
        """The workers know that these calls are to end: what has begun before is known here by now, or in a moment."""
        with self._changed:
            self._untold.difference_update(calls)
            self._changed.notify_all()

    def heard(self, news: News) -> None:
        """Take note of what is told of a call that nobody waits for."""
        with self._changed:
            call = news["call"]
            if call not in self._nodes:
                return
            if news["what"] == "started":
                self._running[call] = str(news.get("worker", ""))
            elif news["what"] == "ended":
                self._running.pop(call, None)
                del self._nodes[call]
                self._changed.notify_all()

    def left_behind(self, grace_s: float) -> list[str]:
        """Wait until the calls that had begun have ended; gives the paths of those that have not, and logs each."""
        deadline = time.monotonic() + grace_s
        with self._changed:
            self._changed.wait_for(lambda: not self._running and not self._untold, deadline - time.monotonic())
            left = [(self._nodes[call], worker) for call, worker in self._running.items()]
        for node, worker in left:
            self._say(node, worker, grace_s)
        return [self._engine.net.path(node) for node, _ in sorted(left)]

    def _say(self, node: int, worker: str, grace_s: float) -> None:
        message = (
            f"the call had begun on {worker} when it was cancelled, did not end within {grace_s:g} s of being told, and "
            "was abandoned there: a thread cannot be stopped"
        )
        line = {"at": time.time(), "task": self._engine.net.path(node), "attempt": 1, "level": "warning",
                "message": message, "origin": "log"}  # fmt: skip
        self._engine.teller.log(line)
