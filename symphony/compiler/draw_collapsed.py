"""Smaller pictures of large graphs: what is alike is drawn as one box that says how many it stands for."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace

from symphony.compiler.draw_palette import WORST_FIRST
from symphony.compiler.graph import EdgeKind, Graph, GraphEdge, GraphNode, NodeKind

LIMIT = 200
BANDS = 40
"""How many boxes are left when ranks must be folded into each other: more would be no picture either."""


def collapsed(graph: Graph, limit: int = LIMIT) -> Graph:
    """Shrink a graph to at most `limit` nodes; a graph that is small enough comes back as it is.

    In this order, until it fits: groups, the innermost first; siblings with the same player, sources and targets;
    nodes of one rank with the same player; nodes of neighbouring ranks. Merging never makes a cycle of a graph that
    has none. `Graph.drawn_for` then says how many nodes there were.
    """
    if len(graph.nodes) <= limit:
        return graph
    small = graph
    while small.groups and len(small.nodes) > limit:
        small = _without_innermost_groups(small)
    if len(small.nodes) > limit:
        small = _merged(small, _siblings(small))
    if len(small.nodes) > limit:
        ranks = _ranks(small)
        small = _merged(small, lambda n: (n.kind, n.player, n.each, n.group, ranks[n.id]))
    if len(small.nodes) > limit:
        ranks, bands = _ranks(small), min(limit, BANDS)
        depth = max(ranks.values()) + 1
        small = _merged(small, lambda n: ranks[n.id] * bands // max(depth, bands))
    return replace(small, drawn_for=len(graph.nodes))


def _without_innermost_groups(graph: Graph) -> Graph:
    deepest = max(g.id.count(".") for g in graph.groups)
    inner = {g.id: g for g in graph.groups if g.id.count(".") == deepest}

    def place(node: GraphNode) -> Hashable:
        return inner.get(node.group, node.id)

    small = _merged(graph, place)
    nodes = tuple(
        replace(n, id=n.group + ".", label=inner[n.group].label, kind=NodeKind.MELODY, player="", detail="",
                each=inner[n.group].each, group=inner[n.group].parent)
        if n.group in inner else n
        for n in small.nodes
    )  # fmt: skip
    renamed = {old.id: new.id for old, new in zip(small.nodes, nodes, strict=True)}
    edges = tuple(replace(e, source=renamed[e.source], target=renamed[e.target]) for e in small.edges)
    return replace(small, nodes=nodes, edges=edges, groups=tuple(g for g in graph.groups if g.id not in inner))


def _siblings(graph: Graph) -> Callable[[GraphNode], Hashable]:
    sources: dict[str, set[tuple[str, EdgeKind]]] = {n.id: set() for n in graph.nodes}
    targets: dict[str, set[tuple[str, EdgeKind]]] = {n.id: set() for n in graph.nodes}
    for edge in graph.edges:
        sources[edge.target].add((edge.source, edge.kind))
        targets[edge.source].add((edge.target, edge.kind))
    return lambda n: (n.kind, n.player, n.each, n.group, frozenset(sources[n.id]), frozenset(targets[n.id]))


def _ranks(graph: Graph) -> dict[str, int]:
    """The longest path to each node; nodes on a cycle share the rank at which the walk stops."""
    after: dict[str, list[str]] = {n.id: [] for n in graph.nodes}
    waiting = dict.fromkeys(after, 0)
    for edge in graph.edges:
        after[edge.source].append(edge.target)
        waiting[edge.target] += 1
    ranks = dict.fromkeys(after, 0)
    queue = [n for n, count in waiting.items() if not count]
    for node in queue:
        for target in after[node]:
            ranks[target] = max(ranks[target], ranks[node] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                queue.append(target)
    return ranks


def _merged(graph: Graph, key_of: Callable[[GraphNode], Hashable]) -> Graph:
    """Draw nodes with equal keys as one, in the place of the first."""
    together: dict[Hashable, list[GraphNode]] = {}
    for node in graph.nodes:
        together.setdefault(key_of(node), []).append(node)
    stands_for = {n.id: members[0].id for members in together.values() for n in members}
    edges: dict[tuple[str, str, EdgeKind], _Bundle] = {}
    for edge in graph.edges:
        source, target = stands_for[edge.source], stands_for[edge.target]
        if source != target:
            bundle = edges.setdefault((source, target, edge.kind), _Bundle({}, []))
            bundle.labels[edge.label] = None
            bundle.states.append(edge.state)
    return replace(
        graph,
        nodes=tuple(_one_for(members) for members in together.values()),
        edges=tuple(GraphEdge(s, t, k, b.label(), _worst(b.states)) for (s, t, k), b in edges.items()),
    )


@dataclass(frozen=True, slots=True)
class _Bundle:
    labels: dict[str, None]
    states: list[str | None]

    def label(self) -> str:
        return next(iter(self.labels)) if len(self.labels) == 1 else ""


def _one_for(members: list[GraphNode]) -> GraphNode:
    if len(members) == 1:
        return members[0]
    first, last = members[0], members[-1]
    count = sum(m.count for m in members)
    alike = all(m.player == first.player and m.kind == first.kind and m.detail == first.detail for m in members)
    label = first.label if alike else f"{first.label} … {last.label}"
    return replace(
        first,
        label=label,
        kind=first.kind if alike else NodeKind.MELODY,
        player=first.player if alike else "",
        detail=first.detail if alike else "",
        each=all(m.each for m in members),
        state=_worst(m.state for m in members),
        count=count,
    )


def _worst(states: Iterable[str | None]) -> str | None:
    found = set(states)
    return next((s for s in WORST_FIRST if s in found), next(iter(sorted(s for s in found if s is not None)), None))


def title_of(node: GraphNode) -> str:
    """The first line of a node's box: its label, and how many more it stands for."""
    return node.label if node.count == 1 or node.kind is NodeKind.MELODY else f"{node.label} … {node.count - 1:,} more"


def subtitle_of(node: GraphNode) -> str:
    """The second line of a node's box: what it calls, or how many tasks are folded into it."""
    return f"{node.count:,} tasks" if node.count > 1 and node.kind is NodeKind.MELODY else node.detail


def caption(graph: Graph) -> str:
    """What a collapsed picture must say about itself; empty when it shows every node."""
    if not graph.drawn_for:
        return ""
    boxes = f"{len(graph.nodes):,} box{'' if len(graph.nodes) == 1 else 'es'}"
    return f"{graph.drawn_for:,} nodes drawn as {boxes}; all of them with --full"
