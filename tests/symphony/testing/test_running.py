"""Calling players outside a run."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from symphony.define.context import Context
from symphony.define.player import operator
from symphony.errors import UsageError
from symphony.testing import run_player


@operator
def page(text: str, ctx: Context, name: str = "page.html") -> Path:
    """Write a page."""
    ctx.log.warning("100%% of %s", name)
    ctx.progress(1, 1)
    assert isinstance(ctx, Context)
    assert list(ctx.workdir.iterdir()) == []
    (ctx.workdir / name).write_text(text)
    return ctx.workdir / name


@operator
async def later(value: int) -> int:
    """Add one, some time."""
    return value + 1


def test_a_body_gets_an_empty_work_folder_each_time_and_what_it_leaves_can_be_read() -> None:
    first, second = run_player(page, text="one"), run_player(page, text="two")

    assert (first.read_text(), second.read_text()) == ("one", "two")


def test_what_a_body_logs_is_seen(caplog: pytest.LogCaptureFixture) -> None:
    run_player(page, text="one")

    assert [(r.levelno, r.getMessage()) for r in caplog.records] == [(logging.WARNING, "100% of page.html")]


def test_an_async_body_is_awaited() -> None:
    assert run_player(later, value=1) == 2


@pytest.mark.parametrize(
    ("inputs", "message"),
    [({}, r"needs the input 'text': string"), ({"text": "", "nme": ""}, r"has no input 'nme': did you mean 'name'")],
    ids=["missing", "unknown"],
)
def test_wrong_inputs_are_named(inputs: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        run_player(page, **inputs)


def test_a_plain_function_is_refused() -> None:
    with pytest.raises(UsageError, match="a player is needed"):
        run_player(len)  # type: ignore[arg-type]
