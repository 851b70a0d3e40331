"""A graph as compact text for a terminal: one line per node, lines of values as rails on the left.

A node's value runs down in its own column until the last node that reads it. ``├─`` leaves a rail that goes on, ``╯``
is the end of one; ``┄`` instead of ``─`` is order without data or a condition. A rail that is only passed stays ``│``.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping

from symphony.compiler.draw_palette import KINDS, STATES, symbol_of
from symphony.compiler.graph import EdgeKind, Graph, GraphNode, NodeKind
from symphony.compiler.text_width import cells, printable, shorten

MOST_RAILS = 24
"""With more rails side by side nobody can follow a line: then every node names what it reads instead."""
_ANSI = {"succeeded": "32", "cached": "36", "failed": "31", "running": "34", "retrying": "33", "added": "32",
         "removed": "31", "changed": "33", "renamed": "34"}  # fmt: skip


def draw_text(graph: Graph, *, colour: bool = False) -> str:
    """Draw a graph in Unicode, every node once, sources before what reads them.

    Args:
        colour: colour states with ANSI codes.
    """
    order = _order(graph)
    sources = _sources(graph)
    rails = _Rails(order, sources)
    drawn = [rails.line(node.id) if rails.most <= MOST_RAILS else "" for node in order]
    if rails.most > MOST_RAILS:
        drawn = [KINDS[node.kind].symbol for node in order]
    names = [_name(node) for node in order]
    room = max(map(len, drawn), default=0) + 2
    name_room = min(40, max(map(cells, names), default=0)) + 2
    lines = [printable(graph.name)]
    for node, rail, name in zip(order, drawn, names, strict=True):
        text = f"{name}{' ' * (name_room - cells(name))}{_facts(node, colour=colour)}"
        if rails.most > MOST_RAILS and sources[node.id]:
            text = f"{text.rstrip()}  ← {', '.join(dict.fromkeys(sources[node.id]))}"
        lines.append(f"{rail}{' ' * (room - len(rail))}{text}".rstrip())
    return "\n".join(lines) + "\n"


def _name(node: GraphNode) -> str:
    path = f"{node.group}.{node.label}" if node.group else node.label
    return printable(shorten(path, 40))


def _facts(node: GraphNode, *, colour: bool) -> str:
    facts = [shorten(printable(node.detail), 48)] if node.detail else []
    if node.kind not in (NodeKind.OPERATOR, NodeKind.SHELL):
        facts.append(f"({node.kind})")
    if node.each:
        facts.append("each")
    text = "  ".join(facts)
    if node.state is None:
        return text
    state = f"{symbol_of(node.state)} {node.state}"
    if colour and node.state in STATES and node.state in _ANSI:
        state = f"\x1b[{_ANSI[node.state]}m{state}\x1b[0m"
    return f"{text}  {state}" if text else state


def _sources(graph: Graph) -> dict[str, dict[str, EdgeKind]]:
    """What each node reads; where several edges join two nodes, data comes first."""
    sources: dict[str, dict[str, EdgeKind]] = {n.id: {} for n in graph.nodes}
    for edge in graph.edges:
        known = sources[edge.target].get(edge.source)
        if known is not EdgeKind.DATA and edge.source != edge.target:
            sources[edge.target][edge.source] = edge.kind
    return sources


def _order(graph: Graph) -> list[GraphNode]:
    """Topological, ties as they stand; a parameter right before its first reader. Cycles come last, as they stand."""
    position = {n.id: i for i, n in enumerate(graph.nodes)}
    after: dict[str, list[str]] = {n.id: [] for n in graph.nodes}
    waiting = dict.fromkeys(after, 0)
    for edge in graph.edges:
        if edge.source != edge.target:
            after[edge.source].append(edge.target)
            waiting[edge.target] += 1
    for node in graph.nodes:
        if node.kind is NodeKind.PARAM:
            position[node.id] = min((position[t] for t in after[node.id]), default=len(position))
    rank = {n.id: (position[n.id], n.kind is not NodeKind.PARAM, i) for i, n in enumerate(graph.nodes)}
    ready = [(rank[n], n) for n, count in waiting.items() if not count]
    heapq.heapify(ready)
    order: list[str] = []
    while ready:
        _, node_id = heapq.heappop(ready)
        order.append(node_id)
        for target in after[node_id]:
            waiting[target] -= 1
            if not waiting[target]:
                heapq.heappush(ready, (rank[target], target))
    done = set(order)
    by_id = {n.id: n for n in graph.nodes}
    return [by_id[n] for n in order] + [n for n in graph.nodes if n.id not in done]


class _Rails:
    """Draws the rails left of one node after the other."""

    def __init__(self, order: list[GraphNode], sources: Mapping[str, Mapping[str, EdgeKind]]) -> None:
        self.sources = sources
        self.kinds = {n.id: n.kind for n in order}
        self.left = dict.fromkeys(self.kinds, 0)
        for read in sources.values():
            for source in read:
                self.left[source] += 1
        self.rails: list[str | None] = []
        self.before: list[bool] = []
        """Which columns the line above used: a node without sources must not seem to hang on it."""
        self.most = 0

    def line(self, node: str) -> str:
        read = {i: self.sources[node][s] for i, s in enumerate(self.rails) if s is not None and s in self.sources[node]}
        for source in self.sources[node]:
            self.left[source] -= 1
        ending = {i for i in read if not self.left[self.rails[i] or ""]}
        own = self.column(read, ending)
        text = self.drawn(node, own, read, ending)
        for i in ending:
            self.rails[i] = None
        self.rails[own] = node if self.left[node] else None
        while self.rails and self.rails[-1] is None:
            self.rails.pop()
        self.before = [c != " " for c in text[::2]]
        self.most = max(self.most, len(self.rails), own + 1)
        return text

    def column(self, read: Mapping[int, EdgeKind], ending: set[int]) -> int:
        """The rail of a value that ends here goes on as the node's own; else the first free column."""
        going_on = [i for i in sorted(ending) if read[i] is EdgeKind.DATA]
        if going_on:
            return going_on[0]
        for i, rail in enumerate(self.rails):
            if rail is None and not (i < len(self.before) and self.before[i]):
                return i
        free = len(self.rails)
        while free < len(self.before) and self.before[free]:
            free += 1
        self.rails.extend([None] * (free + 1 - len(self.rails)))
        return free

    def drawn(self, node: str, own: int, read: Mapping[int, EdgeKind], ending: set[int]) -> str:
        joined = [own, *read]
        low, high = min(joined), max(joined)
        parts: list[str] = []
        for i in range(max(len(self.rails), own + 1)):
            inside = low <= i < high
            beyond = [read[j] for j in read if (j > i if i >= own else j <= i) and j != own]
            dash = "─" if EdgeKind.DATA in beyond or not beyond else "┄"
            parts.append(self.sign(node, i, own, read, ending, dash if low < i < high else " "))
            parts.append(dash if inside else " ")
        return "".join(parts).rstrip()

    def sign(self, node: str, i: int, own: int, read: Mapping[int, EdgeKind], ending: set[int], passing: str) -> str:
        if i == own:
            return KINDS[self.kinds[node]].symbol
        if i in read:
            through = passing != " "
            if i in ending:
                return "┴" if through else "╰" if i < own else "╯"
            return "┼" if through else "├" if i < own else "┤"
        if self.rails[i] is not None:
            return "│"
        return passing
