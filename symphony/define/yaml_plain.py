"""Nodes as plain data: maps with text keys, lists, scalars. What YAML allows and a melody does not is noted here."""

from __future__ import annotations

from typing import Any

from yaml.nodes import MappingNode, ScalarNode, SequenceNode

from symphony.define.yaml_nodes import COLLECTION, PLAIN, TEXT, IntegerTooLargeError, Node, note_twice, scalar
from symphony.define.yaml_problems import Problems
from symphony.define.yaml_text import Lines

LARGEST_EXPANSION = 100_000
_STANDARD = "tag:yaml.org,2002:"
_KINDS: dict[str, tuple[type, ...]] = {
    "str": (str,), "int": (int,), "float": (int, float), "bool": (bool,), "null": (type(None),),
    "map": (dict,), "seq": (list,),
}  # fmt: skip


class Refused(Exception):
    """The document cannot be read any further; the problem is noted."""


class PlainData:
    """Turns the nodes of one document into plain data. What an alias repeats is counted, so that it stays bounded."""

    def __init__(self, text: str, problems: Problems) -> None:
        self.text, self.problems = text, problems
        self.lines = Lines(text)
        self._has_tags = "!" in text
        self._aliases = "*" in text
        self._done: dict[int, tuple[Any, int]] = {}
        self._open: set[int] = set()
        self._repeating: MappingNode | None = None
        self._first: dict[str, ScalarNode] = {}
        self._size = 0
        self._expanded = 0

    def of(self, node: Node) -> Any:
        """Give the data of a node.

        Raises:
            Refused: aliases repeat too much, or lead in a circle.
        """
        if self._has_tags:
            self._check_tag(node)
        self._size += 1
        if type(node) is ScalarNode:
            value = node.value
            if node.tag == PLAIN:
                # The usual scalar is text that begins with a letter which begins no other kind of scalar.
                return value if value[:1] in _TEXT_STARTS else self._scalar(node)
            return value if node.tag == TEXT else self._tagged_scalar(node)
        if self._aliases:
            return self._collection_once(node)
        return self._map(node) if type(node) is MappingNode else [self.of(n) for n in node.value]

    def _map(self, node: MappingNode) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key, value in node.value:
            name = key.value if type(key) is ScalarNode and self._is_text(key) else None
            if name is None:
                self._not_text(key)
            elif name in data:
                self._twice(node, key)
            else:
                data[name] = None
                data[name] = self.of(value)
                continue
            self.of(value)
        return data

    def _collection_once(self, node: Node) -> Any:
        """The data of a list or map; one that an alias names again is shared, and its size counts again."""
        identity = id(node)
        if identity in self._done:
            data, size = self._done[identity]
            self._size += size
            self._expanded += size
            if self._expanded > LARGEST_EXPANSION:
                self._refuse(node, "SYM107", f"aliases repeat more than {LARGEST_EXPANSION:,} values",
                             "write the data out, or load it from a file in a task")  # fmt: skip
            return data
        if identity in self._open:
            self._refuse(node, "SYM110", "the alias stands inside its own anchor: the data would never end",
                         "let the alias name something outside of it")  # fmt: skip
        self._open.add(identity)
        before = self._size
        data = self._map(node) if type(node) is MappingNode else [self.of(n) for n in node.value]
        self._open.discard(identity)
        self._done[identity] = (data, self._size - before + 1)
        return data

    def _refuse(self, node: Node, code: str, message: str, hint: str) -> None:
        self._note(node, code, message, hint)
        raise Refused

    # scalars and tags --------------------------------------------------------------------------------------------

    def _scalar(self, node: ScalarNode) -> Any:
        try:
            return scalar(node.value)
        except IntegerTooLargeError:
            self._note(node, "SYM141", "the integer has more than 64 bits", "write it in quotes to pass it as text")
            return 0

    def _tagged_scalar(self, node: ScalarNode) -> Any:
        """A scalar with a standard tag, such as ``!!str 5``; other tags are noted by `_check_tag`."""
        if node.tag in (_STANDARD + "str", "!"):
            return node.value
        value = self._scalar(node)
        wanted = _KINDS.get(node.tag.removeprefix(_STANDARD))
        if node.tag.startswith(_STANDARD) and wanted is not None and type(value) not in wanted:
            name = node.tag.removeprefix(_STANDARD)
            self._note(node, "SYM108", f"{node.value!r} is no {name}, as its tag !!{name} says", "remove the tag")
            return None
        return float(value) if node.tag == _STANDARD + "float" and value is not None else value

    def _check_tag(self, node: Node) -> None:
        tag = node.tag
        if tag in (PLAIN, TEXT, COLLECTION):
            if tag == PLAIN and self.text[node.start_mark.index : node.start_mark.index + 2] in ("! ", "!\n", "!"):
                node.tag = "!"
            return
        name = tag.removeprefix(_STANDARD)
        collection = {"map": MappingNode, "seq": SequenceNode}.get(name, ScalarNode)
        if tag == "!" or (tag.startswith(_STANDARD) and name in _KINDS and isinstance(node, collection)):
            return
        shown = f"!!{name}" if tag.startswith(_STANDARD) else tag
        self._note(node, "SYM108", f"the tag {shown} is not allowed: a melody holds plain data", "remove the tag")
        node.tag = TEXT if isinstance(node, ScalarNode) else COLLECTION

    # keys --------------------------------------------------------------------------------------------------------

    def _is_text(self, key: ScalarNode) -> bool:
        return key.tag != PLAIN or key.value[:1] in _TEXT_STARTS or isinstance(self._scalar(key), str)

    def _not_text(self, key: Node) -> None:
        if isinstance(key, ScalarNode):
            shown = key.value or "nothing"
            hint = f'write it in quotes: "{key.value}"' if key.value else "write a name in front of the ':'"
            self._note(key, "SYM105", f"a key is text, this one is {shown}", hint)
        else:
            self._note(key, "SYM105", "a key is text, this one is a list or map", "write a plain name as the key")

    def _twice(self, node: MappingNode, key: ScalarNode) -> None:
        if self._repeating is not node:
            self._repeating = node
            self._first = {k.value: k for k, _ in reversed(node.value) if isinstance(k, ScalarNode)}
        note_twice(key, self._first[key.value], self.lines, self.problems)

    def _note(self, node: Node, code: str, message: str, hint: str) -> None:
        if self.problems.overflow():
            return
        span = self.lines.span(node.start_mark.index, node.end_mark.index if isinstance(node, ScalarNode) else 0)
        self.problems.add(code, message, hint=hint, span=span)


_TEXT_STARTS = frozenset("abcdeghijklmopqrsuvwxyzABCDEGHIJKLMOPQRSUVWXYZ_$/\\\"'<>()[]{};,=^@")
