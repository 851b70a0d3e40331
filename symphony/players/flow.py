"""Players for trying out a melody or an executor: numbers, waiting, working, failing."""

from __future__ import annotations

import time
from typing import Any

from symphony.define.context import Context
from symphony.define.player import operator


@operator(version="1.0.0", tags=("flow", "try", "numbers"))
def numbers(count: int, start: int = 0) -> list[int]:
    """Give a list of whole numbers to run `each` over.

    Args:
        count: how many.
        start: the first one.

    Raises:
        ValueError: the count is negative.

    Example:
        ```yaml
        numbers:
          player: flow.numbers
          with: {count: 10}
        ```
    """
    if count < 0:
        raise ValueError(f"count is {count}: a list has at least 0 elements")
    return list(range(start, start + count))


@operator(version="1.0.0", tags=("flow", "try"))
def echo(value: Any) -> Any:
    """Give back what came in.

    Args:
        value: anything.

    Example:
        ```yaml
        same:
          player: flow.echo
          with: {value: 42}
        ```
    """
    return value


@operator(version="1.1.0", tags=("flow", "try", "wait"))
def sleep(ctx: Context, seconds: float = 1.0, value: Any = None) -> Any:
    """Wait, then give back a value. Ends early when the run is cancelled; takes no time in a test whose clock jumps.

    Args:
        seconds: how long.
        value: what to give back.

    Raises:
        ValueError: the time is negative.

    Example:
        ```yaml
        pause:
          player: flow.sleep
          with: {seconds: 0.5}
        ```
    """
    if seconds < 0:
        raise ValueError(f"seconds is {seconds}: time does not run backwards")
    ctx.sleep(seconds)
    return value


@operator(version="1.0.0", tags=("flow", "try", "cpu"))
def work(ctx: Context, seconds: float = 0.01, value: Any = None) -> Any:
    """Keep one processor busy, then give back a value. Ends early when the run is cancelled.

    Args:
        seconds: how long.
        value: what to give back.

    Example:
        ```yaml
        heat:
          player: flow.work
          with: {seconds: 0.1}
        ```
    """
    end = time.perf_counter() + seconds
    number = 1
    while time.perf_counter() < end and not ctx.cancelled:
        for _ in range(1000):
            number = number * 1103515245 % 2147483647
    return value


@operator(version="1.0.0", tags=("flow", "try", "error"), cache=False)
def fail(ctx: Context, message: str = "asked to fail", until_attempt: int = 0, value: Any = None) -> Any:
    """Fail on purpose: always, or until a given attempt, to try out retries.

    Args:
        message: what the error says.
        until_attempt: the first attempt that succeeds; 0: none does.
        value: what to give back on success.

    Raises:
        RuntimeError: as asked.

    Example:
        ```yaml
        third_time_lucky:
          player: flow.fail
          with: {until_attempt: 3}
          retry: 3
        ```
    """
    if until_attempt and ctx.attempt >= until_attempt:
        return value
    raise RuntimeError(f"{message} (attempt {ctx.attempt})")


@operator(version="1.0.0", tags=("flow", "try", "sum", "reduce"))
def total(values: list[Any]) -> float:
    """Add up numbers.

    Args:
        values: the numbers.

    Raises:
        TypeError: one of the values is no number; says which.

    Example:
        ```yaml
        sum:
          player: flow.total
          with: {values: [1, 2, 3]}
        ```
    """
    for position, value in enumerate(values):
        if not isinstance(value, (int, float)):
            raise TypeError(f"values[{position}] is {value!r}: only numbers can be added up")
    added: float = sum(values)
    return added
