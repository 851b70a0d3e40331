"""Patience tries again, with growing pauses, for a bounded time."""

from __future__ import annotations

import pytest

from symphony.store.patience import Patience

pytestmark = pytest.mark.filterwarnings("ignore:the place does not answer")


class Time:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


class Place:
    """Fails some times, then answers."""

    def __init__(self, failures: int, error: Exception | None = None) -> None:
        self.left, self.asked = failures, 0
        self.error = error or ConnectionError("refused")

    def __call__(self) -> str:
        self.asked += 1
        self.left -= 1
        if self.left >= 0:
            raise self.error
        return "answer"


def patience(time: Time, seconds: float = 60.0, chance: float = 1.0) -> Patience:
    return Patience(
        seconds, lambda e: isinstance(e, ConnectionError), "the place",
        clock=lambda: time.now, sleep=time.sleep, chance=lambda: chance,
    )  # fmt: skip


def test_a_place_that_answers_is_asked_once() -> None:
    time, place = Time(), Place(0)

    assert patience(time).call(place) == "answer"
    assert (place.asked, time.pauses) == (1, [])


def test_pauses_grow_up_to_five_seconds() -> None:
    time = Time()

    assert patience(time).call(Place(8)) == "answer"
    assert time.pauses == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0])


def test_pauses_are_random_from_a_half_up() -> None:
    time = Time()

    patience(time, chance=0.0).call(Place(3))

    assert time.pauses == pytest.approx([0.05, 0.1, 0.2])


def test_it_gives_up_after_its_time_with_the_last_error() -> None:
    time, place = Time(), Place(10_000)

    with pytest.raises(ConnectionError, match="refused"):
        patience(time, 10.0).call(place)
    assert 10.0 <= time.now - 100.0 < 15.0


def test_what_does_not_pass_is_raised_at_once() -> None:
    time, place = Time(), Place(1, PermissionError("no"))

    with pytest.raises(PermissionError):
        patience(time).call(place)
    assert (place.asked, time.pauses) == (1, [])


def test_once_it_is_over_a_call_is_tried_once_until_one_succeeds() -> None:
    time = Time()
    waiting = patience(time, 10.0)
    with pytest.raises(ConnectionError):
        waiting.call(Place(10_000))
    assert waiting.is_over

    again = Place(10_000)
    with pytest.raises(ConnectionError):
        waiting.call(again)
    assert again.asked == 1

    waiting.call(Place(0))
    assert not waiting.is_over
    assert waiting.call(Place(2)) == "answer"


def test_an_outage_after_a_long_silence_is_waited_for_anew() -> None:
    time = Time()
    waiting = patience(time, 10.0)
    with pytest.raises(ConnectionError):
        waiting.call(Place(10_000))

    time.now += 1_000.0

    assert waiting.call(Place(2)) == "answer"


@pytest.mark.filterwarnings("default:the place does not answer")
def test_an_outage_is_told_once() -> None:
    with pytest.warns(RuntimeWarning, match=r"the place does not answer \(ConnectionError\).* up to 60 s") as told:
        patience(Time()).call(Place(5))

    assert len(told) == 1
