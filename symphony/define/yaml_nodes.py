"""YAML text as a tree of nodes with positions: one document, bounded depth, the core schema of YAML 1.2."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, TypeAlias, cast

from yaml._yaml import CParser
from yaml.error import MarkedYAMLError, YAMLError
from yaml.nodes import MappingNode, ScalarNode, SequenceNode

from symphony.define.yaml_problems import MOST, Problems
from symphony.define.yaml_syntax import explain
from symphony.define.yaml_text import Lines

DEEPEST = 64
PLAIN, TEXT, COLLECTION = "plain", "text", "collection"
"""The tags that nodes get here: an unquoted scalar, a quoted one, a list or map. Anything else was written out."""
Node: TypeAlias = ScalarNode | SequenceNode | MappingNode

_INTEGER = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((s + w for s in ("", "+") for w in (".inf", ".Inf", ".INF")), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_NUMERIC_START = frozenset("0123456789+-.")


class IntegerTooLargeError(ValueError):
    """A whole number has more than 64 bits."""


class _TooDeep(Exception):
    def __init__(self, position: int) -> None:
        self.position = position


class _Repeating(Exception):
    def __init__(self, node: MappingNode) -> None:
        self.node = node


class _Composer(CParser):
    """PyYAML's C parser, told to resolve nothing and to stop early at deep nesting and at ever the same keys."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.depth = 0

    def resolve(self, kind: type, value: str | None, implicit: Any) -> str:
        if kind is ScalarNode:
            return PLAIN if implicit[0] else TEXT
        if self.depth > DEEPEST:
            self._stop()
        return COLLECTION

    def descend_resolver(self, parent: Any, index: Any) -> None:
        self.depth += 1
        if self.depth > DEEPEST + 1:
            self._stop()
        if type(index) is ScalarNode:  # a value of a map, whose entries so far are looked at each time they double
            entries = len(parent.value)
            if entries > MOST and entries & (entries - 1) == 0 and entries - _distinct(parent) > MOST:
                raise _Repeating(parent)

    def ascend_resolver(self) -> None:
        self.depth -= 1

    def _stop(self) -> NoReturn:
        event = self.peek_event()
        mark = event.start_mark if event is not None else None
        raise _TooDeep(mark.index if mark is not None else 0)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Stop the cyclic garbage collector: a large file makes many objects, no garbage, and many walks."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def compose(text: str, problems: Problems) -> Node | None:
    """Build the tree of the one document in `text`; None when there is none or after noting what is wrong with it."""
    composer = _Composer(text)
    try:
        return cast("Node | None", composer.get_single_node())
    except _TooDeep as error:
        problems.add(
            "SYM107", f"lists and maps nest at most {DEEPEST} levels deep",
            span=Lines(text).span(error.position, error.position + 1),
            hint="flatten the data, or load it from a file in a task",
        )  # fmt: skip
    except _Repeating as error:
        _note_repeated(error.node, text, problems)
    except MarkedYAMLError as error:
        explain(error, text, problems)
    except YAMLError as error:
        problems.add("SYM100", f"the file is no YAML: {error}")
    finally:
        composer.dispose()
    return None


def _distinct(node: MappingNode) -> int:
    return len({key.value if type(key) is ScalarNode else id(key) for key, _ in node.value})


def _note_repeated(node: MappingNode, text: str, problems: Problems) -> None:
    lines, first = Lines(text), dict[str, ScalarNode]()
    for key, _ in node.value:
        if isinstance(key, ScalarNode) and first.setdefault(key.value, key) is not key:
            note_twice(key, first[key.value], lines, problems)


def note_twice(key: ScalarNode, first: ScalarNode, lines: Lines, problems: Problems) -> None:
    """Note that a key stands twice in its map."""
    if problems.overflow():
        return
    line, _ = lines.place(first.start_mark.index)
    problems.add("SYM104", f"the key {key.value!r} stands twice; the first is in line {line}",
                 hint="remove one of the two, or give one another name",
                 span=lines.span(key.start_mark.index, key.end_mark.index))  # fmt: skip


def scalar(value: str) -> Any:
    """Read an unquoted scalar by the core schema of YAML 1.2: ``no``, ``on`` and ``1:30`` are text, ``012`` is twelve.

    Raises:
        IntegerTooLargeError: a whole number with more than 64 bits.
    """
    if value in _WORDS:
        return _WORDS[value]
    if value[0] not in _NUMERIC_START:
        return value
    if _INTEGER.fullmatch(value):
        return _bounded(value, 10)
    if _FLOAT.fullmatch(value):
        return float(value)
    if _OCTAL.fullmatch(value):
        return _bounded(value[2:], 8)
    if _HEXADECIMAL.fullmatch(value):
        return _bounded(value[2:], 16)
    return value


def _bounded(digits: str, base: int) -> int:
    number = int(digits, base) if len(digits.lstrip("+-0")) <= 64 else 2**64
    if not -(2**63) <= number < 2**64:
        raise IntegerTooLargeError
    return number
