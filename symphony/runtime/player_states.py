"""The life of a set-up player: one table of transitions. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from symphony.errors import InternalError


class PlayerState(StrEnum):
    """Where one set-up copy of a player stands."""

    UNLOADED = "unloaded"
    LOADING = "loading"  # its set-up runs
    WARMING = "warming"  # its warm-up runs
    READY = "ready"
    ACTIVE = "active"  # a call uses it
    EVICTED = "evicted"  # its tear-down runs
    FAILED = "failed"


class PlayerEvent(StrEnum):
    """What happens to it."""

    LOAD = "load"
    LOADED = "loaded"
    WARMED = "warmed"
    TAKE = "take"
    GIVE = "give"
    EVICT = "evict"
    TORN_DOWN = "torn down"
    FAIL = "fail"


S, E = PlayerState, PlayerEvent

TRANSITIONS: dict[tuple[PlayerState, PlayerEvent], PlayerState] = {
    (S.UNLOADED, E.LOAD): S.LOADING,
    (S.LOADING, E.LOADED): S.WARMING,
    (S.LOADING, E.FAIL): S.FAILED,
    (S.WARMING, E.WARMED): S.READY,
    (S.WARMING, E.FAIL): S.FAILED,
    (S.READY, E.TAKE): S.ACTIVE,
    # An active one is never evicted: it is given back first.
    (S.ACTIVE, E.GIVE): S.READY,
    (S.READY, E.EVICT): S.EVICTED,
    (S.EVICTED, E.TORN_DOWN): S.UNLOADED,
    # The next call tries again.
    (S.FAILED, E.LOAD): S.LOADING,
}

IN_MEMORY = frozenset({S.LOADING, S.WARMING, S.READY, S.ACTIVE})
"""States in which memory is set aside for a copy. One that is evicted is torn down before its room is used."""


class Transition(NamedTuple):
    """One step in the life of a copy.

    Attributes:
        at: when, in seconds of the pool's clock.
        copy: which copy of the player, from 1.
        cause: why, in words.
    """

    at: float
    player: str
    copy: int
    before: PlayerState
    after: PlayerState
    cause: str


def after(state: PlayerState, event: PlayerEvent) -> PlayerState:
    """The state that an event leads to.

    Raises:
        InternalError: the table does not allow it; nothing was changed.
    """
    found = TRANSITIONS.get((state, event))
    if found is None:
        raise InternalError(f"a player that is {state} cannot {event}")
    return found
