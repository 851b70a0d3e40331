"""The players that the pages of errors call."""

from typing import Any, NamedTuple

from symphony import operator


class Model:
    """Something that expressions cannot look into."""


class Halves(NamedTuple):
    """Two outputs."""

    left: str
    right: str


@operator
def greet(name: str) -> str:
    return f"Hello, {name}"


@operator
def double(n: int) -> int:
    return 2 * n


@operator
def anything(n: int) -> Any:
    return n


@operator(outputs=True)
def halves(text: str) -> Halves:
    middle = len(text) // 2
    return Halves(text[:middle], text[middle:])


@operator
def train(rows: list[int]) -> Model:
    return Model()


@operator
def use(model: Model) -> str:
    return type(model).__name__
