"""The clock moved by hand."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from symphony.errors import UsageError
from symphony.testing import FakeClock


def test_time_stands_still_until_it_is_moved() -> None:
    clock = FakeClock(start_s=1_000.0)

    assert (clock.now(), clock.monotonic()) == (1_000.0, 0.0)
    assert (clock.now(), clock.monotonic()) == (1_000.0, 0.0)


def test_advance_and_sleep_move_both_times() -> None:
    clock = FakeClock(start_s=1_000.0)

    clock.advance(2)
    clock.sleep(0.5)

    assert (clock.now(), clock.monotonic()) == (1_002.5, 2.5)


@pytest.mark.parametrize("seconds", [-1.0, float("nan")])
def test_a_clock_never_goes_back(seconds: float) -> None:
    with pytest.raises(UsageError, match="forwards only"):
        FakeClock().advance(seconds)


def test_no_move_of_a_thread_is_lost() -> None:
    clock = FakeClock()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(clock.sleep, [1.0] * 1000))

    assert clock.monotonic() == 1000.0
