"""Layered drawing of one flat graph: ranks, order inside ranks, coordinates.

The steps are those of Sugiyama, Tagawa and Toda (1981): edges against the flow are turned round, every node gets the
rank of its longest path, edges longer than one rank get a dummy node per rank, barycentre sweeps put the nodes of a
rank in order, and repeated least-squares placement straightens the lines. All edges that leave one node by one trunk
share their dummies, so a value read by many tasks stays one line until it branches.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

GAP_X = 28.0
GAP_DUMMY = 16.0
GAP_Y = 40.0
GAP_Y_MOST = 110.0
GAP_PORT = 16.0
DUMMIES_PER_NODE = 6
"""More dummies than this per node (and 4,000 free ones) and the longest edges are drawn straight behind the boxes."""


@dataclass(frozen=True, slots=True)
class LayerEdge:
    """An edge between two positions of the node list.

    Attributes:
        source_dx, target_dx: where it leaves and enters, from the middle of the box.
        trunk: edges of one source with equal trunks share their way as long as they can.
    """

    source: int
    target: int
    source_dx: float = 0.0
    target_dx: float = 0.0
    trunk: Hashable = None


@dataclass(frozen=True, slots=True)
class Layers:
    """Middles of the nodes, the points that each edge passes, and the size of the whole."""

    x: list[float]
    y: list[float]
    routes: list[list[tuple[float, float]]]
    width: float
    height: float


def lay_out_layers(
    sizes: Sequence[tuple[float, float]],
    edges: Sequence[LayerEdge],
    *,
    first: frozenset[int] = frozenset(),
    last: frozenset[int] = frozenset(),
) -> Layers:
    """Place boxes of the given (width, height) so that edges point down.

    Time grows about linearly with nodes and dummies. Equal input gives equal output.

    Args:
        first, last: nodes that stand alone in the first and the last rank.
    """
    net = _Net(len(sizes), list(edges))
    net.rank_nodes(first, last)
    net.add_dummies()
    order = _Order(net).best()
    widths = [w for w, _ in sizes] + [0.0] * (len(net.rank) - len(sizes))
    x = _place(net, order, widths, len(sizes))
    return _measured(net, order, x, sizes)


@dataclass(slots=True)
class _Net:
    """The graph while it is laid out; nodes from `count` on are dummies."""

    count: int
    edges: list[LayerEdge]
    turned: list[bool] = field(default_factory=list)
    rank: list[int] = field(default_factory=list)
    ways: list[list[int]] = field(default_factory=list)
    """For each edge the nodes it passes, from the upper end to the lower."""
    above: list[list[tuple[int, float]]] = field(default_factory=list)
    """For each node its upper neighbours, each with the x by which a straight line shifts from it to here."""
    below: list[list[tuple[int, float]]] = field(default_factory=list)

    def ends(self, i: int) -> tuple[int, int, float, float]:
        """The upper and lower node of an edge, and where it touches them."""
        e = self.edges[i]
        if self.turned[i]:
            return e.target, e.source, e.target_dx, e.source_dx
        return e.source, e.target, e.source_dx, e.target_dx

    def rank_nodes(self, first: frozenset[int], last: frozenset[int]) -> None:
        self.turned = _edges_against_the_flow(self.count, self.edges)
        after: list[list[int]] = [[] for _ in range(self.count)]
        before: list[list[int]] = [[] for _ in range(self.count)]
        for i in range(len(self.edges)):
            upper, lower, _, _ = self.ends(i)
            after[upper].append(lower)
            before[lower].append(upper)
        rank, waiting = [0] * self.count, [len(b) for b in before]
        queue = [n for n in range(self.count) if not waiting[n]]
        for node in queue:
            for lower in after[node]:
                rank[lower] = max(rank[lower], rank[node] + 1)
                waiting[lower] -= 1
                if not waiting[lower]:
                    queue.append(lower)
        for node in reversed(queue):  # what feeds more than it reads moves down to its readers: shorter lines
            if len(after[node]) > len(before[node]):
                rank[node] = min(rank[lower] for lower in after[node]) - 1
        self.rank = _with_ends(rank, first, last)

    def add_dummies(self) -> None:
        trunks: dict[tuple[int, float, Hashable], list[int]] = {}
        longest = self.longest_with_dummies()
        for i, edge in enumerate(self.edges):
            upper, lower, upper_dx, _ = self.ends(i)
            top, bottom = self.rank[upper], self.rank[lower]
            if bottom - top > longest:
                self.ways.append([upper, lower])
                continue
            key = (upper, upper_dx, (edge.trunk, i if self.turned[i] else -1))
            trunk = trunks.setdefault(key, [upper])
            while len(trunk) < bottom - top:
                self.rank.append(top + len(trunk))
                trunk.append(len(self.rank) - 1)
            self.ways.append([*trunk[: bottom - top], lower])
        self.join()

    def longest_with_dummies(self) -> int:
        """The longest span that gets dummies, so that there are not too many of them."""
        spans: dict[tuple[int, Hashable], int] = {}
        for i, edge in enumerate(self.edges):
            upper, lower, _, _ = self.ends(i)
            key = (upper, edge.trunk)
            spans[key] = max(spans.get(key, 0), self.rank[lower] - self.rank[upper])
        budget, longest = self.count * DUMMIES_PER_NODE + 4000, 1
        for span in sorted(spans.values()):
            budget -= span - 1
            if budget < 0:
                return longest
            longest = max(longest, span)
        return longest

    def join(self) -> None:
        self.above = [[] for _ in self.rank]
        self.below = [[] for _ in self.rank]
        seen: set[tuple[int, int, float, float]] = set()
        for i, way in enumerate(self.ways):
            _, _, upper_dx, lower_dx = self.ends(i)
            for step, (a, b) in enumerate(pairwise(way)):
                leave = upper_dx if step == 0 else 0.0
                enter = lower_dx if step == len(way) - 2 else 0.0
                if self.rank[b] - self.rank[a] == 1 and (a, b, leave, enter) not in seen:
                    seen.add((a, b, leave, enter))
                    self.above[b].append((a, leave - enter))
                    self.below[a].append((b, enter - leave))


def _with_ends(rank: list[int], first: frozenset[int], last: frozenset[int]) -> list[int]:
    """Ranks from 0 without holes, the nodes of `first` alone on top and those of `last` alone at the bottom."""
    inner = sorted({r for n, r in enumerate(rank) if n not in first and n not in last})
    shift = 1 if first else 0
    position = {r: i + shift for i, r in enumerate(inner)}
    bottom = len(inner) + shift
    return [0 if n in first else bottom if n in last else position[r] for n, r in enumerate(rank)]


def _edges_against_the_flow(count: int, edges: Sequence[LayerEdge]) -> list[bool]:
    """Find edges whose turning leaves no cycle: those that lead back onto the path of a depth-first walk."""
    turned = [False] * len(edges)
    leaving: list[list[int]] = [[] for _ in range(count)]
    for i, edge in enumerate(edges):
        leaving[edge.source].append(i)
    state = [0] * count  # 0 unseen, 1 on the path, 2 done
    for root in range(count):
        if state[root]:
            continue
        state[root], path = 1, [(root, iter(leaving[root]))]
        while path:
            node, rest = path[-1]
            i = next(rest, -1)
            if i < 0:
                state[node] = 2
                path.pop()
            elif state[edges[i].target] == 1:
                turned[i] = True
            elif state[edges[i].target] == 0:
                state[edges[i].target] = 1
                path.append((edges[i].target, iter(leaving[edges[i].target])))
    return turned


class _Order:
    """Finds an order inside each rank with few crossings."""

    def __init__(self, net: _Net) -> None:
        self.net = net
        self.above = [[n for n, _ in near] for near in net.above]
        self.below = [[n for n, _ in near] for near in net.below]
        self.place = [0] * len(net.rank)

    def best(self) -> list[list[int]]:
        order = self.initial()
        segments = sum(map(len, self.below))
        sweeps = 24 if segments < 600 else 12 if segments < 6000 else 4
        best, fewest = [list(r) for r in order], self.crossings(order)
        for sweep in range(sweeps):
            if not fewest:
                break
            self.sweep(order, down=sweep % 2 == 0)
            if segments < 600:
                self.transpose(order)
            found = self.crossings(order)
            if found < fewest:
                best, fewest = [list(r) for r in order], found
        return best

    def initial(self) -> list[list[int]]:
        """Nodes in the order of a depth-first walk, so that what belongs together starts together."""
        order: list[list[int]] = [[] for _ in range(max(self.net.rank, default=-1) + 1)]
        seen = [False] * len(self.net.rank)
        roots = sorted(range(len(self.net.rank)), key=lambda n: (bool(self.above[n]), n))
        for root in roots:
            stack = [root]
            while stack:
                node = stack.pop()
                if not seen[node]:
                    seen[node] = True
                    order[self.net.rank[node]].append(node)
                    stack.extend(n for n in reversed(self.below[node]) if not seen[n])
        self.remember(order)
        return order

    def remember(self, order: list[list[int]]) -> None:
        for row in order:
            for i, node in enumerate(row):
                self.place[node] = i

    def sweep(self, order: list[list[int]], *, down: bool) -> None:
        near = self.above if down else self.below
        place = self.place
        for row in order if down else reversed(order):
            middle = {
                n: sum(place[m] for m in near[n]) / len(near[n]) if near[n] else float(i) for i, n in enumerate(row)
            }
            row.sort(key=middle.__getitem__)
            for i, node in enumerate(row):
                place[node] = i

    def transpose(self, order: list[list[int]]) -> None:
        """Swap neighbours while that removes crossings."""
        for _ in range(4):
            better = False
            for row in order:
                for i in range(len(row) - 1):
                    a, b = row[i], row[i + 1]
                    if self.between(b, a) < self.between(a, b):
                        row[i], row[i + 1] = b, a
                        self.place[a], self.place[b] = i + 1, i
                        better = True
            if not better:
                return

    def between(self, left: int, right: int) -> int:
        """Crossings of the lines of two neighbours, when they stand in this order."""
        place, total = self.place, 0
        for near in (self.above, self.below):
            ends = sorted(place[m] for m in near[right])
            total += sum(bisect_left(ends, place[m]) for m in near[left])
        return total

    def crossings(self, order: list[list[int]]) -> int:
        self.remember(order)
        total = 0
        for row in order[:-1]:
            passed: list[int] = []
            for node in row:
                ends = [self.place[m] for m in self.below[node]]
                total += sum(len(passed) - bisect_left(passed, end + 1) for end in ends)
                for end in ends:
                    insort(passed, end)
        return total


def _place(net: _Net, order: list[list[int]], widths: list[float], count: int) -> list[float]:
    """Give every node the x of its middle: near its neighbours, in order, without overlap."""
    x = [0.0] * len(net.rank)
    gaps = [_distances(row, widths, count) for row in order]
    for row, gap in zip(order, gaps, strict=True):
        start = -gap[-1] / 2 if gap else 0.0
        for node, offset in zip(row, gap, strict=True):
            x[node] = start + offset
    rounds = 12 if len(net.rank) < 3000 else 6
    for step in range(rounds):
        near = (net.above, net.below)[step % 2]
        rows = range(len(order)) if step % 2 == 0 else range(len(order) - 1, -1, -1)
        for r in rows:
            _settle(order[r], gaps[r], [near], x, count)
    for r in [*range(len(order)), *range(len(order) - 1, -1, -1)]:
        _settle(order[r], gaps[r], [net.above, net.below], x, count)
    return x


def _distances(row: list[int], widths: list[float], count: int) -> list[float]:
    """For each node of a row the least distance of its middle from the first one's."""
    offsets = [0.0]
    for left, right in pairwise(row):
        gap = GAP_X if left < count and right < count else GAP_DUMMY
        offsets.append(offsets[-1] + (widths[left] + widths[right]) / 2 + gap)
    return offsets[: len(row)]


def _settle(
    row: list[int], gap: list[float], sides: Sequence[list[list[tuple[int, float]]]], x: list[float], count: int
) -> None:
    """Move a row to where its neighbours pull it: the least-squares answer under the least distances.

    With the distances taken off, the wanted places must only not fall, which is isotonic regression: blocks that fall
    are pooled to their weighted mean (the pool-adjacent-violators algorithm, linear in the row).
    """
    blocks: list[tuple[float, float, int]] = []  # mean, weight, members
    for node, offset in zip(row, gap, strict=True):
        want, weight = 0.0, 0.0
        for side in sides:
            for other, shift in side[node]:
                pull = 8.0 if node >= count and other >= count else 2.0 if node >= count or other >= count else 1.0
                want += pull * (x[other] + shift)
                weight += pull
        if not weight:
            want, weight = x[node] * 0.01, 0.01
        mean, members = want / weight - offset, 1
        while blocks and blocks[-1][0] > mean:
            before, heavy, many = blocks.pop()
            mean = (before * heavy + mean * weight) / (heavy + weight)
            weight, members = weight + heavy, members + many
        blocks.append((mean, weight, members))
    at = 0
    for mean, _, members in blocks:
        for i in range(at, at + members):
            x[row[i]] = mean + gap[i]
        at += members


def _measured(net: _Net, order: list[list[int]], x: list[float], sizes: Sequence[tuple[float, float]]) -> Layers:
    """Give every rank its y and every edge its points, all from 0 on."""
    count = len(sizes)
    left = min((x[n] - (sizes[n][0] / 2 if n < count else 0.0) for n in range(len(x))), default=0.0)
    right = max((x[n] + (sizes[n][0] / 2 if n < count else 0.0) for n in range(len(x))), default=0.0)
    x = [value - left for value in x]
    heights = [max((sizes[n][1] for n in row if n < count), default=0.0) for row in order]
    tops, at = [], 0.0
    for r, row in enumerate(order):
        tops.append(at)
        widest = max((abs(x[m] - x[n]) for n in row for m, _ in net.below[n]), default=0.0)
        if r + 1 < len(order):
            least = GAP_Y if heights[r] and heights[r + 1] else GAP_PORT
            at += min(GAP_Y_MOST, max(least, widest / 6))
        at += heights[r]
    y = [tops[net.rank[n]] + heights[net.rank[n]] / 2 for n in range(count)]
    routes = []
    for i, way in enumerate(net.ways):
        upper, lower, upper_dx, lower_dx = net.ends(i)
        points = [(x[upper] + upper_dx, y[upper] + sizes[upper][1] / 2)]
        for node in way[1:-1]:
            top = tops[net.rank[node]]
            points += [(x[node], top), (x[node], top + heights[net.rank[node]])]
        points.append((x[lower] + lower_dx, y[lower] - sizes[lower][1] / 2))
        routes.append(points[::-1] if net.turned[i] else points)
    return Layers(x[:count], y, routes, right - left, at)
