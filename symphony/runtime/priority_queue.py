"""Calls in the order in which they are to be taken: the higher rank first, and of equals the one that came first. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable


class PriorityQueue:
    """Takes and gives calls at a cost that grows with the logarithm of how many there are; used like a deque.

    Args:
        priority_of: by node, higher goes first; asked once, when the node comes.
    """

    def __init__(self, priority_of: Callable[[int], int]) -> None:
        self._priority_of = priority_of
        self._heap: list[tuple[int, int, int]] = []
        self._came = 0

    def __len__(self) -> int:
        return len(self._heap)

    def append(self, node: int) -> None:
        """Take one in, behind those of its priority."""
        self._came += 1
        heapq.heappush(self._heap, (-self._priority_of(node), self._came, node))

    def extend(self, nodes: Iterable[int]) -> None:
        """Take several in, in this order."""
        for node in nodes:
            self.append(node)

    def popleft(self) -> int:
        """Give the one whose turn it is. Raises IndexError where there is none."""
        return heapq.heappop(self._heap)[2]

    def clear(self) -> None:
        """Forget all of them."""
        self._heap.clear()
