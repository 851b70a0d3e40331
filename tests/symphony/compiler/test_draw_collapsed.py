"""Folding large graphs."""

from __future__ import annotations

import pytest

from symphony.compiler.draw_collapsed import BANDS, caption, collapsed, subtitle_of, title_of
from symphony.compiler.graph import Graph, GraphEdge, GraphNode, Group, NodeKind


def node(id: str, player: str = "p", group: str = "", state: str | None = None) -> GraphNode:
    return GraphNode(id, id.rpartition(".")[2], NodeKind.OPERATOR, player, player, group=group, state=state)


def fan(count: int, **states: str) -> Graph:
    middle = [node(f"m{i}", state=states.get(f"m{i}")) for i in range(count)]
    edges = [GraphEdge("a", m.id) for m in middle] + [GraphEdge(m.id, "z") for m in middle]
    return Graph("demo", (node("a"), *middle, node("z")), tuple(edges))


def test_a_small_graph_comes_back_as_it_is() -> None:
    graph = fan(10)

    assert collapsed(graph) is graph
    assert caption(graph) == ""


def test_parallel_siblings_become_one_box_that_says_how_many_more() -> None:
    small = collapsed(fan(413))

    assert [title_of(n) for n in small.nodes] == ["a", "m0 … 412 more", "z"]
    assert [(e.source, e.target) for e in small.edges] == [("a", "m0"), ("m0", "z")]
    assert caption(small) == "415 nodes drawn as 3 boxes; all of them with --full"


def test_a_folded_box_shows_the_worst_state() -> None:
    states = {f"m{i}": "succeeded" for i in range(300)} | {"m7": "failed"}

    assert [n.state for n in collapsed(fan(300, **states)).nodes] == [None, "failed", None]


def test_groups_are_folded_first_and_keep_their_name() -> None:
    inner = [node(f"child.t{i}", f"p{i}", "child") for i in range(50)]
    graph = Graph("demo", (node("a"), *inner), (GraphEdge("a", "child.t0"),), (Group("child", each=True),))

    small = collapsed(graph, limit=10)

    assert [(title_of(n), subtitle_of(n), n.each) for n in small.nodes] == [
        ("a", "p", False),
        ("child", "50 tasks", True),
    ]
    assert [(e.source, e.target) for e in small.edges] == [("a", "child.")]
    assert small.groups == ()


def test_a_chain_is_folded_into_bands() -> None:
    nodes = tuple(node(f"t{i}", f"p{i % 2}") for i in range(2_000))
    chain = Graph("demo", nodes, tuple(GraphEdge(f"t{i}", f"t{i + 1}") for i in range(1_999)))

    small = collapsed(chain)

    assert len(small.nodes) == BANDS
    assert (title_of(small.nodes[0]), subtitle_of(small.nodes[0])) == ("t0 … t49", "50 tasks")
    assert len(small.edges) == BANDS - 1


@pytest.mark.parametrize("limit", [1, 5, 40, 200])
def test_the_limit_is_kept_and_every_node_is_counted_once(limit: int) -> None:
    nodes = tuple(node(f"t{r}_{i}", f"p{(r * i) % 11}") for r in range(30) for i in range(30))
    edges = tuple(GraphEdge(f"t{r}_{i}", f"t{r + 1}_{(i * 7 + r) % 30}") for r in range(29) for i in range(30))

    small = collapsed(Graph("demo", nodes, edges), limit=limit)

    assert len(small.nodes) <= limit
    assert sum(n.count for n in small.nodes) == 900
    assert small.drawn_for == 900
