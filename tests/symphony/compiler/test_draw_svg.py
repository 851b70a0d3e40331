"""SVG pictures."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from symphony.compiler.draw_palette import KINDS, STATES
from symphony.compiler.draw_svg import draw_svg
from symphony.compiler.graph import EdgeKind, Graph, GraphEdge, GraphNode, Group, NodeKind

SVG = "{http://www.w3.org/2000/svg}"
NASTY = "<script>alert('&')</script> \"q\" \x1b[31m"


def drawn(graph: Graph, *, full: bool = False) -> ET.Element:
    return ET.fromstring(draw_svg(graph, full=full))


def groups(root: ET.Element, style: str) -> list[ET.Element]:
    return [g for g in root.iter(f"{SVG}g") if style in (g.get("class") or "").split()]


def one(**facts: object) -> Graph:
    return Graph("demo", (GraphNode("a", "a", NodeKind.OPERATOR, **facts),))  # type: ignore[arg-type]


def test_every_node_is_one_box_with_its_name_and_player() -> None:
    graph = Graph("demo", tuple(GraphNode(str(k), f"name_{k}", k, detail=f"does.{k}") for k in NodeKind))

    texts = " ".join("".join(t.itertext()) for t in drawn(graph).iter(f"{SVG}text"))

    for kind in NodeKind:
        assert f"name_{kind}" in texts
        assert f"does.{kind}" in texts


def test_names_are_escaped() -> None:
    graph = Graph(NASTY, (GraphNode("x", NASTY, NodeKind.OPERATOR, NASTY, NASTY),), (), (Group(NASTY),))

    text = draw_svg(Graph(graph.name, graph.nodes))

    assert "<script" not in text
    assert "\x1b" not in text
    assert "<script>" in "".join(ET.fromstring(text).itertext())


def test_a_long_name_is_shortened_and_whole_in_its_tooltip() -> None:
    name = "a_very_long_name_" * 10
    root = drawn(Graph("demo", (GraphNode(name, name, NodeKind.OPERATOR),)))

    (text,) = (t.text or "" for t in root.iter(f"{SVG}text") if t.get("class") == "name")
    titles = [t.text or "" for t in root.iter(f"{SVG}title")]

    assert len(text) < 30
    assert "…" in text
    assert any(name in t for t in titles)


def test_an_each_task_is_a_stack_of_three_boxes() -> None:
    stack, single = (len(list(groups(drawn(one(each=e)), "node")[0].iter(f"{SVG}rect"))) for e in (True, False))

    assert stack == single + 2


@pytest.mark.parametrize("state", sorted(STATES))
def test_a_state_has_a_colour_and_a_symbol(state: str) -> None:
    text = draw_svg(one(state=state))

    assert f".node.s-{state} .box" in text
    assert f">{STATES[state].symbol}</text>" in text.replace("&lt;", "<")


def test_an_unknown_state_is_marked_and_breaks_nothing() -> None:
    assert ">?</text>" in draw_svg(one(state='x" onload="alert(1)'))
    assert "onload=" not in draw_svg(one(state='x" onload="alert(1)')).replace("&quot;", "").split("<title>")[0]


def test_order_is_dashed_and_a_condition_has_a_diamond() -> None:
    nodes = tuple(GraphNode(n, n, NodeKind.OPERATOR) for n in "abc")
    edges = (GraphEdge("a", "b", EdgeKind.ORDER), GraphEdge("a", "c"), GraphEdge("a", "c", EdgeKind.CONDITION))
    root = drawn(Graph("demo", nodes, edges))

    edge_groups = [g for g in groups(root, "edge") if g.find(f"{SVG}title") is not None]

    assert [g.get("class") for g in edge_groups] == ["edge order", "edge data"]
    assert [any(p.get("class") == "gate" for p in g) for g in edge_groups] == [False, True]
    assert ".edge.order > path:not(.head) { stroke-dasharray" in draw_svg(Graph("demo", nodes, edges))


def test_light_and_dark_are_both_inside_and_nothing_is_fetched() -> None:
    text = draw_svg(one())

    assert "@media (prefers-color-scheme: dark)" in text
    assert KINDS[NodeKind.OPERATOR].dark_fill in text
    assert re.findall(r"https?://[^\"]+", text) == ["http://www.w3.org/2000/svg"]
    assert "url(" not in text


def test_a_trunk_shared_by_several_edges_is_drawn_once() -> None:
    nodes = tuple(GraphNode(f"n{i}", f"n{i}", NodeKind.OPERATOR) for i in range(6))
    edges = (*(GraphEdge(f"n{i}", f"n{i + 1}") for i in range(5)), *(GraphEdge("n0", f"n{i}") for i in (3, 4, 5)))

    paths = re.findall(r'<path d="([^"]+)"', draw_svg(Graph("demo", nodes, edges)))

    pieces = [piece for path in paths for piece in re.findall(r"[CL][^CLM]+", path)]
    assert len(pieces) == len(set(pieces))


def test_a_large_graph_is_folded_and_says_so_unless_all_is_asked_for() -> None:
    nodes = tuple(GraphNode(f"n{i}", f"n{i}", NodeKind.OPERATOR) for i in range(500))

    assert len(groups(drawn(Graph("demo", nodes)), "node")) < 10
    assert "500 nodes drawn as 1 boxes" not in draw_svg(Graph("demo", nodes))
    assert "500 nodes drawn as 1 box;" in draw_svg(Graph("demo", nodes))
    assert len(groups(drawn(Graph("demo", nodes), full=True), "operator")) >= 500


def test_the_same_graph_gives_the_same_bytes_ending_in_a_line_end() -> None:
    graph = one(state="failed")

    assert draw_svg(graph) == draw_svg(graph)
    assert draw_svg(graph).endswith("</svg>\n")


def test_an_empty_melody_is_a_picture_too() -> None:
    assert drawn(Graph("empty")).tag == f"{SVG}svg"
