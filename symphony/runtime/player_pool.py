"""Keeps players set up in one worker process: within a memory budget, ahead of need, torn down exactly once.

The loop of an engine may take and give back without a call, which is what makes a warm player cost 50-100 ns:

    try:
        handle = kind.free.pop()
    except IndexError:
        handle = pool.take_cold(kind)
    handle.active = True
    handle.uses += 1
    …
    handle.active = False
    handle.used_at = ended
    kind.free.append(handle)
    if kind.watch:
        pool.look(kind)

There is no lock on this road. Whoever gets a handle out of the list `free` owns it, a call or the eviction, for taking
something out of a list is one step of the interpreter. `watch` says that somebody waits for handles or room.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from symphony.errors import InternalError
from symphony.runtime.player_copy import Copy, Handle, PlayerKind
from symphony.runtime.player_states import IN_MEMORY, PlayerEvent, PlayerState, Transition, after

_RECORDED = 1000
_PAUSE_S = 1.0
"""No wait is longer without looking again."""


class PlayerPool:
    """The players that are set up in this process. Thread-safe.

    Args:
        budget_bytes: how much memory the states may take up; None: no limit. A call that needs a player gets it, if
            need be beyond the budget; what is beyond is evicted as soon as it is idle.
        clock: seconds, for records and for telling what was used longest ago.
        recorded: how many transitions are remembered.

    Attributes:
        problems: errors that tear-downs ended with.
        transitions: what happened last, oldest first. Taking and giving back a warm player is counted, not recorded.
    """

    def __init__(
        self, *, budget_bytes: int | None = None, clock: Callable[[], float] = time.time, recorded: int = _RECORDED
    ) -> None:
        self._budget = float("inf") if budget_bytes is None else float(budget_bytes)
        self._clock = clock
        self._kinds: dict[str, PlayerKind] = {}
        self._changed = threading.Condition()
        self._order: tuple[PlayerKind, ...] = ()
        self._need: dict[PlayerKind, int] = {}
        self._ahead: threading.Thread | None = None
        self._resting = self._wants_room = self._closed = False
        self.problems: list[str] = []
        self.transitions: deque[Transition] = deque(maxlen=recorded)

    # calls -------------------------------------------------------------------------------------------------------

    def add(self, kind: PlayerKind) -> PlayerKind:
        """Let the pool keep a player; returns what it knows under that name, the first that was added."""
        with self._changed:
            return self._kinds.setdefault(kind.name, kind)

    def take(self, kind: PlayerKind) -> Handle:
        """Take a player that is set up; sets it up where none is ready.

        Raises:
            Exception: whatever the set-up raised. The next call tries again.
        """
        try:
            handle = kind.free.pop()
        except IndexError:
            handle = self.take_cold(kind)
        handle.active = True
        handle.uses += 1
        return handle

    def give(self, handle: Handle, now: float) -> None:
        """Give a player back; `now` is when its call ended."""
        handle.active = False
        handle.used_at = now
        handle.kind.free.append(handle)
        if handle.kind.watch:
            self.look(handle.kind)

    def take_cold(self, kind: PlayerKind) -> Handle:
        """Get a handle when the list of free ones is empty: wait for one that comes, or set one up."""
        with self._changed:
            kind.waiting += 1
            kind.watch = True
            try:
                found, victims = self._wait_for(kind)
            finally:
                kind.waiting -= 1
                self._set_watch(kind)
        if isinstance(found, Handle):
            return found
        self._tear_down(victims)
        return self._set_up(found)

    def discard(self, handle: Handle, cause: str) -> None:
        """Give a player back that is spoiled: its state is torn down as soon as no other call uses it."""
        copy = handle.copy
        with self._changed:
            copy.kind.watch = True
            copy.spoiled = cause
            handle.active = False
            self._forget(handle)
        self.look(copy.kind)

    def look(self, kind: PlayerKind) -> None:
        """Take note of a handle that was given back: wake who waits, evict what is spoiled or beyond the budget."""
        with self._changed:
            victims = [copy for copy in list(kind.copies) if copy.spoiled and self._pull_spoiled(copy)]
            if self._closed:
                victims += [copy for copy in self._idle() if self._pull(copy, "the pool was closed")]
            else:
                victims += self._make_room(0)
            self._set_watch(kind)
            self._changed.notify_all()
        self._tear_down(victims)

    def close(self, *, grace_s: float = 5.0) -> list[str]:
        """Tear down everything idle now, and what is in use when it is given back; returns what went wrong so far."""
        with self._changed:
            self._closed = True
            self._watch_all()
            victims = [copy for copy in self._idle() if self._pull(copy, "the pool was closed")]
            self._changed.notify_all()
        self._tear_down(victims)
        if self._ahead is not None:
            self._ahead.join(grace_s)
        return list(self.problems)

    # what people ask ---------------------------------------------------------------------------------------------

    def report(self) -> dict[str, Any]:
        """The players and what happened to them, as plain data."""
        with self._changed:
            players = [
                {
                    "player": kind.name,
                    "copies": [{"copy": c.number, "state": str(c.state)} for c in kind.copies],
                    "bytes": sum(kind.size_bytes for c in kind.copies if c.stage in IN_MEMORY),
                    "uses": kind.uses,
                    "hits": kind.uses - kind.cold,
                    "misses": kind.misses,
                }
                for kind in self._kinds.values()
            ]
            steps = [
                {"at": t.at, "player": t.player, "copy": t.copy, "before": str(t.before), "after": str(t.after),
                 "cause": t.cause}
                for t in self.transitions
            ]  # fmt: skip
        return {"hit_rate": self.hit_rate, "players": players, "transitions": steps, "problems": list(self.problems)}

    @property
    def hit_rate(self) -> float | None:
        """The part of the calls that found their player warm; None before the first."""
        with self._changed:
            hits = sum(kind.uses - kind.cold for kind in self._kinds.values())
            misses = sum(kind.misses for kind in self._kinds.values())
        return hits / (hits + misses) if hits + misses else None

    # getting a handle --------------------------------------------------------------------------------------------

    def _wait_for(self, kind: PlayerKind) -> tuple[Handle | Copy, list[Copy]]:
        """Wait until there is a handle, or until it is this call's turn to set up a copy, with what has to go first."""
        missed = False
        while True:
            if self._closed:
                raise InternalError(f"{kind.name} is asked for after the pool was closed")
            handle = _popped(kind.free) or self._another_user(kind)
            if handle is not None:
                kind.cold += missed
                return handle, []
            if not missed:
                missed = True
                kind.misses += 1
            if self._may_set_up(kind):
                victims = self._make_room(kind.size_bytes)
                return self._begin(kind, "a call needs it", claimed=True), victims
            self._changed.wait(_PAUSE_S)

    def _another_user(self, kind: PlayerKind) -> Handle | None:
        if not kind.shared:
            return None
        ready = next((c for c in kind.copies if c.stage is PlayerState.READY and not c.spoiled), None)
        return None if ready is None else Handle(ready, self._clock())

    def _may_set_up(self, kind: PlayerKind) -> bool:
        live = [copy for copy in kind.copies if not copy.spoiled]
        if kind.shared or not live:
            return not live
        coming = sum(c.stage is not PlayerState.READY and not c.claimed for c in live)
        return coming < kind.waiting and self._could_have(kind.size_bytes, self._idle())

    # ahead of need -----------------------------------------------------------------------------------------------

    def upcoming(self, kinds: Iterable[PlayerKind]) -> None:
        """Say which players the plan needs next, the nearest first: they are set up in the background as room allows.

        Replaces what was said before. Idle players that are needed later, or not at all, make room.
        """
        with self._changed:
            self._order = tuple(dict.fromkeys(kinds))
            self._need = {kind: i for i, kind in enumerate(self._order)}
            self._resting = False
            if self._ahead is None and self._order and not self._closed:
                self._ahead = threading.Thread(target=self._warm_ahead, name="players ahead", daemon=True)
                self._ahead.start()
            self._changed.notify_all()

    def settled(self, timeout_s: float) -> bool:
        """Wait until nothing more can be set up ahead of need; returns whether that was so in time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._resting or self._ahead is None, timeout_s)

    def _warm_ahead(self) -> None:
        while True:
            with self._changed:
                while not self._closed and (found := self._next_ahead()) is None:
                    self._resting = True
                    self._changed.notify_all()
                    self._changed.wait(_PAUSE_S)
                if self._closed:
                    return
                self._resting = False
                assert found is not None
                kind, victims = found
                copy = self._begin(kind, "the plan needs it next", claimed=False)
            self._tear_down(victims)
            try:
                self._set_up(copy)
            except Exception:  # noqa: BLE001  # recorded; the call that needs the player meets the error itself
                continue

    def _next_ahead(self) -> tuple[PlayerKind, list[Copy]] | None:
        self._wants_room = False
        for need, kind in enumerate(self._order):
            if kind.failed or any(not copy.spoiled for copy in kind.copies):
                continue
            victims = self._make_room(kind.size_bytes, later_than=need)
            if self._used() + kind.size_bytes <= self._budget:
                return kind, victims
            self._wants_room = True
            self._watch_all()
            return None
        return None

    # setting up and tearing down -----------------------------------------------------------------------------------

    def _begin(self, kind: PlayerKind, cause: str, *, claimed: bool) -> Copy:
        copy = Copy(kind, claimed=claimed)
        kind.copies.append(copy)
        self._move(copy, PlayerEvent.LOAD, cause)
        if self._used() > self._budget:
            self._watch_all()
        return copy

    def _set_up(self, copy: Copy) -> Handle:
        """Run set-up and warm-up; the handle goes to the call that claimed the copy, else into the list of free ones."""
        kind = copy.kind
        try:
            copy.value = kind.setup()
            self._record(copy, PlayerEvent.LOADED, "its set-up ended")
            if kind.warmup is not None:
                kind.warmup(copy.value)
        except BaseException as error:
            with self._changed:
                self._move(copy, PlayerEvent.FAIL, f"{type(error).__name__}: {error}")
                kind.copies.remove(copy)
                kind.failed = True
                self._changed.notify_all()
            raise
        with self._changed:
            self._move(copy, PlayerEvent.WARMED, "it is warm")
            handle = Handle(copy, self._clock())
            kind.failed = False
            if copy.claimed:
                kind.cold += 1
            else:
                kind.free.append(handle)
            self._changed.notify_all()
        if self._closed or self._used() > self._budget:
            self.look(kind)
        return handle

    def _tear_down(self, victims: Iterable[Copy]) -> None:
        for copy in victims:
            cause = "its tear-down ended"
            try:
                if copy.kind.teardown is not None:
                    copy.kind.teardown(copy.value)
            except Exception as error:  # noqa: BLE001  # the state is gone for us either way; told by `problems`
                cause = f"its tear-down failed: {type(error).__name__}: {error}"
                self.problems.append(f"{copy.kind.name}: {cause}")
            copy.value = None
            with self._changed:
                self._move(copy, PlayerEvent.TORN_DOWN, cause)
                for handle in list(copy.handles):
                    self._forget(handle)
                copy.kind.copies.remove(copy)
                self._changed.notify_all()

    def _record(self, copy: Copy, event: PlayerEvent, cause: str) -> None:
        with self._changed:
            self._move(copy, event, cause)

    def _move(self, copy: Copy, event: PlayerEvent, cause: str) -> None:
        before, copy.stage = copy.stage, after(copy.stage, event)
        self.transitions.append(Transition(self._clock(), copy.kind.name, copy.number, before, copy.stage, cause))

    # memory ------------------------------------------------------------------------------------------------------

    def _used(self) -> int:
        kinds = list(self._kinds.values())
        return sum(c.kind.size_bytes for kind in kinds for c in list(kind.copies) if c.stage in IN_MEMORY)

    def _idle(self, later_than: int | None = None) -> list[Copy]:
        """The copies that nobody uses: first what the plan needs no more, used longest ago first, then what it needs last.

        With `later_than` only those that the plan needs later than that.
        """
        never = len(self._order)
        found = [
            copy
            for kind in self._kinds.values()
            if later_than is None or self._need.get(kind, never) > later_than
            for copy in kind.copies
            if copy.stage is PlayerState.READY and not copy.spoiled and not any(h.active for h in copy.handles)
        ]
        return sorted(found, key=lambda c: (-self._need.get(c.kind, never), max(h.used_at for h in c.handles)))

    def _could_have(self, size_bytes: int, idle: Iterable[Copy]) -> bool:
        return self._used() - sum(c.kind.size_bytes for c in idle) + size_bytes <= self._budget

    def _make_room(self, size_bytes: int, *, later_than: int | None = None) -> list[Copy]:
        """Evict idle copies until a size fits; with `later_than` only such, and none unless it will fit."""
        idle = [copy for copy in self._idle(later_than) if copy.kind.size_bytes]
        victims: list[Copy] = []
        if later_than is not None and not self._could_have(size_bytes, idle):
            return victims
        for copy in idle:
            if self._used() + size_bytes <= self._budget:
                break
            if self._pull(copy, "the memory is needed"):
                victims.append(copy)
        return victims

    def _watch_all(self) -> None:
        for kind in self._kinds.values():
            kind.watch = True

    def _set_watch(self, kind: PlayerKind) -> None:
        waited_for = kind.waiting > 0 or self._wants_room or self._closed
        kind.watch = waited_for or self._used() > self._budget or any(c.spoiled for c in kind.copies)

    def _pull(self, copy: Copy, cause: str) -> bool:
        """Take an idle copy out of use; returns False when a call was faster."""
        free, got = copy.kind.free, list[Handle]()
        for handle in copy.handles:
            try:
                free.remove(handle)
            except ValueError:
                free += got
                return False
            got.append(handle)
        self._move(copy, PlayerEvent.EVICT, cause)
        return True

    def _pull_spoiled(self, copy: Copy) -> bool:
        """Take what is idle of a spoiled copy out of use; returns whether nobody uses it any more."""
        for handle in list(copy.handles):
            try:
                copy.kind.free.remove(handle)
            except ValueError:
                continue  # a call uses it; it comes back
            self._forget(handle)
        if copy.handles or copy.stage is not PlayerState.READY:
            return False
        self._move(copy, PlayerEvent.EVICT, copy.spoiled)
        return True

    def _forget(self, handle: Handle) -> None:
        handle.copy.handles.remove(handle)
        handle.kind.past_uses += handle.uses


def _popped(free: list[Handle]) -> Handle | None:
    try:
        return free.pop()
    except IndexError:
        return None
