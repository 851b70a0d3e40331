"""Requests with the graph of tools that answers them: what the policy learns from and is measured by."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symphony.conductor.tool_catalog import ToolCatalog
from symphony.errors import UsageError


@dataclass(frozen=True, slots=True)
class Graph:
    """Tools that are called, in order, and which feeds which.

    Attributes:
        nodes: positions in the catalog, in an order in which they can run.
        links: pairs of places in `nodes` (source, target), sorted.
    """

    nodes: tuple[int, ...]
    links: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """A request and the graph that answers it."""

    id: str
    request: str
    graph: Graph


def read_examples(file: Path, catalog: ToolCatalog) -> list[Example]:
    """Read JSON lines `{"id", "user_request", "task_nodes": [{"task"}], "task_links": [{"source", "target"}]}`.

    Other keys are ignored. A link names tools; where a tool stands in a request twice, its first place is meant.

    Raises:
        UsageError: the file is not there, a line is no such object, or it names a tool that the catalog lacks.
    """
    return list(_read(file, catalog))


def _read(file: Path, catalog: ToolCatalog) -> Iterator[Example]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} cannot be read as examples: {error}") from None
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield example_of(json.loads(line), catalog, str(number))
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise UsageError(f"{file}:{number} is no example: {error!r}") from None


def example_of(data: dict[str, Any], catalog: ToolCatalog, default_id: str = "") -> Example:
    """One example from its JSON object.

    Raises:
        ValueError: it names a tool that is not in the catalog, or lacks a key.
    """
    names = [str(node["task"]) for node in data["task_nodes"]]
    links = [(str(link["source"]), str(link["target"])) for link in data.get("task_links") or ()]
    for name in (*names, *(end for link in links for end in link)):
        if name not in catalog.position:
            raise ValueError(f"the catalog has no tool {name!r}")
    graph = ordered([catalog.position[n] for n in names], [(names.index(a), names.index(b)) for a, b in links])
    return Example(str(data.get("id", default_id)), str(data["user_request"]), graph)


def ordered(nodes: list[int], links: Iterable[tuple[int, int]]) -> Graph:
    """The graph with each node after those that feed it, and otherwise in the order given; a cycle keeps that order."""
    told = {(a, b) for a, b in links if a != b}
    order: list[int] = []
    left = list(range(len(nodes)))
    while left:
        free = next((n for n in left if not any(b == n and a in left for a, b in told)), left[0])
        order.append(free)
        left.remove(free)
    place = {node: at for at, node in enumerate(order)}
    pairs = sorted((place[a], place[b]) for a, b in told)
    return Graph(tuple(nodes[n] for n in order), tuple(pairs))


def record_of(example_id: str, request: str, graph: Graph, catalog: ToolCatalog) -> dict[str, Any]:
    """The JSON object of an example or of a prediction."""
    names = [catalog.tools[n].id for n in graph.nodes]
    return {
        "id": example_id, "user_request": request, "task_nodes": [{"task": name} for name in names],
        "task_links": [{"source": names[a], "target": names[b]} for a, b in graph.links],
    }  # fmt: skip
