"""Finds the place of a part of a YAML melody by walking its nodes; nothing is kept per value."""

from __future__ import annotations

from typing import Any

import yaml

from symphony.define.yaml_nodes import Document, span_of
from symphony.model.source import Path, Source, Span


class YamlSource:
    """Places in one file."""

    def __init__(self, document: Document, file: str) -> None:
        self._document, self._file = document, file
        self._maps: dict[int, dict[str, tuple[Any, Any]]] = {}

    def as_source(self) -> Source:
        """The source of the melody read from the file."""
        return Source(
            self._file, self.place, lambda: self._document.text, key_of=self.key, expression_at=self._expression_at
        )

    def place(self, path: Path) -> Span | None:
        """The span of a part, or of the nearest part above it that is there."""
        node = self._find(path)[1]
        return None if node is None else span_of(node)

    def key(self, path: Path) -> Span | None:
        """The span of the key that names a part."""
        key, node = self._find(path)
        return span_of(key) if key is not None else (None if node is None else span_of(node))

    def _find(self, path: Path) -> tuple[Any, Any]:
        key, node = None, self._document.root
        for step in path:
            if isinstance(node, yaml.MappingNode):
                found = self._entries(node).get(str(step))
                if found is None:
                    break
                key, node = found
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                key, node = None, node.value[step]
            else:
                break
        return key, node

    def _entries(self, node: Any) -> dict[str, tuple[Any, Any]]:
        known = self._maps.get(id(node))
        if known is None:
            known = self._maps[id(node)] = {k.value: (k, v) for k, v in node.value}
        return known

    def _expression_at(self, path: Path, start: int, end: int) -> Span | None:
        """Characters of the expression inside a scalar: offsets count from behind ``${{``."""
        node = self._find(path)[1]
        if not isinstance(node, yaml.ScalarNode):
            return None
        opening = node.value.find("${{")
        whole = node.value.count("${{") == 1 and node.value.strip().startswith("${{")
        shift = opening + 3 if opening >= 0 and whole else 0
        return self.characters(node, start + shift, end + shift)

    def characters(self, node: Any, start: int, end: int) -> Span:
        """The span of characters [start, end) of a scalar's value, found in the raw text between its marks."""
        raw = self._document.text[node.start_mark.index : node.end_mark.index]
        value = node.value
        wanted = value[start:end]
        shift = 1 if raw[:1] in ("'", '"') else 0
        at = start + shift
        if raw[at : at + len(wanted)] != wanted or node.style in ("|", ">"):
            first = value[:start].rpartition("${{")[2]
            at = raw.find(first + wanted)
            at = at + len(first) if at >= 0 else raw.find(wanted)
            if at < 0 or not wanted:
                return span_of(node)
        return self._span(node.start_mark.index + at, max(1, len(wanted)))

    def _span(self, index: int, length: int) -> Span:
        text = self._document.text
        line = text.count("\n", 0, index) + 1
        column = index - (text.rfind("\n", 0, index) + 1) + 1
        return Span(line, column, line, column + length)
