"""Calls that are to end, one by one or all."""

from __future__ import annotations

from symphony.runtime.remote.ending import Endings


def test_one_call_is_ended_and_the_others_go_on() -> None:
    endings, done = Endings(), []

    with endings.making("a#1") as first, endings.making("b#1") as second:
        first.by(lambda: done.append("a"))
        second.by(lambda: done.append("b"))
        endings.end(["a#1"])

        assert (first.is_asked, second.is_asked, done) == (True, False, ["a"])


def test_a_body_that_begins_after_it_was_to_end_is_ended_at_once() -> None:
    endings, done = Endings(), []

    with endings.making("a#1") as ending:
        endings.end(["a#1"])
        ending.by(lambda: done.append("a"))

    assert done == ["a"]


def test_a_call_that_has_not_begun_is_to_end_from_its_start_and_its_next_attempt_is_not() -> None:
    endings = Endings()
    endings.end(["a#1"])

    with endings.making("a#1") as ending, endings.making("a#2") as following:
        assert (ending.is_asked, following.is_asked) == (True, False)


def test_all_means_also_those_that_come() -> None:
    endings = Endings()

    with endings.making("a#1") as ending:
        endings.end_all()
        assert ending.is_asked
    with endings.making("b#1") as following:
        assert following.is_asked
    assert endings.is_over
