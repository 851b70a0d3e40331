"""A graph as DOT text, for Graphviz and the many tools that read it."""

from __future__ import annotations

from collections.abc import Iterator

from symphony.compiler.draw_collapsed import caption, subtitle_of, title_of
from symphony.compiler.draw_palette import KINDS, symbol_of, tone_of
from symphony.compiler.graph import EdgeKind, Graph, GraphEdge, GraphNode, NodeKind
from symphony.compiler.text_width import shorten

_STYLES = {EdgeKind.DATA: "solid", EdgeKind.ORDER: "dashed", EdgeKind.CONDITION: "dotted"}


def draw_dot(graph: Graph) -> str:
    """Write a directed graph, always complete: the reader's tool decides how to show it."""
    return "\n".join(_lines(graph)) + "\n"


def _lines(graph: Graph) -> Iterator[str]:
    yield f"digraph {_quoted(graph.name)} {{"
    yield "  rankdir=TB;"
    yield '  node [shape=box, style="rounded,filled", fontname="Helvetica", fontsize=11];'
    yield '  edge [color="#9aa6b6", fontname="Helvetica", fontsize=9];'
    if caption(graph):
        yield f"  label={_quoted(caption(graph))};"
    yield from _level(graph, "", 1)
    for edge in graph.edges:
        yield f"  {_quoted(edge.source)} -> {_quoted(edge.target)}{_edge(edge)};"
    yield "}"


def _level(graph: Graph, group: str, depth: int) -> Iterator[str]:
    indent = "  " * depth
    for node in graph.nodes:
        if node.group == group:
            yield f"{indent}{_quoted(node.id)} [{_node(node)}];"
    for inner in graph.groups:
        if inner.parent == group:
            yield f"{indent}subgraph {_quoted('cluster_' + inner.id)} {{"
            label = inner.label + (" · each" if inner.each else "")
            yield f'{indent}  label={_quoted(label)}; style="rounded"; color="#9aa6b6";'
            yield from _level(graph, inner.id, depth + 1)
            yield f"{indent}}}"


def _node(node: GraphNode) -> str:
    tone = tone_of(node.state) or KINDS[node.kind]
    symbol = symbol_of(node.state)
    title = (f"{symbol} " if symbol else "") + shorten(title_of(node), 60)
    detail = shorten(subtitle_of(node), 60)
    label = _quoted(title, detail) if detail else _quoted(title)
    shape = ", shape=ellipse" if node.kind in (NodeKind.PARAM, NodeKind.OUTPUT) else ""
    each = ", peripheries=2" if node.each else ""
    return f'label={label}, fillcolor="{tone.fill}", color="{tone.line}"{shape}{each}'


def _edge(edge: GraphEdge) -> str:
    facts = [f"style={_STYLES[edge.kind]}"] if edge.kind is not EdgeKind.DATA else []
    if edge.label:
        facts.append(f"label={_quoted(edge.label)}")
    tone = tone_of(edge.state)
    if tone is not None:
        facts.append(f'color="{tone.line}"')
    return f" [{', '.join(facts)}]" if facts else ""


def _quoted(*lines: str) -> str:
    """Quote text for DOT; several lines are centred under each other. A backslash of a name stays one."""
    escaped = [line.replace("\\", "\\\\").replace('"', '\\"').replace("\r", " ").replace("\n", " ") for line in lines]
    return '"' + "\\n".join(escaped) + '"'
