"""Cases of async players and of bodies that must run at the same time."""

# In a melody references stand for values, which a type checker cannot follow.
# mypy: disable-error-code="call-arg,arg-type,untyped-decorator"

from __future__ import annotations

import asyncio
from typing import Any

from symphony.define.context import Context
from symphony.define.player import operator
from symphony.define.tracing import each, melody
from symphony.testing.executor_cases.case import Cases, Road
from symphony.testing.executor_cases.graphs import add, count_to
from symphony.testing.executor_cases.marks import WAIT_S, mark, marks, wait_until
from symphony.testing.executor_cases.stage import Stage, must_equal

cases = Cases()
_MANY = 20
_SOME = 3


@operator(version="1.0.0")
async def plus_one(x: int) -> int:
    """The next number."""
    await asyncio.sleep(0)
    return x + 1


@operator(version="1.0.0")
async def refuses(x: int) -> int:
    """Fail after a while."""
    await asyncio.sleep(0)
    raise ValueError(f"no {x}")


@operator(version="1.0.0")
async def meets(log: str, x: int) -> int:
    """Wait until many are there."""
    mark(log, f"here {x}")
    for _ in range(int(WAIT_S / 0.01)):
        if len(marks(log)) >= _MANY:
            return x
        await asyncio.sleep(0.01)
    raise TimeoutError("the others did not come")


@operator(version="1.0.0")
def meets_in_a_thread(log: str, x: int) -> int:
    """Wait until some are there."""
    mark(log, f"here {x}")
    if not wait_until(lambda: len(marks(log)) >= _SOME):
        raise TimeoutError("the others did not come")
    return x


@operator(version="1.0.0")
async def flaky_coroutine(ctx: Context) -> int:
    """Fail at first."""
    if ctx.attempt == 1:
        raise OSError("not yet")
    return ctx.attempt


@melody
def coroutines() -> Any:
    ys = plus_one(each(count_to(n=4)))
    return add(a=each(ys), b=100)


@melody
def coroutine_that_fails() -> Any:
    bad = refuses(x=1)
    return {"bad": bad, "good": plus_one(x=1)}


@melody
def many_coroutines(log: str) -> Any:
    return meets(log=log, x=each(count_to(n=_MANY)))


@melody
def some_threads(log: str) -> Any:
    return meets_in_a_thread(log=log, x=each(count_to(n=_SOME)))


@melody
def coroutine_with_retry() -> Any:
    return flaky_coroutine.with_options(retry={"attempts": 2, "delay": "1ms"})()


cases.expect("async-players", coroutines, outputs={"out": [101, 102, 103, 104]})
cases.expect(
    "async-players-are-retried", coroutine_with_retry, outputs={"out": 2}, tasks={"flaky_coroutine": "succeeded"}
)
cases.expect("bodies-run-at-the-same-time-in-as-many-workers-as-asked-for", some_threads, outputs={"out": list(range(_SOME))},
             options={"workers": _SOME}, roads=(Road.RECORDED, Road.MEMORY))  # fmt: skip
cases.expect("async-players-wait-at-the-same-time-whatever-the-number-of-workers", many_coroutines,
             outputs={"out": list(range(_MANY))}, options={"workers": 1}, roads=(Road.RECORDED, Road.MEMORY))  # fmt: skip


@cases.scenario(coroutine_that_fails, roads=tuple(Road))
def an_async_player_that_fails(stage: Stage) -> None:
    played = stage.run(coroutine_that_fails)
    played.must_be("failed", {"bad": "failed"}, {})
    must_equal("the message", played.error_of("bad")["message"], "no 1")
    must_equal("the other", played.result.outputs["good"], 2)
