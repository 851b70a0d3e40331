"""A graph as Mermaid text, which pull requests and README files show as a picture."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from symphony.compiler.draw_collapsed import LIMIT, caption, collapsed, subtitle_of, title_of
from symphony.compiler.draw_palette import KINDS, STATES, symbol_of
from symphony.compiler.graph import EdgeKind, Graph, GraphEdge, GraphNode, NodeKind
from symphony.compiler.text_width import shorten

LABELLED_EDGES = 40
"""A graph with more edges is drawn without the names of ports: they would hide the lines."""
MOST_EDGES = 500
"""Mermaid refuses to draw more edges, unless the page that shows the picture raises its limit."""
_SHAPES: Mapping[NodeKind, tuple[str, str]] = {
    NodeKind.OPERATOR: ("[", "]"),
    NodeKind.INSTRUMENT: ("{{", "}}"),
    NodeKind.MOTIF: ("(", ")"),
    NodeKind.SHELL: (">", "]"),
    NodeKind.MELODY: ("[", "]"),
    NodeKind.PARAM: ("([", "])"),
    NodeKind.OUTPUT: ("([", "])"),
}
_EACH = ("[[", "]]")
_ENTITIES = str.maketrans({
    "#": "#35;", '"': "#quot;", "&": "#amp;", "<": "#lt;", ">": "#gt;", "`": "#96;", "\\": "#92;",
    "*": "#42;", ";": "#59;", "$": "#36;", "|": "#124;", "\n": " ", "\r": " ", "\t": " ",
})  # fmt: skip
_OUTER_UNDERSCORES = re.compile(r"(?<![A-Za-z0-9])_+|_+(?![A-Za-z0-9])")
"""Inside a word an underscore means nothing to Markdown, and the text stays readable."""


def draw_mermaid(graph: Graph, *, full: bool = False) -> str:
    """Write a flowchart from top to bottom. Ids are made up (``n0``, ``n1``, …), so that no name can break the syntax.

    Args:
        full: draw every node; otherwise a large graph is collapsed and says so in a comment.
    """
    shown = graph if full else _small_enough(graph)
    return "\n".join(_lines(shown)) + "\n"


def _small_enough(graph: Graph) -> Graph:
    for limit in (LIMIT, LIMIT // 2, LIMIT // 4, 30):
        small = collapsed(graph, limit)
        if len(small.edges) <= MOST_EDGES:
            return small
    return small


def _lines(graph: Graph) -> Iterator[str]:
    ids = {n.id: f"n{i}" for i, n in enumerate(graph.nodes)}
    if caption(graph):
        yield f"%% {caption(graph)}"
    yield "flowchart TB"
    yield from _level(graph, ids, "", 1)
    for edge in graph.edges:
        yield f"  {ids[edge.source]} {_arrow(edge, labelled=len(graph.edges) <= LABELLED_EDGES)} {ids[edge.target]}"
    yield from _styles(graph, ids)


def _level(graph: Graph, ids: Mapping[str, str], group: str, depth: int) -> Iterator[str]:
    """Write the nodes of a group, then the groups inside it."""
    indent = "  " * depth
    for node in graph.nodes:
        if node.group == group:
            yield f"{indent}{ids[node.id]}{_box(node)}"
    for i, inner in enumerate(graph.groups):
        if inner.parent == group:
            label = inner.label + (" · each" if inner.each else "")
            yield f'{indent}subgraph g{i}["{_text(label)}"]'
            yield from _level(graph, ids, inner.id, depth + 1)
            yield f"{indent}end"


def _box(node: GraphNode) -> str:
    start, end = _EACH if node.each else _SHAPES[node.kind]
    symbol = symbol_of(node.state)
    title = (f"{symbol} " if symbol else "") + shorten(title_of(node), 60)
    detail = shorten(subtitle_of(node), 60)
    return f'{start}"{_text(title)}{f"<br/>{_text(detail)}" if detail else ""}"{end}'


def _arrow(edge: GraphEdge, *, labelled: bool) -> str:
    line = "-->" if edge.kind is EdgeKind.DATA else "-.->"
    label = edge.label if labelled else ""
    return f'{line}|"{_text(shorten(label, 40))}"|' if label else line


def _text(text: str) -> str:
    """Write text for the inside of quotes: as entities whatever the syntax, HTML, Markdown or formulas would read."""
    return _OUTER_UNDERSCORES.sub(lambda found: "#95;" * len(found[0]), text.translate(_ENTITIES)) or " "


def _styles(graph: Graph, ids: Mapping[str, str]) -> Iterator[str]:
    """A class per kind and per state; a state's colours win over a kind's."""
    for kind, tone in KINDS.items():
        members = ",".join(ids[n.id] for n in graph.nodes if n.kind is kind and n.state not in STATES)
        if members:
            yield f"  classDef {kind} fill:{tone.fill},stroke:{tone.line},color:#1a2230"
            yield f"  class {members} {kind}"
    for state, tone in STATES.items():
        members = ",".join(ids[n.id] for n in graph.nodes if n.state == state)
        if members:
            yield f"  classDef {state} fill:{tone.fill},stroke:{tone.line},stroke-width:2px,color:#1a2230"
            yield f"  class {members} {state}"
        edges = ",".join(str(i) for i, e in enumerate(graph.edges) if e.state == state)
        if edges:
            yield f"  linkStyle {edges} stroke:{tone.line},stroke-width:2px"
