"""Graphs as JSON."""

from __future__ import annotations

import json

from symphony.compiler.draw_json import draw_json
from symphony.compiler.graph import EdgeKind, Graph, GraphEdge, GraphNode, Group, NodeKind


def test_the_document_holds_all_nodes_edges_and_groups() -> None:
    graph = Graph(
        "demo",
        (
            GraphNode("a", "a", NodeKind.OPERATOR, "p.a", "p.a"),
            GraphNode("c.b", "b", NodeKind.SHELL, each=True, group="c", state="failed"),
        ),
        (GraphEdge("a", "c.b", EdgeKind.CONDITION, "when"),),
        (Group("c", each=True),),
    )

    assert json.loads(draw_json(graph)) == {
        "melody": "demo",
        "nodes": [
            {
                "id": "a",
                "label": "a",
                "kind": "operator",
                "player": "p.a",
                "detail": "p.a",
                "each": False,
                "group": None,
            },
            {
                "id": "c.b",
                "label": "b",
                "kind": "shell",
                "player": None,
                "detail": "",
                "each": True,
                "group": "c",
                "state": "failed",
            },
        ],
        "edges": [{"source": "a", "target": "c.b", "kind": "condition", "label": "when"}],
        "groups": [{"id": "c", "each": True}],
    }


def test_the_document_is_never_folded_and_ends_in_a_line_end() -> None:
    text = draw_json(Graph("demo", tuple(GraphNode(f"n{i}", "n", NodeKind.OPERATOR) for i in range(1000))))

    assert len(json.loads(text)["nodes"]) == 1000
    assert text.endswith("}\n")
