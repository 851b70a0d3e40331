"""A graph as a JSON document, always complete."""

from __future__ import annotations

import json

from symphony.compiler.graph import Graph, GraphEdge, GraphNode


def draw_json(graph: Graph) -> str:
    """Write ``{melody, nodes, edges, groups}``; keys stand in a fixed order, nothing is left out."""
    document = {
        "melody": graph.name,
        "nodes": [_node(n) for n in graph.nodes],
        "edges": [_edge(e) for e in graph.edges],
        "groups": [{"id": g.id, "each": g.each} for g in graph.groups],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _node(node: GraphNode) -> dict[str, object]:
    document: dict[str, object] = {
        "id": node.id,
        "label": node.label,
        "kind": str(node.kind),
        "player": node.player or None,
        "detail": node.detail,
        "each": node.each,
        "group": node.group or None,
    }
    return document | ({"state": node.state} if node.state is not None else {})


def _edge(edge: GraphEdge) -> dict[str, object]:
    document: dict[str, object] = {
        "source": edge.source, "target": edge.target, "kind": str(edge.kind), "label": edge.label
    }  # fmt: skip
    return document | ({"state": edge.state} if edge.state is not None else {})
