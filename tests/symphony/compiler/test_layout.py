"""Layouts of graphs with groups."""

from __future__ import annotations

from symphony.compiler.graph import EdgeKind, Graph, GraphEdge, GraphNode, Group, NodeKind
from symphony.compiler.layout import Box, Layout, layout_of


def node(id: str, group: str = "") -> GraphNode:
    return GraphNode(id, id.rpartition(".")[2], NodeKind.OPERATOR, group=group)


def laid_out(graph: Graph) -> Layout:
    return layout_of(graph, lambda _: (100.0, 40.0))


GROUPED = Graph(
    "demo",
    (node("a"), node("g.x", "g"), node("g.h.y", "g.h"), node("z"), node("other")),
    (
        GraphEdge("a", "g.x"),
        GraphEdge("g.x", "g.h.y"),
        GraphEdge("g.h.y", "z"),
        GraphEdge("a", "z"),
        GraphEdge("a", "other"),
    ),
    (Group("g"), Group("g.h", each=True)),
)


def holds(outer: Box, inner: Box) -> bool:
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and inner.x + inner.width <= outer.x + outer.width
        and inner.y + inner.height <= outer.y + outer.height
    )


def test_a_group_holds_its_nodes_and_groups_and_nothing_else() -> None:
    layout = laid_out(GROUPED)

    assert holds(layout.groups["g"], layout.boxes["g.x"])
    assert holds(layout.groups["g"], layout.groups["g.h"])
    assert holds(layout.groups["g.h"], layout.boxes["g.h.y"])
    for outside in ("a", "z", "other"):
        assert not holds(layout.groups["g"], layout.boxes[outside])


def test_a_route_leaves_its_source_below_and_enters_its_target_above() -> None:
    layout = laid_out(GROUPED)

    for route in layout.routes:
        source, target = layout.boxes[route.edges[0].source], layout.boxes[route.edges[0].target]
        assert route.points[0] == (source.x + source.width / 2, source.y + source.height)
        assert target.x < route.points[-1][0] < target.x + target.width
        assert route.points[-1][1] == target.y


def test_a_route_never_goes_up_and_has_an_even_number_of_points() -> None:
    for route in laid_out(GROUPED).routes:
        heights = [y for _, y in route.points]

        assert heights == sorted(heights)
        assert len(heights) % 2 == 0


def test_all_edges_between_two_nodes_share_one_route_with_data_first() -> None:
    edges = (GraphEdge("a", "b", EdgeKind.ORDER), GraphEdge("a", "b", EdgeKind.CONDITION), GraphEdge("a", "b"))

    routes = laid_out(Graph("demo", (node("a"), node("b")), edges)).routes

    assert [[e.kind for e in r.edges] for r in routes] == [[EdgeKind.DATA, EdgeKind.CONDITION, EdgeKind.ORDER]]


def test_an_edge_onto_itself_is_left_out() -> None:
    assert laid_out(Graph("demo", (node("a"),), (GraphEdge("a", "a"),))).routes == ()


def test_arrows_into_one_box_touch_it_side_by_side() -> None:
    nodes = (*(node(f"s{i}") for i in range(5)), node("t"))
    layout = laid_out(Graph("demo", nodes, tuple(GraphEdge(f"s{i}", "t") for i in range(5))))

    ends = [r.points[-1][0] for r in sorted(layout.routes, key=lambda r: r.points[0][0])]

    assert len(set(ends)) == 5
    assert ends == sorted(ends)
