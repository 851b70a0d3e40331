"""What is proposed for a request: a graph of tools, how sure it is, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from symphony.conductor.examples import Graph
from symphony.conductor.tool_catalog import ToolCatalog

Source = Literal["policy", "memory", "planner"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something stands in a proposed graph.

    Attributes:
        kind: `words` (of the request), `example` (an earlier one that is near), `types` (an output that fits an input),
            or `needed` (a later tool asks for what this one gives).
        detail: the words, the id of the example, the name of the type or the id of the later tool.
        node: the place in `Graph.nodes` that it speaks of; None: the whole graph.
        link: the places (source, target) of the link that it speaks of; None: no link.
        weight: how much it counted, from 0 to 1.
    """

    kind: Literal["words", "example", "types", "needed"]
    detail: str
    node: int | None = None
    link: tuple[int, int] | None = None
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Proposal:
    """One graph that may answer a request.

    Attributes:
        graph: positions in the catalog that was asked about; it names no other tool.
        confidence: the chance, from 0 to 1, that just this graph is wanted; calibrated where the source could be.
        source: what proposed it.
        reasons: why, the strongest first; may be empty.
    """

    graph: Graph
    confidence: float
    source: Source
    reasons: tuple[Reason, ...] = ()


class Proposer(Protocol):
    """Answers requests with graphs of tools."""

    def propose(self, request: str, catalog: ToolCatalog, *, count: int) -> list[Proposal]:
        """Give at most `count` different graphs, best first; none where nothing fits.

        The same request, catalog and state give the same proposals, in the same order.
        """
        ...
