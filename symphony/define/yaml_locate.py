"""Finds the place of each part of a YAML document, only when asked: the first question composes the text again."""

from __future__ import annotations

from functools import cached_property

from yaml.nodes import MappingNode, ScalarNode, SequenceNode

from symphony.define.yaml_nodes import Node, collector_paused, compose
from symphony.define.yaml_problems import Problems
from symphony.define.yaml_scalars import content_places, content_start
from symphony.define.yaml_text import Lines
from symphony.errors import ExpressionError
from symphony.model.expression import Expression
from symphony.model.source import Path, Source, Span
from symphony.model.template import OPEN, parse_text


class YamlPlaces:
    """The places of the parts of one document. Paths are those of the document, short forms included."""

    def __init__(self, text: str, root: Node | None = None) -> None:
        self.text = text
        self.lines = Lines(text)
        self._given_root = root
        self._keys: dict[int, dict[str, tuple[Node, Node]]] = {}

    @cached_property
    def root(self) -> Node | None:
        """The tree, composed on first use."""
        if self._given_root is not None:
            return self._given_root
        with collector_paused():
            return compose(self.text, Problems(""))

    def forget_tree(self) -> None:
        """Let go of the tree: it takes many times the memory of the text, and few melodies are asked for places."""
        self._given_root = None
        self.__dict__.pop("root", None)
        self._keys.clear()

    def step(self, node: Node, step: str | int) -> tuple[Node | None, Node] | None:
        """The key (None in a list) and the value one step below `node`."""
        if isinstance(node, MappingNode):
            if id(node) not in self._keys:
                entries = ((k, v) for k, v in reversed(node.value) if isinstance(k, ScalarNode))
                self._keys[id(node)] = {k.value: (k, v) for k, v in entries}
            return self._keys[id(node)].get(str(step))
        if isinstance(node, SequenceNode) and isinstance(step, int) and 0 <= step < len(node.value):
            return None, node.value[step]
        return None

    def walk(self, path: Path) -> list[tuple[Node | None, Node]]:
        """The keys and values on the way along `path`, as far as it leads; the root comes first."""
        if self.root is None:
            return []
        found: list[tuple[Node | None, Node]] = [(None, self.root)]
        for step in path:
            entry = self.step(found[-1][1], step)
            if entry is None:
                break
            found.append(entry)
        return found

    def locate(self, path: Path) -> Span | None:
        """The span of a part, or of its nearest parent that is there; of its key where the value is empty."""
        found = self.walk(path)
        if not found:
            return None
        key, node = found[-1]
        start, end = self.extent(node)
        if key is not None and (end <= start or len(found) <= len(path)):
            # Nothing to point at, or only a parent is there: its name is the shortest place to show.
            start, end = self.extent(key)
        return self.lines.span(start, end if len(found) > 1 or isinstance(node, ScalarNode) else start)

    def key_of(self, path: Path) -> Span | None:
        """The span of the key that names a part, or None where the part has no key."""
        found = self.walk(path)
        if len(found) != len(path) + 1 or found[-1][0] is None:
            return None
        return self.lines.span(*self.extent(found[-1][0]))

    def extent(self, node: Node) -> tuple[int, int]:
        """Where a node starts and where its last character ends, blank lines and comments behind it left out."""
        start, end = node.start_mark.index, node.end_mark.index
        if isinstance(node, ScalarNode) or not node.value or self.is_flow(node):
            if isinstance(node, ScalarNode) and node.style in ("|", ">"):
                end = start + len(self.text[start:end].rstrip())
            return start, end
        children = node.value
        last = children[-1] if isinstance(node, SequenceNode) else children[-1][1]
        inner = self.extent(last)[1] if last.start_mark.index >= start else end
        if isinstance(node, MappingNode) and isinstance(children[-1][0], ScalarNode):
            inner = max(inner, children[-1][0].end_mark.index)  # the value is empty, or an alias of something above
        return start, inner

    def is_flow(self, node: Node) -> bool:
        """Whether a node is a list or map inside ``[ ]`` or ``{ }``."""
        start = content_start(self.text, node)
        return not isinstance(node, ScalarNode) and self.text[start : start + 1] in ("[", "{")

    def characters(self, path: Path, start: int, end: int) -> Span | None:
        """The span of the characters [start, end) of the text that lies at `path`, after escapes and folding."""
        found = self.walk(path)
        if len(found) != len(path) + 1 or not isinstance(found[-1][1], ScalarNode):
            return None
        node = found[-1][1]
        first = content_start(self.text, node)
        places = content_places(self.text, node)
        if places is None:
            return self.lines.span(first, first + 1)
        begin = places[start] if start < len(places) else (places[-1] + 1 if places else first)
        stop = places[end - 1] + 1 if 0 < end <= len(places) else begin + 1
        return self.lines.span(begin, stop)

    def expression_at(self, path: Path, start: int, end: int) -> Span | None:
        """The span of characters of the expression at `path`, counted as the expression's `source` counts them."""
        found = self.walk(path)
        if len(found) != len(path) + 1 or not isinstance(found[-1][1], ScalarNode):
            return None
        text = found[-1][1].value
        try:
            value = parse_text(text)
        except ExpressionError:
            return None
        whole = isinstance(value, Expression) and value.source == text
        shift = 0 if whole else text.find(OPEN) + len(OPEN)
        return self.characters(path, start + shift, end + shift)

    def source(self, file: str) -> Source:
        """The origin of a melody that was read from this document."""
        return Source(file, self.locate, lambda: self.text, self.key_of, self.expression_at)
