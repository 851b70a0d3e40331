"""Python source text of values and calls: literals, references, and calls that wrap where a line is full."""

from __future__ import annotations

import keyword
import math
from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any

from symphony.model.expression import Expression, Index, Literal, Name, Node, Select
from symphony.model.template import OPEN

WIDTH = 100
_METHODS = frozenset({"size", "when", "after", "options", "named", "described"})
"""Names that references answer to themselves; a field of that name is reached by an expression."""


def is_identifier(name: str) -> bool:
    """Whether a name can stand in Python source as it is."""
    return name.isidentifier() and not keyword.iskeyword(name)


class ValueText:
    """Writes values as Python source.

    Args:
        params: the parameters there are.
        variables: the variable of each task that is defined already; grows while a melody is written.
        use: notes that a name of the dialect is used, and gives the name it goes by.
    """

    def __init__(self, params: Container[str], variables: Mapping[str, str], use: Callable[[str], str]) -> None:
        self._params, self._variables, self._use = params, variables, use

    def of(self, value: Any) -> str:
        """Write a value on one line."""
        if isinstance(value, Expression):
            return self.expression(value)
        if isinstance(value, Mapping):
            return "{" + ", ".join(f"{quoted(str(k))}: {self.of(v)}" for k, v in value.items()) + "}"
        if isinstance(value, (list, tuple)):
            return "[" + ", ".join(self.of(v) for v in value) + "]"
        if isinstance(value, str) and OPEN in value:
            return self.expression(Expression(Literal(value)))
        return literal(value)

    def expression(self, value: Expression) -> str:
        """Write an expression: a reference as Python writes it, anything else as text of the expression language."""
        return self._reference(value.node) or f"{self._use('expr')}({quoted(value.text)})"

    def _reference(self, node: Node) -> str | None:
        if isinstance(node, Name):
            return self._use(node.name) if node.name in ("item", "index") else None
        if isinstance(node, Select) and not node.optional:
            return self._root(node) or self._field(node)
        if isinstance(node, Index) and not node.optional and isinstance(node.index, Literal):
            operand = self._reference(node.operand)
            key = node.index.value
            return f"{operand}[{literal(key)}]" if operand and type(key) in (int, str) else None
        return None

    def _root(self, node: Select) -> str | None:
        if not isinstance(node.operand, Name):
            return None
        root = node.operand.name
        if root == "params":
            return node.field if node.field in self._params else None
        if root == "tasks":
            return self._variables.get(node.field)
        return (
            f"{self._use({'secrets': 'secret'}.get(root, root))}({quoted(node.field)})"
            if root in ("secrets", "env")
            else None
        )

    def _field(self, node: Select) -> str | None:
        if isinstance(node.operand, Name) and node.operand.name in ("params", "tasks", "secrets", "env", "run"):
            return None
        operand = self._reference(node.operand)
        plain = is_identifier(node.field) and not node.field.startswith("_") and node.field not in _METHODS
        return f"{operand}.{node.field}" if operand and plain else None


def literal(value: Any) -> str:
    """Write plain data."""
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{quoted(str(k))}: {literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(literal(v) for v in value) + "]"
    return repr(value)


def quoted(text: str) -> str:
    """Write text in double quotes, as formatters do; in single quotes where that saves escapes."""
    if '"' in text and "'" not in text:
        return repr(text)
    body = repr(text + "'")[1:-2] if '"' not in text else repr(text)[1:-1].replace("\\'", "'").replace('"', '\\"')
    return f'"{body}"'


def lines_of(text: str) -> list[str]:
    """Write text of several lines as adjacent literals, one per line."""
    return [quoted(line) for line in text.splitlines(keepends=True)] or ['""']


def call_text(function: str, arguments: Iterable[str | list[str]], indent: int) -> str:
    """Write a call: on one line where it fits, else one argument per line. An argument may be a list of its lines."""
    given = list(arguments)
    if all(isinstance(a, str) for a in given):
        line = f"{function}({', '.join(a for a in given if isinstance(a, str))})"
        if indent + len(line) <= WIDTH or not given:
            return line
    inner = " " * (indent + 4)
    written = [inner + (a if isinstance(a, str) else f"\n{inner}".join(a)) + "," for a in given]
    return f"{function}(\n" + "\n".join(written) + f"\n{' ' * indent})"
