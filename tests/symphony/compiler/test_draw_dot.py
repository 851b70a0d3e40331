"""DOT text."""

from __future__ import annotations

from symphony.compiler.draw_dot import draw_dot
from symphony.compiler.graph import EdgeKind, Graph, GraphEdge, GraphNode, Group, NodeKind


def test_a_small_graph_reads_like_this() -> None:
    graph = Graph(
        "demo",
        (
            GraphNode("a", "a", NodeKind.PARAM, detail="path"),
            GraphNode("c.b", "b", NodeKind.OPERATOR, each=True, group="c"),
        ),
        (GraphEdge("a", "c.b", label="x"), GraphEdge("a", "c.b", EdgeKind.ORDER)),
        (Group("c"),),
    )

    assert (
        draw_dot(graph)
        == """\
digraph "demo" {
  rankdir=TB;
  node [shape=box, style="rounded,filled", fontname="Helvetica", fontsize=11];
  edge [color="#9aa6b6", fontname="Helvetica", fontsize=9];
  "a" [label="a\\npath", fillcolor="#f6f7f9", color="#8190a5", shape=ellipse];
  subgraph "cluster_c" {
    label="c"; style="rounded"; color="#9aa6b6";
    "c.b" [label="b", fillcolor="#eff5ff", color="#3b73d9", peripheries=2];
  }
  "a" -> "c.b" [label="x"];
  "a" -> "c.b" [style=dashed];
}
"""
    )


def test_quotes_backslashes_and_line_ends_of_names_are_escaped() -> None:
    graph = Graph("demo", (GraphNode('a"\\n', 'say "hi"\\', NodeKind.SHELL, detail="one\ntwo"),))

    assert '"a\\"\\\\n" [label="say \\"hi\\"\\\\\\none two"' in draw_dot(graph)


def test_a_state_decides_colour_and_adds_its_symbol() -> None:
    assert 'label="✓ a", fillcolor="#eafaef"' in draw_dot(
        Graph("d", (GraphNode("a", "a", NodeKind.SHELL, state="succeeded"),))
    )
