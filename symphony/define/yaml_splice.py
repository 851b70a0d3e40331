"""Changes the data of a YAML text by splicing: the pieces that differ are written anew, every other byte stays."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from yaml.nodes import MappingNode, ScalarNode, SequenceNode

from symphony.define.yaml_emit import after_key, block_list, can_be_literal, emit, entry, flow, item, quoted
from symphony.define.yaml_locate import YamlPlaces
from symphony.define.yaml_nodes import Node, compose
from symphony.define.yaml_plain import PlainData, Refused
from symphony.define.yaml_problems import Problems
from symphony.define.yaml_scalars import content_start
from symphony.define.yaml_text import BOM
from symphony.errors import MelodyError

REMOVE: Any = object()
"""Stands for a value that shall be removed."""
_COLON = re.compile(r"[ \t]*:")
_ALIAS = re.compile(r"\s*\*[^\s,\]}]+")


def plain_data(text: str) -> Any:
    """The data of a YAML text.

    Raises:
        MelodyError: the text is no YAML; the message says where and why.
    """
    problems = Problems("")
    text = text.removeprefix(BOM)
    root = compose(text, problems)
    data = None
    if root is not None:
        try:
            data = PlainData(text, problems).of(root)
        except Refused:
            root = None
    if root is None and len(problems):
        raise MelodyError(problems.sorted()[0].one_line())
    return data


def same(one: Any, other: Any) -> bool:
    """Whether two pieces of data are equal in type and value; the order of maps counts for nothing."""
    if one is other:
        return True
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(v, other[k]) for k, v in one.items())
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and (one == other or (one != one and other != other))


def respell(text: str, before: Any, after: Any) -> str:
    """Change `text`, whose data is `before`, so that its data is `after`.

    The result is read back: where splicing cannot express the change (an anchor whose value other places share), the
    document is written anew.
    """
    if same(before, after):
        return text
    mark = BOM if text.startswith(BOM) else ""
    body = text.removeprefix(BOM)
    spliced = _Splicer(body).change(before, after) if before is not None else ""
    try:
        if spliced and same(plain_data(spliced), after):
            return mark + spliced
    except MelodyError:
        pass  # the splices did not fit; the document is written anew
    written = emit(after)
    return mark + (written.replace("\n", "\r\n") if "\r\n" in body else written)


class _Splicer:
    """Collects splices against one tree and applies them together."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.newline = "\r\n" if "\r\n" in text else "\n"
        self.places = YamlPlaces(text)
        self.splices: list[tuple[int, int, str]] = []

    def change(self, before: Any, after: Any) -> str:
        root = self.places.root
        if root is None or not (isinstance(before, dict) and isinstance(after, dict) and before and after):
            return ""
        self._map(root, before, after, in_flow=self.places.is_flow(root))
        out, at = [], 0
        for start, end, new in sorted(self.splices, key=lambda s: s[:2]):
            if start < at:
                return ""  # overlapping splices: the change is beyond splicing
            out += [self.text[at:start], new]
            at = end
        return "".join([*out, self.text[at:]])

    def put(self, start: int, end: int, new: str) -> None:
        self.splices.append((start, end, new.replace("\n", self.newline)))

    # maps --------------------------------------------------------------------------------------------------------

    def _map(self, node: Any, before: dict[str, Any], after: Mapping[str, Any], *, in_flow: bool) -> None:
        entries: dict[str, tuple[Any, Any]] = {}
        for key, value in node.value:
            if isinstance(key, ScalarNode):
                entries.setdefault(key.value, (key, value))
        for key, value in after.items():
            if key in entries and not same(before[key], value):
                self._entry(*entries[key], before[key], value, in_flow=in_flow)
        kept = [k for k in entries if k in after]
        for key in entries:
            if key not in after:
                self._remove(node, list(entries), entries, key, kept, in_flow=in_flow)
        self._insert_all(node, entries, after, in_flow=in_flow)

    def _entry(self, key: Any, value: Any, before: Any, after: Any, *, in_flow: bool) -> None:
        """Change the value of one entry."""
        start, end = self._region(key, value)
        inside = in_flow or self.places.is_flow(value)
        alias = value.start_mark.index < key.end_mark.index
        if not alias and self._descend(value, before, after, inside):
            return
        if in_flow or (not alias and end > start and self._stays_inline(value, after, end)):
            first = start if alias else content_start(self.text, value)
            new = self._scalar(value, after, in_flow=in_flow)
            self.put(first, end, new if first < end else f" {new}")
        else:
            self.put(self._colon(key), end, after_key(after, self._column(key), literal=self._rest_is_empty(end)))

    def _stays_inline(self, value: Node, after: Any, end: int) -> bool:
        """Whether a scalar on one line gives way to another one."""
        if not isinstance(value, ScalarNode) or isinstance(after, (Mapping, list, tuple)) or value.style in ("|", ">"):
            return False
        return not (isinstance(after, str) and can_be_literal(after) and self._rest_is_empty(end))

    def _descend(self, node: Any, before: Any, after: Any, in_flow: bool) -> bool:
        """Change the inside of a collection that stays a collection; says whether that was possible."""
        if not before or not after:
            return False
        if isinstance(node, MappingNode) and isinstance(before, dict) and isinstance(after, Mapping):
            beyond = self._begins_behind_dash(node) and not self._first_stays(node, after)
            if beyond or not before.keys() & after.keys():
                return False
            self._map(node, before, after, in_flow=in_flow)
            return True
        if isinstance(node, SequenceNode) and isinstance(before, list) and isinstance(after, (list, tuple)):
            self._list(node, before, list(after), in_flow=in_flow)
            return True
        return False

    def _begins_behind_dash(self, node: MappingNode) -> bool:
        start = node.start_mark.index
        return not self.places.is_flow(node) and bool(self.text[self._line_start(start) : start].strip())

    def _first_stays(self, node: MappingNode, after: Mapping[str, Any]) -> bool:
        first = node.value[0][0].value
        return first in after and next(iter(after)) == first

    def _insert_all(self, node: Any, entries: dict[str, Any], after: Mapping[str, Any], *, in_flow: bool) -> None:
        """Insert the new entries of a map, each behind the one it follows in `after`."""
        groups: dict[str | None, list[str]] = {}
        last: str | None = None
        for key in after:
            if key in entries:
                last = key
            else:
                groups.setdefault(last, []).append(key)
        for anchor, keys in groups.items():
            self._insert(node, entries, anchor, {k: after[k] for k in keys}, in_flow=in_flow)

    def _insert(
        self, node: Any, entries: dict[str, Any], anchor: str | None, new: dict[str, Any], *, in_flow: bool
    ) -> None:
        if in_flow:
            inner = flow(new)[1:-1]
            if anchor is None:
                self.put(node.start_mark.index + 1, node.start_mark.index + 1, inner + ", ")
            else:
                end = self._region(*entries[anchor])[1]
                self.put(end, end, ", " + inner)
            return
        indent = self._column(node.value[0][0])
        lines = "\n".join(entry(k, v, indent) for k, v in new.items())
        if anchor is None:
            start = self._line_start(node.start_mark.index)
            self.put(start, start, lines + "\n")
        else:
            end = self._line_end(self._region(*entries[anchor])[1])
            self.put(end, end, "\n" + lines)

    def _remove(
        self, node: Any, order: list[str], entries: dict[str, Any], name: str, kept: list[str], *, in_flow: bool
    ) -> None:
        key, value = entries[name]
        start, end = key.start_mark.index, self._region(key, value)[1]
        if not in_flow:
            self._remove_lines(start, end)
            return
        at = order.index(name)
        if any(k in kept for k in order[:at]):
            self.put(self._region(*entries[order[at - 1]])[1], end, "")
        elif at + 1 < len(order):
            self.put(start, entries[order[at + 1]][0].start_mark.index, "")

    def _remove_lines(self, start: int, end: int) -> None:
        first, last = self._line_start(start), self._line_end(end)
        if last < len(self.text):
            last += 2 if self.text.startswith("\r\n", last) else 1
        elif first > 0:
            first -= 2 if self.text.startswith("\r\n", first - 2) else 1
        self.put(first, last, "")

    # lists -------------------------------------------------------------------------------------------------------

    def _list(self, node: Any, before: list[Any], after: list[Any], *, in_flow: bool) -> None:
        """Change a list: equal elements at both ends stay, those between change in place, the rest comes or goes."""
        head = 0
        while head < min(len(before), len(after)) and same(before[head], after[head]):
            head += 1
        tail = 0
        while tail < min(len(before), len(after)) - head and same(before[-1 - tail], after[-1 - tail]):
            tail += 1
        old_end, new_end = len(before) - tail, len(after) - tail
        shared = min(old_end, new_end)
        for i in range(head, shared):
            self._element(node.value[i], before[i], after[i], in_flow=in_flow)
        for i in range(shared, old_end):
            self._remove_element(node, i, shared, in_flow=in_flow)
        if new_end > shared:
            self._insert_elements(node, shared, after[shared:new_end], in_flow=in_flow)

    def _element(self, node: Any, before: Any, after: Any, *, in_flow: bool) -> None:
        if self._descend(node, before, after, in_flow or self.places.is_flow(node)):
            return
        start, end = self.places.extent(node)
        if isinstance(node, ScalarNode) and not isinstance(after, (Mapping, list, tuple)) and end > start:
            self.put(content_start(self.text, node), end, self._scalar(node, after, in_flow=in_flow))
        elif in_flow:
            self.put(start, end, flow([after])[1:-1])
        else:
            dash = self._dash(node)
            self.put(dash, end, item(after, self._column_of(dash)).lstrip(" "))

    def _remove_element(self, node: Any, index: int, kept_before: int, *, in_flow: bool) -> None:
        children = node.value
        start, end = self.places.extent(children[index])
        if not in_flow:
            self._remove_lines(self._dash(children[index]), end)
        elif kept_before > 0:
            self.put(self.places.extent(children[index - 1])[1], end, "")
        elif index + 1 < len(children):
            self.put(start, children[index + 1].start_mark.index, "")

    def _insert_elements(self, node: Any, at: int, new: list[Any], *, in_flow: bool) -> None:
        if at == 0:
            first = node.value[0]
            if in_flow:
                self.put(first.start_mark.index, first.start_mark.index, flow(new)[1:-1] + ", ")
            else:
                start = self._line_start(self._dash(first))
                self.put(start, start, block_list(new, self._column_of(self._dash(first))) + "\n")
            return
        previous = node.value[at - 1]
        end = self.places.extent(previous)[1]
        if in_flow:
            self.put(end, end, ", " + flow(new)[1:-1])
        else:
            end = self._line_end(end)
            self.put(end, end, "\n" + block_list(new, self._column_of(self._dash(previous))))

    # places ------------------------------------------------------------------------------------------------------

    def _region(self, key: Any, value: Any) -> tuple[int, int]:
        """Where the value of an entry stands; an alias at its place of use, an empty value behind the colon."""
        if value.start_mark.index < key.end_mark.index:
            match = _ALIAS.match(self.text, self._colon(key))
            return (match.start(), match.end()) if match else (self._colon(key), self._colon(key))
        start, end = self.places.extent(value)
        if end > start:
            return start, end
        colon = self._colon(key)
        return colon, colon

    def _colon(self, key: Any) -> int:
        """The position behind the colon of a key; behind the key where it has none."""
        end = int(key.end_mark.index)
        match = _COLON.match(self.text, end)
        return match.end() if match else end

    def _dash(self, node: Node) -> int:
        """Where the ``-`` of a list's element stands."""
        start, end = self.places.extent(node)
        return self.text.rfind("-", 0, start + (start == end))

    def _scalar(self, node: Node, value: Any, *, in_flow: bool) -> str:
        """A value on one line; text in the quotes that the old one had."""
        if isinstance(value, str) and isinstance(node, ScalarNode) and node.style in ("'", '"'):
            return quoted(value, node.style)
        return flow([value])[1:-1] if in_flow else flow(value)

    def _rest_is_empty(self, position: int) -> bool:
        return not self.text[position : self._line_end(position)].strip()

    def _line_start(self, position: int) -> int:
        return max(self.text.rfind("\n", 0, position), self.text.rfind("\r", 0, position)) + 1

    def _line_end(self, position: int) -> int:
        match = re.compile(r"[^\r\n]*").match(self.text, position)
        return match.end() if match else position

    def _column(self, node: Node) -> int:
        return self._column_of(node.start_mark.index)

    def _column_of(self, position: int) -> int:
        return position - self._line_start(position)
