"""A player that can be set up, the states that its set-up made, and the handles by which calls use them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from symphony.runtime.player_states import PlayerState


class PlayerKind:
    """A player in a pool.

    Args:
        setup: makes the state that the body uses.
        teardown: is given the state when it is no longer kept.
        warmup: is given the state once, before the first call.
        shared: all calls use one state at the same time; else a state is used by one call at a time.
        size_bytes: what one state takes up.

    Attributes:
        free: the handles that nobody uses, the one used last at the end.
        watch: whether `PlayerPool.look` is to be called when a handle was given back.
    """

    __slots__ = (
        "cold", "copies", "failed", "free", "misses", "name", "number", "past_uses", "setup", "shared",
        "size_bytes", "teardown", "waiting", "warmup", "watch",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        setup: Callable[[], Any],
        *,
        teardown: Callable[[Any], object] | None = None,
        warmup: Callable[[Any], object] | None = None,
        shared: bool = False,
        size_bytes: int = 0,
    ) -> None:
        self.name, self.setup, self.teardown, self.warmup = name, setup, teardown, warmup
        self.shared, self.size_bytes = shared, size_bytes
        self.free: list[Handle] = []
        self.watch = False
        self.copies: list[Copy] = []
        self.waiting = self.misses = self.cold = self.past_uses = 0
        self.number = count(1)
        self.failed = False

    @property
    def uses(self) -> int:
        """How many calls used it so far."""
        return self.past_uses + sum(handle.uses for copy in self.copies for handle in copy.handles)


class Copy:
    """One state that a set-up made, with the handles that lead to it: one, or for shared states one per user.

    Attributes:
        claimed: a call waits for it; else it is set up ahead of need.
        spoiled: why it is not to be used again, or empty.
    """

    __slots__ = ("claimed", "handles", "kind", "number", "spoiled", "stage", "value")

    def __init__(self, kind: PlayerKind, *, claimed: bool) -> None:
        self.kind, self.claimed = kind, claimed
        self.number = next(kind.number)
        self.stage = PlayerState.UNLOADED
        self.spoiled = ""
        self.value: Any = None
        self.handles: list[Handle] = []

    @property
    def state(self) -> PlayerState:
        """Where it stands; `stage` alone does not tell ready from active, since taking is not to cost more."""
        active = self.stage is PlayerState.READY and any(h.active for h in self.handles)
        return PlayerState.ACTIVE if active else self.stage


class Handle:
    """The right of one call to use a state.

    Attributes:
        value: the state.
        uses: how many calls used it.
        used_at: when the last one ended.
    """

    __slots__ = ("active", "copy", "kind", "used_at", "uses", "value")

    def __init__(self, copy: Copy, used_at: float) -> None:
        self.copy, self.kind, self.value, self.used_at = copy, copy.kind, copy.value, used_at
        self.active, self.uses = False, 0
        copy.handles.append(self)
