"""Pausing the garbage collector: it is as it was afterwards, whatever happened."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from symphony.define.garbage import collection_paused


@pytest.fixture(autouse=True)
def _collector_as_found() -> Iterator[None]:
    enabled = gc.isenabled()
    yield
    (gc.enable if enabled else gc.disable)()


def test_collection_is_off_inside_and_on_again_afterwards() -> None:
    gc.enable()

    with collection_paused():
        assert not gc.isenabled()
        with collection_paused():
            assert not gc.isenabled()
        assert not gc.isenabled(), "the inner pause ended the outer one"

    assert gc.isenabled()


def test_an_error_inside_leaves_collection_on() -> None:
    gc.enable()

    with pytest.raises(KeyError), collection_paused():
        raise KeyError

    assert gc.isenabled()


def test_collection_that_the_user_turned_off_stays_off() -> None:
    gc.disable()

    with collection_paused():
        pass

    assert not gc.isenabled()


def test_very_many_new_values_count_as_old_and_nothing_stays_frozen() -> None:
    gc.enable()
    frozen = gc.get_freeze_count()
    with collection_paused():
        kept: list[list[int]] = [[] for _ in range(60_000)]

    assert gc.get_count()[0] < 10_000
    assert gc.get_freeze_count() == frozen
    assert len(kept) == 60_000


def test_garbage_made_meanwhile_is_found_later() -> None:
    gc.enable()
    with collection_paused():
        made: list[list[object]] = [[] for _ in range(60_000)]
        for one in made:
            one.append(one)
        del made, one

    assert gc.collect() >= 60_000
