"""How far a graph agrees with the one that was wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symphony.conductor.examples import Graph


@dataclass(frozen=True, slots=True)
class Agreement:
    """Means over requests, each from 0 to 1.

    Attributes:
        node_f1: F1 over the sets of tools.
        link_f1: F1 over the sets of (source tool, target tool).
        exact_nodes, exact_graph: shares of requests with just those tools; and just those links, too.
        requests: how many there were.
    """

    node_f1: float
    link_f1: float
    exact_nodes: float
    exact_graph: float
    requests: int


def f1(given: frozenset[object], wanted: frozenset[object]) -> float:
    """F1 of two sets; 0 where either is empty (TaskBench's rule)."""
    return 2 * len(given & wanted) / (len(given) + len(wanted)) if given and wanted else 0.0


def nodes_of(graph: Graph) -> frozenset[object]:
    """The set of tools."""
    return frozenset(graph.nodes)


def links_of(graph: Graph) -> frozenset[object]:
    """The set of links, each as its two tools."""
    return frozenset((graph.nodes[a], graph.nodes[b]) for a, b in graph.links)


def agreement(given: Sequence[Graph], wanted: Sequence[Graph]) -> Agreement:
    """Compare graphs pair by pair.

    Raises:
        ValueError: there are none, or not equally many.
    """
    pairs = list(zip(given, wanted, strict=True))
    if not pairs:
        raise ValueError("there is nothing to compare")
    same_nodes = [nodes_of(g) == nodes_of(w) for g, w in pairs]
    same = [n and links_of(g) == links_of(w) for n, (g, w) in zip(same_nodes, pairs, strict=True)]
    count = len(pairs)
    return Agreement(
        sum(f1(nodes_of(g), nodes_of(w)) for g, w in pairs) / count,
        sum(f1(links_of(g), links_of(w)) for g, w in pairs) / count,
        sum(same_nodes) / count, sum(same) / count, count,
    )  # fmt: skip
