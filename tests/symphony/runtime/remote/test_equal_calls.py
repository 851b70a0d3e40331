"""Equal calls of one run on one worker."""

from __future__ import annotations

import threading

import pytest

from symphony.model.artifact import Artifact
from symphony.runtime.call_errors import StoppedError
from symphony.runtime.remote.equal_calls import SMALL_BYTES, EqualCalls, Given


def going_on() -> bool:
    return False


GIVEN = Given({"out": Artifact("a" * 64, "msgpack")}, {"out": b"1"})


def test_the_first_makes_it_and_those_that_come_later_are_served() -> None:
    equal = EqualCalls()

    assert equal.given_or_first("k", going_on) is None
    equal.ended("k", GIVEN)
    assert equal.given_or_first("k", going_on) is GIVEN
    assert equal.given_or_first("another", going_on) is None


def test_one_that_comes_meanwhile_waits_for_the_first() -> None:
    equal, found, came = EqualCalls(), [], threading.Event()
    assert equal.given_or_first("k", going_on) is None

    def another() -> None:
        came.set()
        found.append(equal.given_or_first("k", going_on))

    thread = threading.Thread(target=another)
    thread.start()
    came.wait(5)
    thread.join(0.05)
    assert found == []
    equal.ended("k", GIVEN)
    thread.join(5)
    assert found == [GIVEN]


def test_after_one_that_ended_badly_the_next_is_the_first() -> None:
    equal = EqualCalls()
    equal.given_or_first("k", going_on)
    equal.ended("k", None)

    assert equal.given_or_first("k", going_on) is None


def test_large_results_that_the_store_does_not_have_yet_are_not_kept_in_memory() -> None:
    equal = EqualCalls()
    equal.given_or_first("k", going_on)
    equal.ended("k", Given(GIVEN.artifacts, {"out": b"x" * (SMALL_BYTES + 1)}))

    assert equal.given_or_first("k", going_on) is None


def test_a_call_that_is_to_end_does_not_wait_and_leaves_the_first_alone() -> None:
    equal = EqualCalls()
    assert equal.given_or_first("k", going_on) is None

    with pytest.raises(StoppedError):
        equal.given_or_first("k", lambda: True)
    equal.ended("k", GIVEN)

    assert equal.given_or_first("k", going_on) is GIVEN
