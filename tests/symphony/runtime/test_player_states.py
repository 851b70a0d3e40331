"""The table of transitions of set-up players."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symphony.errors import InternalError
from symphony.runtime.player_states import TRANSITIONS, PlayerEvent, PlayerState, after


def test_every_state_is_reached_and_left():
    assert {before for before, _ in TRANSITIONS} == set(PlayerState)
    assert set(TRANSITIONS.values()) == set(PlayerState)


@given(st.lists(st.sampled_from(PlayerEvent), max_size=40))
def test_whatever_the_order_of_events_only_listed_steps_are_taken(events: list[PlayerEvent]):
    state = PlayerState.UNLOADED
    for event in events:
        if (state, event) in TRANSITIONS:
            state = after(state, event)
        else:
            with pytest.raises(InternalError, match=f"a player that is {state} cannot {event}"):
                after(state, event)


def test_an_active_player_is_never_evicted():
    with pytest.raises(InternalError, match="a player that is active cannot evict"):
        after(PlayerState.ACTIVE, PlayerEvent.EVICT)
