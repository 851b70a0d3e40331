"""The lists that a task with `each` runs over, zipped or crossed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from symphony.errors import MelodyError
from symphony.runtime.values import Held


class ElementError(MelodyError):
    """`each` was given something it cannot run over."""


@dataclass(slots=True)
class ListSource:
    """One list.

    Attributes:
        nodes: the calls that make the elements, when the list comes from another task with `each`.
        port: which of their outputs.
        streams: whether an element is made of one element of it.
    """

    length: int
    element: Callable[[int], Held]
    nodes: Sequence[int] | None = None
    port: str = ""
    streams: bool = True


@dataclass(slots=True)
class Rows:
    """What the elements of one task are made of."""

    sources: Mapping[str, ListSource]
    product: bool

    def count(self, task: str) -> int:
        """How many elements there are.

        Raises:
            ElementError: zipped lists have different lengths.
        """
        lengths = {name: s.length for name, s in self.sources.items()}
        if self.product:
            return prod(lengths.values())
        if len(set(lengths.values())) > 1:
            shown = ", ".join(f"{n} has {c}" for n, c in lengths.items())
            raise ElementError(f"{task}: zipped lists must be equally long: {shown}")
        return next(iter(lengths.values()), 0)

    def position(self, name: str, index: int) -> int:
        """Which element of the list `name` belongs to row `index`; the last list varies fastest."""
        if not self.product:
            return index
        names = list(self.sources)
        for later in reversed(names[names.index(name) + 1 :]):
            index //= self.sources[later].length
        return index % self.sources[name].length

    def element(self, name: str, index: int) -> Held:
        """The element of the list `name` in row `index`."""
        return self.sources[name].element(self.position(name, index))


def from_value(value: Any, held: Held, task: str, elements: Sequence[Held] | None = None) -> ListSource:
    """The source of a list that is there as a value.

    Raises:
        ElementError: the value is no list or tuple.
    """
    if elements is not None:
        return ListSource(len(elements), elements.__getitem__)
    if not isinstance(value, (list, tuple)):
        shown = "null" if value is None else f"a {type(value).__qualname__}"
        raise ElementError(f"{task}: each takes a list, this is {shown}")
    kept: dict[int, Held] = {}

    def element(i: int) -> Held:
        if i not in kept:
            kept[i] = Held(value[i])
        return kept[i]

    return ListSource(len(value), element)
