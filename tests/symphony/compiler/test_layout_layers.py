"""Ranks, order and coordinates of flat graphs."""

from __future__ import annotations

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from symphony.compiler.layout_layers import GAP_X, LayerEdge, Layers, lay_out_layers

SIZE = (100.0, 40.0)


def laid_out(count: int, *pairs: tuple[int, int]) -> Layers:
    return lay_out_layers([SIZE] * count, [LayerEdge(a, b) for a, b in pairs])


def test_a_chain_is_one_straight_column() -> None:
    layers = laid_out(4, (0, 1), (1, 2), (2, 3))

    assert layers.x == [50.0] * 4
    assert layers.y == sorted(layers.y)
    assert layers.width == 100.0


def test_a_diamond_is_symmetric() -> None:
    layers = laid_out(4, (0, 1), (0, 2), (1, 3), (2, 3))

    assert layers.x[0] == layers.x[3] == (layers.x[1] + layers.x[2]) / 2
    assert layers.y[1] == layers.y[2]


def test_crossings_that_can_be_avoided_are_avoided() -> None:
    layers = laid_out(6, (0, 5), (1, 4), (2, 3))

    assert sorted([0, 1, 2], key=lambda n: layers.x[n]) == sorted([0, 1, 2], key=lambda n: layers.x[5 - n])


def test_a_source_stands_right_above_its_reader() -> None:
    layers = laid_out(5, (0, 1), (1, 2), (2, 3), (4, 3))

    assert layers.y[4] == layers.y[2]


def test_a_long_edge_goes_round_the_boxes_between() -> None:
    layers = laid_out(3, (0, 1), (1, 2), (0, 2))

    middle = [x for x, y in layers.routes[2] if abs(y - layers.y[1]) <= SIZE[1] / 2 + 0.1]

    assert middle
    assert all(abs(x - layers.x[1]) >= SIZE[0] / 2 for x in middle)


def test_a_cycle_is_drawn_with_one_edge_pointing_up() -> None:
    layers = laid_out(3, (0, 1), (1, 2), (2, 0))

    upwards = [way[0][1] > way[-1][1] for way in layers.routes]

    assert upwards == [False, False, True]


def test_nothing_is_laid_out_as_nothing() -> None:
    assert laid_out(0) == Layers([], [], [], 0.0, 0.0)


def some_edges(count: int) -> st.SearchStrategy[list[tuple[int, int]]]:
    ends = st.integers(0, count - 1)
    return st.lists(st.tuples(ends, ends).filter(lambda e: e[0] != e[1]), max_size=30, unique=True)


@given(st.integers(1, 14).flatmap(lambda n: st.tuples(st.just(n), some_edges(n))))
@settings(max_examples=60, deadline=None)
def test_boxes_never_overlap_and_equal_input_gives_equal_output(graph: tuple[int, list[tuple[int, int]]]) -> None:
    count, pairs = graph

    layers = laid_out(count, *pairs)

    assert layers == laid_out(count, *pairs)
    for a in range(count):
        for b in range(a):
            if layers.y[a] == layers.y[b]:
                assert abs(layers.x[a] - layers.x[b]) >= SIZE[0] + GAP_X - 1e-6
            else:
                assert abs(layers.y[a] - layers.y[b]) >= SIZE[1]
    for way, (a, b) in zip(layers.routes, pairs, strict=True):
        assert way[0][0] == layers.x[a]
        assert way[-1][0] == layers.x[b]


@given(some_edges(14).map(lambda pairs: [(a, b) for a, b in pairs if a < b]))
@settings(max_examples=60, deadline=None)
def test_without_a_cycle_every_edge_points_down(pairs: list[tuple[int, int]]) -> None:
    layers = laid_out(14, *pairs)

    assert all(layers.y[a] < layers.y[b] for a, b in pairs)


def test_ten_thousand_nodes_are_placed_within_five_seconds() -> None:
    pairs = [
        ((r - 1) * 100 + (i * 7 + r * j) % 100, r * 100 + i) for r in range(1, 100) for i in range(100) for j in (1, 3)
    ]
    start = time.process_time()

    layers = laid_out(10_000, *dict.fromkeys(pairs))

    assert time.process_time() - start < 5
    assert len(layers.x) == 10_000


def test_a_chain_read_to_its_end_by_all_does_not_explode() -> None:
    count = 2_000
    pairs = [(i, i + 1) for i in range(count - 1)] + [(i, count - 1) for i in range(count - 2)]
    start = time.process_time()

    layers = laid_out(count, *pairs)

    assert time.process_time() - start < 5
    assert sum(map(len, layers.routes)) < 100_000
