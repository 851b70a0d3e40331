"""Cases of large values: arrays in and out, and inputs that no body may change."""

# In a melody references stand for values, which a type checker cannot follow.
# mypy: disable-error-code="call-arg,arg-type,untyped-decorator"

from __future__ import annotations

from importlib.util import find_spec
from typing import Any
from unittest import SkipTest

from symphony.define.player import operator
from symphony.define.tracing import each, melody
from symphony.testing.executor_cases.case import ONCE, Cases, Road
from symphony.testing.executor_cases.graphs import count_to
from symphony.testing.executor_cases.stage import Stage, must, must_equal

cases = Cases()
_NUMBERS = 1_000_000
"""As many as make 8 MB."""
_BYTES = 5_000_000


@operator(version="1.0.0")
def numbers(n: int) -> Any:
    """The first numbers as an array of 64-bit floats."""
    import numpy  # only this case needs it

    return numpy.arange(n, dtype="float64")


@operator(version="1.0.0")
def scaled(xs: Any, by: float) -> Any:
    """An array times a number."""
    return xs * by


@operator(version="1.0.0")
def summed(xs: Any) -> float:
    """The sum of an array."""
    return float(xs.sum())


@operator(version="1.0.0", isolation="process")
def summed_apart(xs: Any) -> float:
    """The sum of an array."""
    return float(xs.sum())


@operator(version="1.0.0")
def writes_into(xs: Any) -> str:
    """Try to change an input."""
    try:
        xs[0] = -1.0
    except ValueError:
        return "refused"
    return "changed"


@operator(version="1.0.0")
def sorts_in_place(xs: list[int]) -> int:
    """Change an input, as no body may."""
    xs.sort()
    return xs[0]


@operator(version="1.0.0")
def unsorted(n: int) -> list[int]:
    """Numbers that are not in order."""
    return [n, 1, 2]


@operator(version="1.0.0")
def many_bytes(n: int) -> bytes:
    """As many bytes."""
    return bytes(n)


@operator(version="1.0.0")
def length(data: bytes) -> int:
    """How many bytes."""
    return len(data)


@melody
def large_arrays() -> Any:
    xs = numbers(n=_NUMBERS)
    ys = scaled(xs=xs, by=2.0)
    return {"ys": ys, "sum": summed(xs=ys)}


@melody
def array_to_a_process() -> Any:
    return summed_apart(xs=numbers(n=_NUMBERS))


@melody
def array_that_two_read() -> Any:
    xs = numbers(n=10)
    said = writes_into(xs=xs)
    return {"said": said, "sum": summed(xs=scaled(xs=xs, by=1.0))}


@melody
def input_that_is_changed() -> Any:
    bad = sorts_in_place(xs=unsorted(n=3))
    return bad


@melody
def large_bytes() -> Any:
    return length(data=many_bytes(n=_BYTES))


@melody
def arrays_per_element() -> Any:
    xs = scaled(xs=numbers(n=100), by=each(count_to(n=3)))
    return summed(xs=each(xs))


cases.expect("megabytes-of-bytes", large_bytes, outputs={"out": _BYTES})


def _needs_arrays() -> None:
    if find_spec("numpy") is None:
        raise SkipTest("numpy is not installed")


@cases.scenario(large_arrays, roads=tuple(Road))
def large_arrays_come_and_go(stage: Stage) -> None:
    _needs_arrays()
    outputs = stage.run(large_arrays).result.outputs
    must_equal("the sum", outputs["sum"], float(_NUMBERS * (_NUMBERS - 1)))
    must_equal("shape and type", (outputs["ys"].shape, str(outputs["ys"].dtype)), ((_NUMBERS,), "float64"))
    must_equal("the last number", float(outputs["ys"][-1]), 2.0 * (_NUMBERS - 1))


@cases.scenario(array_to_a_process, roads=ONCE)
def a_large_array_goes_to_a_process(stage: Stage) -> None:
    _needs_arrays()
    must_equal("the sum", stage.run(array_to_a_process).result.outputs["out"], _NUMBERS * (_NUMBERS - 1) / 2)


@cases.scenario(array_that_two_read, roads=tuple(Road))
def arrays_are_handed_out_unwritable(stage: Stage) -> None:
    _needs_arrays()
    outputs = stage.run(array_that_two_read).result.outputs
    must_equal("writing into an input", outputs["said"], "refused")
    must_equal("the sum", outputs["sum"], 45.0)


@cases.scenario(arrays_per_element, roads=tuple(Road))
def arrays_of_elements(stage: Stage) -> None:
    _needs_arrays()
    must_equal("the sums", stage.run(arrays_per_element).result.outputs["out"], [0.0, 4950.0, 9900.0])


@cases.scenario(input_that_is_changed, roads=(Road.STRICT,))
def a_body_that_changes_an_input_fails_and_names_it(stage: Stage) -> None:
    played = stage.run(input_that_is_changed)
    played.must_be("failed", {"bad": "failed"}, {})
    message = str(played.error_of("bad")["message"])
    must("xs" in message, f"the input is not named: {message!r}")
