"""Who is blamed for the loss of a worker."""

from __future__ import annotations

from symphony_dask.losses import Losses


def test_a_call_that_costs_three_workers_is_given_up_and_its_neighbours_are_not() -> None:
    losses = Losses()
    for turn in range(3):
        losses.started("poison", f"w{turn}")
        losses.started("beside", f"other{turn}")
        assert losses.lost(f"w{turn}") == (["poison"] if turn == 2 else [])

    assert losses.deaths("poison") == 3
    assert losses.deaths("beside") == 0


def test_a_call_that_had_not_begun_on_the_lost_worker_is_not_blamed() -> None:
    losses = Losses()

    assert losses.lost("w") == []
    assert losses.deaths("waiting") == 0


def test_an_end_clears_a_call() -> None:
    losses = Losses()
    losses.started("a", "w")
    losses.ended("a")

    assert losses.lost("w") == []
    assert not losses.has_started("a")
