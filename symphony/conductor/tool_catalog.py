"""What can be composed of: tools with their texts and types, and which may feed which."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from symphony.compiler.fit import Fit, fit
from symphony.errors import UsageError
from symphony.model.canonical import digest_of
from symphony.model.signature import Signature


@dataclass(frozen=True, slots=True)
class Tool:
    """One thing that a melody can call.

    Attributes:
        id: its name in examples and melodies.
        text: what it does, in words.
        takes, gives: names of the types of its inputs and outputs; empty where they are not told.
    """

    id: str
    text: str = ""
    takes: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()


@dataclass(frozen=True)
class ToolCatalog:
    """Tools in a fixed order, and which of them may feed which.

    Attributes:
        tools: by position; a position stands for its tool everywhere in the Conductor.
        links: pairs of positions (source, target) that are allowed; None: nothing is known, every pair is.
    """

    tools: tuple[Tool, ...]
    links: frozenset[tuple[int, int]] | None = field(default=None, repr=False)

    @cached_property
    def position(self) -> dict[str, int]:
        """The position of a tool by its id."""
        return {tool.id: at for at, tool in enumerate(self.tools)}

    @cached_property
    def digest(self) -> str:
        """A digest of all that is known; equal catalogs have equal ones."""
        tools = [[t.id, t.text, list(t.takes), list(t.gives)] for t in self.tools]
        return digest_of([tools, None if self.links is None else [list(pair) for pair in sorted(self.links)]])

    def may_feed(self, source: int, target: int) -> bool:
        """Whether an output of one tool may be an input of another."""
        return self.links is None or (source, target) in self.links


def catalog_of(signatures: Iterable[Signature]) -> ToolCatalog:
    """The catalog of players, by name: one may feed another where the type of an output fits a port.

    The compiler's rules hold. Optional ports (limits, names, options) do not count beside required ones.
    """
    players = sorted(signatures, key=lambda s: s.name)
    tools = tuple(
        Tool(s.name, _text(s), tuple(str(p.type) for p in s.inputs), tuple(str(p.type) for p in s.outputs))
        for s in players
    )
    pairs = ((a, b) for a, source in enumerate(players) for b, target in enumerate(players) if _feeds(source, target))
    return ToolCatalog(tools, frozenset(pairs))


def read_catalog(file: Path) -> ToolCatalog:
    """Read tools from a JSON file: `{"nodes": [{"id", "desc", "input-type", "output-type"}], "links": [{"source", "target"}]}`.

    Links are optional. Without them, types tell which tool may feed which, where more than one type is in use.

    Raises:
        UsageError: the file is not there or says something else; names the node or link.
    """
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} cannot be read as a catalog: {error}") from None
    if not isinstance(data, dict) or not isinstance(data.get("nodes"), list):
        raise UsageError(f'{file} is no catalog: it should be a JSON object with a list "nodes"')
    tools = tuple(_tool(file, at, node) for at, node in enumerate(data["nodes"]))
    catalog = ToolCatalog(tools)
    if len(catalog.position) < len(tools):
        twice = next(t.id for at, t in enumerate(tools) if catalog.position[t.id] != at)
        raise UsageError(f"{file} names the node {twice!r} twice")
    listed = data.get("links")
    return ToolCatalog(tools, _by_types(tools) if listed is None else _links(file, catalog, listed))


def _tool(file: Path, at: int, node: Any) -> Tool:
    if not isinstance(node, dict) or not isinstance(node.get("id"), str) or not node["id"]:
        raise UsageError(f'{file}: nodes[{at}] should be an object with a text "id"')
    return Tool(node["id"], str(node.get("desc") or ""), _types(node, "input-type"), _types(node, "output-type"))


def _types(node: dict[str, Any], key: str) -> tuple[str, ...]:
    told = node.get(key) or ()
    return (told,) if isinstance(told, str) else tuple(str(name) for name in told)


def _links(file: Path, catalog: ToolCatalog, listed: Any) -> frozenset[tuple[int, int]]:
    pairs = set()
    for at, link in enumerate(listed):
        source, target = (link.get("source"), link.get("target")) if isinstance(link, dict) else (None, None)
        for end in (source, target):
            if end not in catalog.position:
                raise UsageError(f"{file}: links[{at}] names {end!r}, which is no node")
        pairs.add((catalog.position[str(source)], catalog.position[str(target)]))
    return frozenset(pairs)


def _by_types(tools: tuple[Tool, ...]) -> frozenset[tuple[int, int]] | None:
    named = {name for tool in tools for name in (*tool.takes, *tool.gives)}
    if len(named) < 2 or not all(tool.takes and tool.gives for tool in tools):
        return None
    return frozenset(
        (a, b)
        for a, source in enumerate(tools)
        for b, target in enumerate(tools)
        if set(source.gives) & set(target.takes)
    )


def _text(player: Signature) -> str:
    return " ".join((player.summary, *player.tags, *(port.doc for port in player.inputs if port.required)))


def _feeds(source: Signature, target: Signature) -> bool:
    ports = [port for port in target.inputs if port.required] or target.inputs
    return any(fit(out.type, port.type) is not Fit.NO for out in source.outputs for port in ports)
