"""Puts tasks in an order in which each comes after what it waits for, or shows the circle that prevents it."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence


class Cycle(Exception):
    """Tasks that wait for each other; `members` begins and ends with the same task."""

    def __init__(self, members: tuple[str, ...]) -> None:
        self.members = members
        super().__init__(" -> ".join(members))


def in_order(waits_for: Mapping[str, Sequence[str]]) -> list[str]:
    """Order the keys so that each comes after those it waits for; ties keep the order of the mapping. Linear or n log n.

    Raises:
        Cycle: with one actual circle, in the direction of waiting.
    """
    position = {name: i for i, name in enumerate(waits_for)}
    if all(position[d] < i for i, deps in enumerate(waits_for.values()) for d in deps):
        return list(waits_for)
    names = list(waits_for)
    missing = [len(set(deps)) for deps in waits_for.values()]
    followers: list[list[int]] = [[] for _ in names]
    for i, deps in enumerate(waits_for.values()):
        for d in set(deps):
            followers[position[d]].append(i)
    ready = [i for i, count in enumerate(missing) if count == 0]
    heapq.heapify(ready)
    order: list[str] = []
    while ready:
        i = heapq.heappop(ready)
        order.append(names[i])
        for f in followers[i]:
            missing[f] -= 1
            if missing[f] == 0:
                heapq.heappush(ready, f)
    if len(order) < len(names):
        raise Cycle(_circle(waits_for, {n for i, n in enumerate(names) if missing[i]}))
    return order


def _circle(waits_for: Mapping[str, Sequence[str]], stuck: set[str]) -> tuple[str, ...]:
    """Walk from a stuck task along what it waits for until a task comes up twice."""
    at = next(n for n in waits_for if n in stuck)
    path: dict[str, int] = {}
    while at not in path:
        path[at] = len(path)
        at = next(d for d in waits_for[at] if d in stuck)
    return (*list(path)[path[at] :], at)
