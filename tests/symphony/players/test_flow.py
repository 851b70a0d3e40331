"""Players for trying out a melody or an executor."""

from __future__ import annotations

import time
from typing import Any

import pytest

from symphony.players import flow


def test_numbers_and_total() -> None:
    assert flow.numbers(3, start=2) == [2, 3, 4]
    assert flow.numbers(0) == []
    assert flow.total([1, 2, 3.5]) == 6.5
    assert flow.echo({"a": 1}) == {"a": 1}
    with pytest.raises(ValueError, match="count is -1"):
        flow.numbers(-1)


@pytest.mark.parametrize("player", [flow.sleep, flow.work], ids=["sleep", "work"])
def test_waiting_and_working_take_the_time_asked_for(ctx: Any, player: Any) -> None:
    started = time.monotonic()

    assert player(ctx, seconds=0.02, value=7) == 7
    assert time.monotonic() - started >= 0.019


@pytest.mark.parametrize("player", [flow.sleep, flow.work], ids=["sleep", "work"])
def test_cancelling_ends_it_early(ctx: Any, player: Any) -> None:
    ctx.cancelled = True
    started = time.monotonic()

    player(ctx, seconds=30.0)

    assert time.monotonic() - started < 10


def test_time_does_not_run_backwards(ctx: Any) -> None:
    with pytest.raises(ValueError, match="seconds is -1"):
        flow.sleep(ctx, seconds=-1)


def test_failing_until_an_attempt(ctx: Any) -> None:
    with pytest.raises(RuntimeError, match=r"boom \(attempt 1\)"):
        flow.fail(ctx, message="boom", until_attempt=2)
    ctx.attempt = 2
    assert flow.fail(ctx, until_attempt=2, value="done") == "done"
    with pytest.raises(RuntimeError, match="asked to fail"):
        flow.fail(ctx)
