"""Where to draw the nodes, groups and edges of a graph, without any outside program.

Groups are laid out from the inside out: each is drawn for itself, then stands as one box in the group around it. An
edge that crosses the border of a group passes a port on its upper or lower side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from symphony.compiler.graph import EdgeKind, Graph, GraphEdge, GraphNode
from symphony.compiler.layout_layers import LayerEdge, lay_out_layers

Point: TypeAlias = tuple[float, float]
Pair: TypeAlias = tuple[str, str]
PADDING = 14.0
TITLE = 22.0
STRENGTH = (EdgeKind.DATA, EdgeKind.CONDITION, EdgeKind.ORDER)
TARGET_SPREAD = 14.0


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle by its upper left corner."""

    x: float
    y: float
    width: float
    height: float

    def moved(self, dx: float, dy: float) -> Box:
        """The same rectangle elsewhere."""
        return Box(self.x + dx, self.y + dy, self.width, self.height)


@dataclass(frozen=True, slots=True)
class Route:
    """The way of all edges between two nodes.

    Attributes:
        edges: the edges that take it, the one to be drawn first: data before condition before order.
        points: where it passes, from source to target; the stretch from points[2k] to points[2k+1] crosses a gap.
    """

    edges: tuple[GraphEdge, ...]
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """Boxes by node id and by group id, routes in the order of the edges, and the size of the whole."""

    boxes: Mapping[str, Box]
    groups: Mapping[str, Box]
    routes: tuple[Route, ...]
    width: float
    height: float


def layout_of(graph: Graph, size_of: Callable[[GraphNode], tuple[float, float]]) -> Layout:
    """Lay out a graph from top to bottom. The same graph always gets the same picture.

    Args:
        size_of: the width and height that a node's box needs.
    """
    compound = _Compound(graph, size_of)
    for group in sorted((g.id for g in graph.groups), key=lambda g: (-g.count("."), g)):
        compound.lay_out(group)
    compound.lay_out("")
    return compound.finished()


@dataclass(slots=True)
class _Inside:
    """One laid-out group: offsets of its children, and of the ports on its border from its middle."""

    width: float = 0.0
    height: float = 0.0
    boxes: dict[str, Box] = field(default_factory=dict)
    ports_in: dict[str, float] = field(default_factory=dict)
    ports_out: dict[str, float] = field(default_factory=dict)
    pieces: dict[Pair, list[Point]] = field(default_factory=dict)


class _Compound:
    """Lays out one group after another. Names of groups are kept apart from ids of nodes by a trailing dot."""

    def __init__(self, graph: Graph, size_of: Callable[[GraphNode], tuple[float, float]]) -> None:
        self.graph = graph
        self.sizes = {n.id: size_of(n) for n in graph.nodes}
        self.parent = {n.id: n.group for n in graph.nodes} | {g.id + ".": g.parent for g in graph.groups}
        self.inside: dict[str, _Inside] = {}
        self.pairs: dict[Pair, list[GraphEdge]] = {}
        for edge in graph.edges:
            if edge.source != edge.target:
                self.pairs.setdefault((edge.source, edge.target), []).append(edge)
        for edges in self.pairs.values():
            edges.sort(key=lambda e: STRENGTH.index(e.kind))
        self.members: dict[str, list[str]] = {"": [], **{g.id: [] for g in graph.groups}}
        for child, group in self.parent.items():
            self.members[group].append(child)
        self.touching = self._pairs_by_group()

    def _pairs_by_group(self) -> dict[str, list[Pair]]:
        touching: dict[str, list[Pair]] = {group: [] for group in self.members}
        for pair in self.pairs:
            for group in dict.fromkeys([*self.around(pair[0]), *self.around(pair[1])]):
                if self.child(group, pair[0]) != self.child(group, pair[1]):
                    touching[group].append(pair)
        return touching

    def around(self, child: str) -> list[str]:
        """The groups around a node, the nearest first, the whole graph last."""
        groups = [self.parent[child]]
        while groups[-1]:
            groups.append(self.parent[groups[-1] + "."])
        return groups

    def child(self, group: str, node: str) -> str | None:
        """The direct child of a group that is or holds a node; None when the node lies outside."""
        here = node
        while self.parent[here] != group:
            if not self.parent[here]:
                return None
            here = self.parent[here] + "."
        return here

    def lay_out(self, group: str) -> None:
        names, sizes = list(self.members[group]), []
        for name in names:
            inner = self.inside.get(name[:-1]) if name.endswith(".") else None
            sizes.append((inner.width, inner.height) if inner else self.sizes[name])
        position = {name: i for i, name in enumerate(names)}
        pieces: dict[Pair, LayerEdge] = {}
        ports: dict[Pair, int] = {}
        for source, target in self.touching[group]:
            ends = []
            for node, side in ((source, "in"), (target, "out")):
                child = self.child(group, node)
                if child is None:
                    key = (side, source)
                    if key not in ports:
                        ports[key] = len(sizes)
                        sizes.append((0.0, 0.0))
                    ends.append((ports[key], 0.0))
                else:
                    ends.append((position[child], self.port(child, source, "out" if side == "in" else "in")))
            (a, a_dx), (b, b_dx) = ends
            trunk = self.pairs[source, target][0].kind, self.pairs[source, target][0].state
            pieces[source, target] = LayerEdge(a, b, a_dx, b_dx, trunk)
        self.keep(group, names, sizes, pieces, ports)

    def port(self, child: str, source: str, side: str) -> float:
        """Where on a child's border, from its middle, the edges of `source` enter or leave."""
        if not child.endswith("."):
            return 0.0
        inner = self.inside[child[:-1]]
        return (inner.ports_in if side == "in" else inner.ports_out)[source]

    def keep(
        self,
        group: str,
        names: list[str],
        sizes: list[tuple[float, float]],
        pieces: dict[Pair, LayerEdge],
        ports: dict[Pair, int],
    ) -> None:
        unique = {(e.source, e.target, e.source_dx, e.target_dx, e.trunk): e for e in pieces.values()}
        index = {key: i for i, key in enumerate(unique)}
        layers = lay_out_layers(
            sizes,
            list(unique.values()),
            first=frozenset(i for (side, _), i in ports.items() if side == "in"),
            last=frozenset(i for (side, _), i in ports.items() if side == "out"),
        )
        pad, title = (PADDING, TITLE) if group else (0.0, 0.0)
        inside = self.inside[group] = _Inside(layers.width + 2 * pad, layers.height + pad + title)
        for i, name in enumerate(names):
            width, height = sizes[i]
            inside.boxes[name] = Box(layers.x[i] - width / 2 + pad, layers.y[i] - height / 2 + title, width, height)
        for (side, source), i in ports.items():
            (inside.ports_in if side == "in" else inside.ports_out)[source] = layers.x[i] + pad - inside.width / 2
        for pair, e in pieces.items():
            way = layers.routes[index[e.source, e.target, e.source_dx, e.target_dx, e.trunk]]
            inside.pieces[pair] = [(x + pad, y + title) for x, y in way]

    def finished(self) -> Layout:
        corners, boxes, groups = {"": (0.0, 0.0)}, {}, {}
        for group in sorted(self.members, key=lambda g: (g.count(".") + bool(g), g)):
            dx, dy = corners[group]
            for name, box in self.inside[group].boxes.items():
                moved = box.moved(dx, dy)
                if name.endswith("."):
                    corners[name[:-1]], groups[name[:-1]] = (moved.x, moved.y), moved
                else:
                    boxes[name] = moved
        routes = self.spread({pair: self.route(pair, corners) for pair in self.pairs}, boxes)
        whole = self.inside[""]
        ways = tuple(Route(tuple(self.pairs[pair]), tuple(points)) for pair, points in routes.items())
        return Layout(boxes, groups, ways, whole.width, whole.height)

    def route(self, pair: Pair, corners: Mapping[str, Point]) -> list[Point]:
        """Join the pieces of an edge: out of its groups, across, and into the groups of its target."""
        out, into = self.around(pair[0]), self.around(pair[1])
        ways: list[tuple[str, list[Point]]] = []
        for group in [*out, *reversed(into)]:
            if pair in self.inside[group].pieces and group not in [g for g, _ in ways]:
                ways.append((group, self.inside[group].pieces[pair]))
        points: list[Point] = []
        for group, way in ways:
            dx, dy = corners[group]
            points += [(x + dx, y + dy) for x, y in way]
        return points

    def spread(self, routes: dict[Pair, list[Point]], boxes: Mapping[str, Box]) -> dict[Pair, list[Point]]:
        """Let the arrows that reach one box touch it side by side, in the order in which they come."""
        arriving: dict[str, list[Pair]] = {}
        for pair in routes:
            arriving.setdefault(pair[1], []).append(pair)
        for target, pairs in arriving.items():
            if len(pairs) > 1:
                step = min(TARGET_SPREAD, boxes[target].width * 0.7 / len(pairs))
                pairs.sort(key=lambda pair: routes[pair][-2][0])
                for i, pair in enumerate(pairs):
                    x, y = routes[pair][-1]
                    routes[pair][-1] = (x + (i - (len(pairs) - 1) / 2) * step, y)
        return routes
