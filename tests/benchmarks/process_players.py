"""Players for the benchmark of processes."""

from __future__ import annotations

import time
from typing import Any

from symphony import operator


@operator
def nothing() -> int:
    return 0


@operator
def spin(seconds: float) -> float:
    begun = time.process_time()
    while time.process_time() - begun < seconds:
        pass
    return seconds


@operator
def echo(value: Any) -> Any:
    return value


@operator
def total(value: Any) -> int:
    return len(value)


@operator
def make(size: int) -> bytes:
    return bytes(size)


@operator
def make_array(size: int) -> Any:
    import numpy

    return numpy.ones(size, "u1")


def plain_spin(seconds: float) -> float:
    """The same as `spin`, for the pools of others."""
    return spin.function(seconds)


def plain_nothing() -> int:
    """The same as `nothing`, for the pools of others."""
    return 0


def plain_echo(value: Any) -> Any:
    """The same as `echo`, for the pools of others."""
    return value
