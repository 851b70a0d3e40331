"""Remembers accepted examples and answers a request with the graphs of those that are like it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from symphony.conductor.examples import Example, Graph
from symphony.conductor.proposing import Proposal, Reason
from symphony.conductor.text_index import TextIndex, terms
from symphony.conductor.tool_catalog import ToolCatalog

if TYPE_CHECKING:
    from numpy import ndarray

NEAR = 8
"""How many examples have a vote."""


class ExampleMemory:
    """Examples by their words; a `Proposer`. An example that is added counts from the next request on."""

    def __init__(self, catalog: ToolCatalog, examples: Iterable[Example] = ()) -> None:
        self.catalog = catalog
        self.examples: list[Example] = []
        self._index = TextIndex()
        for example in examples:
            self.add(example)

    def add(self, example: Example) -> None:
        """Remember one more; its positions are those of this memory's catalog."""
        self.examples.append(example)
        self._index.add(terms(example.request))

    def near(self, request: str, *, without: int | None = None, count: int = NEAR) -> list[tuple[int, float]]:
        """The places in `examples` of those like a request, and how like they are, best first; earlier ones first of equals.

        `without` leaves one out: an example is no witness for itself.
        """
        if not self.examples:
            return []
        likeness = self._index.likeness(terms(request))
        if without is not None:
            likeness[without] = 0.0
        best = (-likeness).argsort(kind="stable")[:count]
        return [(int(at), float(likeness[at])) for at in best if likeness[at] > 0]

    def votes(self, near: list[tuple[int, float]]) -> ndarray:
        """What share of the votes of near examples each tool has: an array of shape (tools,), from 0 to 1."""
        import numpy as np  # heavy: loaded by those who compose

        told = np.zeros(len(self.catalog.tools))
        whole = sum(like for _, like in near)
        for at, like in near:
            for tool in set(self.examples[at].graph.nodes):
                told[tool] += like / whole
        return told

    def propose(self, request: str, catalog: ToolCatalog, *, count: int) -> list[Proposal]:
        """The graphs of the nearest examples; confidence is the share of the likeness that stands behind a graph."""
        told: dict[Graph, tuple[float, Reason]] = {}
        near = self.near(request, count=max(NEAR, count))
        for at, like in near:
            graph = carried_over(self.examples[at].graph, self.catalog, catalog)
            if graph is not None:
                sum_so_far, reason = told.get(
                    graph, (0.0, Reason("example", self.examples[at].id, weight=min(like, 1.0)))
                )
                told[graph] = sum_so_far + like * like, reason
        whole = sum(weight for weight, _ in told.values()) or 1.0
        # How like the best one is bounds the confidence: eight that agree and are all far are no evidence.
        likest = near[0][1] if near else 0.0
        ranked = sorted(told.items(), key=lambda item: (-item[1][0], item[0].nodes, item[0].links))
        return [
            Proposal(graph, min(1.0, likest * weight / whole), "memory", (reason,))
            for graph, (weight, reason) in ranked[:count]
        ]


def carried_over(graph: Graph, old: ToolCatalog, new: ToolCatalog) -> Graph | None:
    """The graph with the positions of another catalog; None where that lacks one of its tools."""
    if old is new or old.tools == new.tools:
        return graph
    names = [old.tools[node].id for node in graph.nodes]
    if not all(name in new.position for name in names):
        return None
    return Graph(tuple(new.position[name] for name in names), graph.links)
