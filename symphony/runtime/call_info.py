"""What is known of a call beyond its state, and how its end is told to the journal and to listeners."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from symphony.model.event import Event, EventKind
from symphony.model.states import TaskState
from symphony.runtime.call import NOTHING, Commit
from symphony.runtime.network import Network
from symphony.runtime.run_log import RunLog
from symphony.store.records import CallRecord
from symphony.store.store import Store

MOST_TRIED = 20
"""Of how many attempts that failed the journal tells, the last ones."""
_NO_PARTS: Mapping[str, tuple[str, str]] = {}


class CallInfo:
    """What is known of a call beyond its state.

    Attributes:
        attempts: how many have begun.
        started_at, ended_at: of the last attempt, seconds since the epoch.
        waited_s: how long it was ready before it began.
        waited_for: which resources it waited for, in words.
        first_started: when the first attempt began, seconds of the run's own clock; None: none did.
        worker: who runs it.
        key, parts: its key and what that is made of.
        error: of the last attempt that failed.
        note: why it was skipped, or where its outcome is from.
        commit: what is to be written with its end.
        measures: what was measured of it.
        told: whether its end was told already.
        released: how many calls with keys had ended when its own key was looked up.
    """

    __slots__ = ("attempts", "commit", "ended_at", "error", "first_started", "key", "measures", "note", "parts", "released",
                 "started_at", "told", "waited_for", "waited_s",
                 "worker")  # fmt: skip

    def __init__(self) -> None:
        self.attempts = 0
        self.started_at: float | None = None
        self.ended_at: float | None = None
        self.waited_s = 0.0
        self.first_started: float | None = None
        self.worker = ""
        self.key: str | None = None
        self.parts = _NO_PARTS
        self.error: dict[str, Any] | None = None
        self.note = ""
        self.commit: Commit = NOTHING
        self.measures: dict[str, Any] | None = None
        self.told = False
        self.released = 0
        self.waited_for = ""


class Teller:
    """Tells the journal and the listener of a run what happened. Thread-safe.

    Args:
        store: where the journal is, or None where nothing is recorded.
        listener: called with every event.
        log: takes the lines of bodies.
        now: seconds since the epoch.
    """

    def __init__(
        self, run: str, net: Network, store: Store | None, listener: Callable[[Event], None] | None,
        log: RunLog, now: Callable[[], float],
    ) -> None:  # fmt: skip
        self._run, self._net, self._store, self._listener = run, net, store, listener
        self._log, self._now = log, now
        self._tried: dict[str, list[dict[str, Any]]] = {}
        self.listens = listener is not None
        self.writes = store is not None

    def ended(self, node: int, state: TaskState, info: CallInfo, note: str) -> None:
        """A node has ended."""
        if self._log.has_full:
            self._log.ended(self._net.path(node))
        if info.told:
            return
        if self._store is not None:
            good = state is TaskState.SUCCEEDED or state is TaskState.CACHED
            call = CallRecord(
                self._run, self._net.task_path(node), self._net.indexes[node], state, info.attempts, info.started_at,
                info.ended_at, info.waited_s, info.worker, info.key, self._net.artifacts(node) if good else None,
                info.error, dict(info.parts) if info.key is None and info.parts else None, note, self._measures(node, info),
            )  # fmt: skip
            self._store.record((call,), rows=info.commit.rows, keys=info.commit.keys)
            info.parts = _NO_PARTS
        info.commit = NOTHING
        if self._listener is not None:
            self._tell_end(node, state, info, note)

    def _measures(self, node: int, info: CallInfo) -> dict[str, Any] | None:
        """What was measured, with what the attempts before the last one ended with."""
        tried = self._tried.pop(self._net.path(node), None) if self._tried else None
        return info.measures if tried is None else {**(info.measures or {}), "tried": tried}

    def retrying(self, node: int, info: CallInfo, wait_s: float) -> None:
        """An attempt has failed, and there will be another."""
        path = self._net.path(node)
        now = self._now()
        if self._store is not None:
            tried = self._tried.setdefault(path, [])
            tried.append({"attempt": info.attempts, "started_at": info.started_at, "ended_at": now, "worker": info.worker,
                          "waited_s": info.waited_s, "error": info.error})  # fmt: skip
            del tried[:-MOST_TRIED]
        self.event(EventKind.TASK_RETRYING, path, {"attempt": info.attempts, "delay_s": wait_s, "error": info.error})

    def _tell_end(self, node: int, state: TaskState, info: CallInfo, note: str) -> None:
        path = self._net.path(node)
        data: dict[str, Any] = {"state": str(state), "attempt": info.attempts}
        if info.started_at is not None:
            data |= {"started_at": info.started_at, "duration_s": (info.ended_at or info.started_at) - info.started_at}
        if info.worker:
            data["worker"] = info.worker
        if note:
            data["note"] = note
        if info.error is not None and state is TaskState.FAILED:
            self.event(EventKind.TASK_ERROR, path, {"error": info.error})
        self.event(EventKind.TASK_ENDED, path, data)

    def running(self, calls: list[dict[str, Any]]) -> None:
        """These calls run now."""
        if self._store is not None:
            self._store.running(self._run, calls)

    def log(self, line: dict[str, Any]) -> None:
        """A body has logged a line."""
        self._log.write(line)

    def event(self, kind: EventKind, task: str, data: dict[str, Any] | None) -> None:
        """Something happened that only listeners hear of."""
        if self._listener is not None:
            self._listener(Event(kind, self._run, self._now(), task, data))
