"""Grants calls the resources they ask for: locally by the arbiter, shared ones by the ledger of the state folder.

A call asks for what is shared first and for the rest when it has that. Running calls never wait, so nobody can wait in
a circle.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from symphony.runtime.arbitration import Arbiter, Request, Units
from symphony.runtime.machine import shared_part
from symphony.runtime.shared_ledger import SharedLedger

_LOOK_S = 0.5


class Grants:
    """The resources of one run. Its methods are called under the engine's lock.

    Args:
        run: the run, which fairness is counted for.
        capacity: how much there is, by resource.
        folder: where engines of the same state folder meet; None: this run is alone.
        demand_of: by node, what it asks for, its priority, and what people call it.
        granted: called from a thread of its own with nodes whose turn has come while nobody here gave anything back.
    """

    def __init__(
        self,
        run: str,
        capacity: Mapping[str, float],
        folder: Path | None,
        demand_of: Callable[[int], tuple[Units, int, str]],
        granted: Callable[[list[int]], None],
    ) -> None:
        self._run, self._demand_of, self._granted = run, demand_of, granted
        self._arbiter = Arbiter(capacity)
        self._ledger = SharedLedger(folder, capacity) if folder is not None else None
        self._rest: dict[str, Request] = {}
        self._asked: dict[int, tuple[bool, bool]] = {}
        self._watcher: threading.Thread | None = None
        self._closed = False
        self._decisions = threading.RLock()
        self.waited_for: dict[int, str] = {}

    def ask(self, node: int, now: float) -> bool:
        """Ask for what a call needs; False: it waits, and its node is handed out when its turn has come.

        Raises:
            SurroundingsError: it asks for more than there is.
        """
        units, priority, task = self._demand_of(node)
        shared = shared_part(units) if self._ledger is not None else ()
        rest = tuple(unit for unit in units if unit not in shared)
        with self._decisions:
            self._asked[node] = bool(shared), bool(rest)
            if rest:
                self._rest[str(node)] = Request(str(node), rest, self._run, priority, now, task)
            if shared:
                assert self._ledger is not None
                if not self._ledger.ask(Request(str(node), shared, self._run, priority, now, task)):
                    self._wait(node, self._ledger.waits_for(str(node)))
                    self._watch()
                    return False
            return self._ask_here(node, now)

    def _ask_here(self, node: int, now: float) -> bool:
        request = self._rest.get(str(node))
        if request is None or self._arbiter.ask(request, now):
            return True
        self._wait(node, self._arbiter.waits_for(str(node)))
        return False

    def _wait(self, node: int, reasons: Sequence[str]) -> None:
        self.waited_for[node] = "; ".join(reasons) or "its turn"

    def give_back(self, node: int, now: float) -> list[int]:
        """A call holds and wants nothing any more; returns the nodes whose turn has come."""
        with self._decisions:
            shared, rest = self._asked.pop(node, (False, False))
            name, ready = str(node), list[int]()
            if rest and self._rest.pop(name, None) is not None:
                ready += [int(n) for n in self._arbiter.release(name, now)]
            if shared and self._ledger is not None:
                ready += self._have_shared(self._ledger.release(name), now)
            return ready

    def _have_shared(self, names: Sequence[str], now: float) -> list[int]:
        """Nodes that have what is shared ask for the rest; returns those that have all."""
        return [int(n) for n in names if int(n) in self._asked and self._ask_here(int(n), now)]

    def _watch(self) -> None:
        if self._watcher is None:
            self._watcher = threading.Thread(target=self._look, name="symphony-ledger", daemon=True)
            self._watcher.start()

    def _look(self) -> None:
        """Wait for what other engines give back."""
        assert self._ledger is not None
        while not self._closed:
            names = self._ledger.wait(_LOOK_S)
            if names:
                with self._decisions:
                    ready = self._have_shared(names, time.monotonic())
                self._granted(ready)

    def close(self) -> None:
        """Let go of everything."""
        self._closed = True
        if self._watcher is not None:
            self._watcher.join(2 * _LOOK_S)
        if self._ledger is not None:
            self._ledger.close()
