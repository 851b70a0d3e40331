"""The order in which calls of different priority are taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symphony.runtime.priority_queue import PriorityQueue


@given(st.lists(st.integers(-2, 2), max_size=30))
def test_the_higher_priority_goes_first_and_equals_in_the_order_in_which_they_came(priorities: list[int]) -> None:
    queue = PriorityQueue(priorities.__getitem__)
    queue.extend(range(len(priorities)))

    taken = [queue.popleft() for _ in range(len(queue))]

    assert taken == sorted(range(len(priorities)), key=lambda n: -priorities[n])  # sorting keeps the order of equals


def test_one_that_comes_later_with_a_higher_priority_goes_before_those_that_wait() -> None:
    queue = PriorityQueue(lambda node: node)
    queue.extend([1, 2])
    queue.append(3)

    assert [queue.popleft(), queue.popleft(), queue.popleft()] == [3, 2, 1]


def test_an_empty_queue_is_false_and_gives_nothing() -> None:
    queue = PriorityQueue(lambda node: 0)
    queue.append(7)
    queue.clear()

    assert not queue
    with pytest.raises(IndexError):
        queue.popleft()
