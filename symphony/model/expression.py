"""The syntax tree of expressions, their canonical text, and the references they make.

An expression is CEL (Common Expression Language). The tree serves four ends: references become edges, field paths are
checked with exact places, equal expressions get equal text in a plan however they were written, and a sub-melody is
inlined by substitution. Evaluating is left to the CEL library.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from dataclasses import field as dataclass_field
from typing import Any, TypeAlias

ROOTS = frozenset({"params", "tasks", "item", "index", "env", "run", "secrets"})
_PLAIN_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CEL_WORDS = frozenset({"in", "true", "false", "null"})


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant: null, boolean, integer, number, text or bytes."""

    value: bool | int | float | str | bytes | None
    at: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Unsigned:
    """An unsigned integer constant, ``5u``."""

    value: int
    at: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Name:
    """A free or bound variable."""

    name: str
    at: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Select:
    """A field: ``operand.field`` or, when optional, ``operand.?field``."""

    operand: Node
    field: str
    optional: bool = False
    at: tuple[int, int] = dataclass_field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Index:
    """An element: ``operand[index]`` or, when optional, ``operand[?index]``."""

    operand: Node
    index: Node
    optional: bool = False
    at: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function call; operators are calls named ``_+_``, ``!_``, ``-_``, ``_?_:_`` and so on."""

    function: str
    target: Node | None
    args: tuple[Node, ...]
    at: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list: ``[a, b]``; optional elements are marked ``[?a]``."""

    items: tuple[Node, ...]
    optional: frozenset[int] = frozenset()
    at: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map: ``{key: value}``; optional entries are marked ``{?key: value}``."""

    entries: tuple[tuple[Node, Node], ...]
    optional: frozenset[int] = frozenset()
    at: tuple[int, int] = field(default=(0, 0), compare=False)


Node: TypeAlias = Literal | Unsigned | Name | Select | Index | Call | ListOf | MapOf

BINARY = {
    "_||_": ("||", 1), "_&&_": ("&&", 2),
    "_<_": ("<", 3), "_<=_": ("<=", 3), "_>_": (">", 3), "_>=_": (">=", 3), "_==_": ("==", 3), "_!=_": ("!=", 3),
    "@in": ("in", 3), "_+_": ("+", 4), "_-_": ("-", 4), "_*_": ("*", 5), "_/_": ("/", 5), "_%_": ("%", 5),
}  # fmt: skip
UNARY = {"!_": "!", "-_": "-"}
COMPREHENSIONS = frozenset({"all", "exists", "exists_one", "map", "filter", "optMap", "optFlatMap"})


@dataclass(frozen=True, slots=True)
class Reference:
    """A path from a root: ``tasks.stats[0].path`` is root ``tasks``, name ``stats``, path ``(0, "path")``.

    `name` is empty for ``item``, ``index`` and the bare roots. `optional` is true when any step is ``.?``.
    """

    root: str
    name: str
    path: tuple[str | int, ...] = ()
    optional: bool = False
    at: tuple[int, int] = field(default=(0, 0), compare=False)

    @property
    def text(self) -> str:
        """The canonical text of the reference."""
        return to_text(self.node())

    def node(self) -> Node:
        """The syntax tree of the reference."""
        node: Node = Name(self.root, self.at)
        if self.name:
            node = _step(node, self.name, self.at, optional=self.optional)
        for step in self.path:
            node = _step(node, step, self.at, optional=False)
        return node


def _step(operand: Node, step: str | int, at: tuple[int, int], *, optional: bool) -> Node:
    if isinstance(step, str) and _PLAIN_FIELD.fullmatch(step) and step not in _CEL_WORDS:
        return Select(operand, step, optional, at)
    return Index(operand, Literal(step, at), optional, at)


class Expression:
    """One expression inside ``${{ }}``, equal to every other with the same canonical text.

    Attributes:
        text: the canonical text, without ``${{ }}``.
        source: the text as it was written, for places in messages; the canonical text when there is none.
    """

    __slots__ = ("_node", "_references", "source", "text")

    def __init__(self, node: Node, source: str | None = None) -> None:
        self._node: Node | None = node
        self._references: tuple[Reference, ...] | None = None
        self.text = to_text(node)
        self.source = self.text if source is None else source

    @classmethod
    def reference(
        cls,
        root: str,
        name: str = "",
        path: tuple[str | int, ...] = (),
        source: str | None = None,
        at: tuple[int, int] = (0, 0),
    ) -> Expression:
        """Build the expression that is nothing but a reference, without building its tree first."""
        self = object.__new__(cls)
        reference = Reference(root, name, path, False, at)
        self._node = None
        self._references = (reference,)
        simple = not path and name.isidentifier() and name.isascii() and name not in _CEL_WORDS
        self.text = f"{root}.{name}" if simple else reference.text
        self.source = self.text if source is None else source
        return self

    @property
    def node(self) -> Node:
        """The root of the syntax tree."""
        if self._node is None:
            assert self._references is not None
            self._node = self._references[0].node()
        return self._node

    @property
    def references(self) -> tuple[Reference, ...]:
        """Every reference made, in order of appearance, variables bound by macros left out."""
        if self._references is None:
            self._references = tuple(find_references(self.node))
        return self._references

    @property
    def bare(self) -> Reference | None:
        """The reference, when the expression is nothing else and has no optional step; else None."""
        if self._node is None and self._references is not None:
            return self._references[0]
        found = as_reference(self.node)
        return found if found is not None and not found.optional else None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and self.text == other.text

    def __hash__(self) -> int:
        return hash(("expression", self.text))

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def __str__(self) -> str:
        return "${{ " + self.text + " }}"


def as_reference(node: Node) -> Reference | None:
    """Read `node` as a reference, or return None when it is more: only the step to the name may be optional."""
    steps: list[tuple[str | int, bool]] = []
    end = node.at[1]
    while not isinstance(node, Name):
        if isinstance(node, Select):
            steps.append((node.field, node.optional))
            node = node.operand
        elif isinstance(node, Index) and isinstance(node.index, Literal) and type(node.index.value) in (int, str):
            steps.append((node.index.value, node.optional))  # type: ignore[arg-type]
            node = node.operand
        else:
            return None
    if node.name not in ROOTS:
        return None
    steps.reverse()
    named = node.name not in ("item", "index")
    if any(optional for _, optional in (steps[1:] if named else steps)):
        return None
    optional = bool(steps) and steps[0][1]
    name = ""
    path = [s for s, _ in steps]
    if named and path:
        if not isinstance(path[0], str):
            return None
        name = path.pop(0)  # type: ignore[assignment]
    return Reference(node.name, name, tuple(path), optional, (node.at[0], end))


def find_references(node: Node, bound: frozenset[str] = frozenset()) -> Iterator[Reference]:
    """Yield every reference in `node`, longest path first found, left to right."""
    reference = as_reference(node) if isinstance(node, (Name, Select, Index)) else None
    if reference is not None:
        if reference.root not in bound:
            yield reference
        return
    inner = bound
    if isinstance(node, Call) and node.function == "has" and len(node.args) == 1 and isinstance(node.args[0], Select):
        yield from find_references(node.args[0].operand, bound)  # has() asks for a field that may be missing
        return
    if isinstance(node, Call) and node.function in COMPREHENSIONS and node.target is not None and node.args:
        yield from find_references(node.target, bound)
        if isinstance(node.args[0], Name):
            inner = bound | {node.args[0].name}
        for arg in node.args[1:]:
            yield from find_references(arg, inner)
        return
    for child in children(node):
        yield from find_references(child, inner)


def free_names(node: Node, bound: frozenset[str] = frozenset()) -> Iterator[Name]:
    """Yield every variable of `node` that no macro binds."""
    if isinstance(node, Name):
        if node.name not in bound:
            yield node
        return
    if isinstance(node, Call) and node.function in COMPREHENSIONS and node.target is not None and node.args:
        yield from free_names(node.target, bound)
        inner = bound | {node.args[0].name} if isinstance(node.args[0], Name) else bound
        for arg in node.args[1:]:
            yield from free_names(arg, inner)
        return
    for child in children(node):
        yield from free_names(child, bound)


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below `node`, left to right."""
    if isinstance(node, Select):
        return (node.operand,)
    if isinstance(node, Index):
        return (node.operand, node.index)
    if isinstance(node, Call):
        return (node.target, *node.args) if node.target is not None else node.args
    if isinstance(node, ListOf):
        return node.items
    if isinstance(node, MapOf):
        return tuple(n for entry in node.entries for n in entry)
    return ()


def rewrite(node: Node, change: Callable[[Node], Node | None]) -> Node:
    """Rebuild `node`: where `change` returns a node it takes the place of the old one, else its children are visited.

    Variables bound by macros are never offered to `change`.
    """
    return _rewrite(node, change, frozenset())


def _rewrite(node: Node, change: Callable[[Node], Node | None], bound: frozenset[str]) -> Node:
    root = node
    while isinstance(root, (Select, Index)):
        root = root.operand
    if not (isinstance(root, Name) and root.name in bound):
        new = change(node)
        if new is not None:
            return new
    if isinstance(node, Select):
        return replace(node, operand=_rewrite(node.operand, change, bound))
    if isinstance(node, Index):
        return replace(node, operand=_rewrite(node.operand, change, bound), index=_rewrite(node.index, change, bound))
    if isinstance(node, Call):
        target = None if node.target is None else _rewrite(node.target, change, bound)
        if node.function in COMPREHENSIONS and target is not None and node.args and isinstance(node.args[0], Name):
            inner = bound | {node.args[0].name}
            args = (node.args[0], *(_rewrite(a, change, inner) for a in node.args[1:]))
        else:
            args = tuple(_rewrite(a, change, bound) for a in node.args)
        return replace(node, target=target, args=args)
    if isinstance(node, ListOf):
        return replace(node, items=tuple(_rewrite(i, change, bound) for i in node.items))
    if isinstance(node, MapOf):
        return replace(
            node,
            entries=tuple((_rewrite(k, change, bound), _rewrite(v, change, bound)) for k, v in node.entries),
        )
    return node


def shifted(node: Node, by: int) -> Node:
    """Rebuild `node` with every place moved by `by` characters."""
    at = (node.at[0] + by, node.at[1] + by)
    if isinstance(node, Select):
        return replace(node, operand=shifted(node.operand, by), at=at)
    if isinstance(node, Index):
        return replace(node, operand=shifted(node.operand, by), index=shifted(node.index, by), at=at)
    if isinstance(node, Call):
        target = None if node.target is None else shifted(node.target, by)
        return replace(node, target=target, args=tuple(shifted(a, by) for a in node.args), at=at)
    if isinstance(node, ListOf):
        return replace(node, items=tuple(shifted(i, by) for i in node.items), at=at)
    if isinstance(node, MapOf):
        return replace(node, entries=tuple((shifted(k, by), shifted(v, by)) for k, v in node.entries), at=at)
    return replace(node, at=at)


def height(node: Node) -> int:
    """How many levels of nodes stand above one another, without recursion."""
    highest, pending = 0, [(node, 1)]
    while pending:
        node, level = pending.pop()
        highest = max(highest, level)
        pending += [(child, level + 1) for child in children(node)]
    return highest


def from_value(value: Any) -> Node:
    """Build the tree of plain data whose leaves may be expressions."""
    if isinstance(value, Expression):
        return value.node
    if isinstance(value, Mapping):
        return MapOf(tuple((Literal(str(k)), from_value(v)) for k, v in value.items()))
    if isinstance(value, (list, tuple)):
        return ListOf(tuple(from_value(v) for v in value))
    return Literal(value)


class _Writer:
    """Writes canonical text and remembers where each node came from, so that places can be mapped back."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.length = 0
        self.origins: list[tuple[int, tuple[int, int]]] = []

    def put(self, text: str, at: tuple[int, int] | None = None) -> None:
        if at is not None:
            self.origins.append((self.length, at))
        self.parts.append(text)
        self.length += len(text)

    def node(self, node: Node, level: int = 0) -> None:
        if isinstance(node, (Literal, Unsigned)):
            self.put(_literal(node), node.at)
        elif isinstance(node, Name):
            self.put(node.name, node.at)
        elif isinstance(node, Select):
            self.node(node.operand, 8)
            self.put((".?" if node.optional else ".") + node.field, node.at)
        elif isinstance(node, Index):
            self.node(node.operand, 8)
            self.put("[?" if node.optional else "[", node.at)
            self.node(node.index)
            self.put("]")
        elif isinstance(node, ListOf):
            self.sequence("[", node.items, "]", node.optional, node.at)
        elif isinstance(node, MapOf):
            self.mapping(node)
        else:
            self.call(node, level)

    def call(self, node: Call, level: int) -> None:
        if node.function in BINARY:
            operator, own = BINARY[node.function]
            self.wrapped(own < level, lambda: self.binary(node, operator, own))
        elif node.function in UNARY:
            self.wrapped(level > 6, lambda: self.unary(node))
        elif node.function == "_?_:_":
            self.wrapped(level > 0, lambda: self.conditional(node))
        else:
            if node.target is not None:
                self.node(node.target, 8)
                self.put("." + node.function, node.at)
            else:
                self.put(node.function, node.at)
            self.sequence("(", node.args, ")", frozenset(), None)

    def binary(self, node: Call, operator: str, own: int) -> None:
        self.node(node.args[0], own)
        self.put(f" {operator} ", node.at)
        self.node(node.args[1], own + 1)

    def unary(self, node: Call) -> None:
        self.put(UNARY[node.function], node.at)
        self.node(node.args[0], 7)

    def conditional(self, node: Call) -> None:
        self.node(node.args[0], 1)
        self.put(" ? ", node.at)
        self.node(node.args[1], 1)
        self.put(" : ")
        self.node(node.args[2], 0)

    def wrapped(self, needed: bool, write: Callable[[], object]) -> None:
        if needed:
            self.put("(")
        write()
        if needed:
            self.put(")")

    def sequence(
        self, start: str, items: tuple[Node, ...], end: str, optional: frozenset[int], at: tuple[int, int] | None
    ) -> None:
        self.put(start, at)
        for i, item in enumerate(items):
            self.put((", " if i else "") + ("?" if i in optional else ""))
            self.node(item)
        self.put(end)

    def mapping(self, node: MapOf) -> None:
        self.put("{", node.at)
        for i, (key, value) in enumerate(node.entries):
            self.put((", " if i else "") + ("?" if i in node.optional else ""))
            self.node(key)
            self.put(": ")
            self.node(value)
        self.put("}")


def _literal(node: Literal | Unsigned) -> str:
    value = node.value
    if isinstance(node, Unsigned):
        return f"{node.value}u"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, bytes):
        return 'b"' + "".join(chr(b) if 32 <= b < 127 and b not in (34, 92) else f"\\x{b:02x}" for b in value) + '"'
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _float(value: float) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        return f'double("{ {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)] }")'.replace(" ", "")
    text = repr(value)
    return text if any(c in text for c in ".e") else text + ".0"


def to_text(node: Node) -> str:
    """Write the canonical text: one spacing, fewest parentheses, double quotes."""
    writer = _Writer()
    writer.node(node)
    return "".join(writer.parts)


def to_text_with_origins(node: Node) -> tuple[str, list[tuple[int, tuple[int, int]]]]:
    """Write the canonical text and a sorted list of (offset in it, (start, end) in the original text)."""
    writer = _Writer()
    writer.node(node)
    return "".join(writer.parts), writer.origins
