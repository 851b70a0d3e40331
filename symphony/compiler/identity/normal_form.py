"""Syntax trees as bytes that mean the same on every supported Python, whatever the layout of the text was."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from symphony.compiler.identity.names import Definition, is_docstring

Item: TypeAlias = str | ast.AST
_LEFT_OUT = frozenset(("ctx", "type_comment", "type_ignores", "kind"))
_STATEMENTS = frozenset(("body", "orelse", "finalbody"))
_fields_of: dict[type[ast.AST], tuple[str, ...]] = {}


def normal_form(
    nodes: Iterable[ast.AST],
    *,
    spelled: Mapping[ast.AST, str],
    kept_options: Mapping[ast.expr, Sequence[ast.keyword]],
    docstrings: bool = False,
) -> str:
    """Write syntax trees, one token a line.

    Left out are places, ``pass``, statements that are a bare constant, docstrings unless asked for, and every field
    that is None or empty, so that fields which a newer grammar adds change nothing. Two trees give equal text only if
    they mean the same.

    Args:
        spelled: names to write instead of the ones in the text: locals, by the node that holds them.
        kept_options: decorators to leave out, each with the options of it that stay.
    """
    out: list[str] = []
    stack: list[Item] = [*nodes]
    stack.reverse()
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            out.append(item)
        elif isinstance(item, ast.Name):
            out.append("=" + spelled.get(item, item.id))
        elif isinstance(item, ast.Constant):
            out.append(_constant(item.value))
        else:
            out.append("(" + type(item).__name__)
            parts = _parts(item, spelled, kept_options, docstrings)
            stack.append(")")
            stack.extend(reversed(parts))
    return "\n".join(out)


def _parts(
    node: ast.AST,
    spelled: Mapping[ast.AST, str],
    kept_options: Mapping[ast.expr, Sequence[ast.keyword]],
    docstrings: bool,
) -> list[Item]:
    parts: list[Item] = []
    if docstrings and isinstance(node, Definition) and is_docstring(node.body):
        parts += (".doc", node.body[0].value)  # type: ignore[attr-defined]
    for field in _fields(type(node)):
        value = getattr(node, field, None)
        if value is None:
            continue
        if isinstance(value, list):
            items = _items(node, field, value, kept_options)
            if items:
                parts += (f".{field}[", *items, "]")
        elif isinstance(value, ast.AST):
            parts += ("." + field, value)
        else:
            text = spelled[node] if isinstance(value, str) and node in spelled else value
            parts.append(f".{field}={text}")
    return parts


def _fields(kind: type[ast.AST]) -> tuple[str, ...]:
    found = _fields_of.get(kind)
    if found is None:
        found = _fields_of[kind] = tuple(f for f in kind._fields if f not in _LEFT_OUT)
    return found


def _items(
    node: ast.AST, field: str, value: list[object], kept_options: Mapping[ast.expr, Sequence[ast.keyword]]
) -> list[Item]:
    if field in _STATEMENTS:
        return [s for s in value if isinstance(s, ast.AST) and not does_nothing(s)]
    if field == "values" and isinstance(node, ast.JoinedStr):
        return _merged(node.values)
    if field == "decorator_list" and kept_options:
        return [i for d in value if isinstance(d, ast.expr) for i in _decorator(d, kept_options)]
    return [v if isinstance(v, ast.AST) else f"={v}" for v in value]


def does_nothing(statement: ast.AST) -> bool:
    """Whether a statement is ``pass``, a docstring or another bare constant."""
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def _merged(values: Sequence[ast.expr]) -> list[Item]:
    """Join neighbouring pieces of text in an f-string, as newer parsers do, and leave out empty ones."""
    items: list[Item] = []
    text = ""
    for value in values:
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            text += value.value
            continue
        if text:
            items.append(_constant(text))
        text = ""
        items.append(value)
    return [*items, _constant(text)] if text else items


def _decorator(decorator: ast.expr, kept_options: Mapping[ast.expr, Sequence[ast.keyword]]) -> list[Item]:
    kept = kept_options.get(decorator)
    if kept is None:
        return [decorator]
    if not kept:
        return []
    return ["(player", *sorted(kept, key=lambda k: k.arg or ""), ")"]


def _constant(value: object) -> str:
    """Write a constant with its type, so that 1, 1.0 and True differ; escapes do not depend on Unicode tables."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"int:{value:x}"
    return f"{type(value).__name__}:{value!a}"
