"""Values with expressions inside, as they stand in a document: ``${{ }}`` in text becomes an expression and back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from symphony.errors import ExpressionError
from symphony.model.expression import Call, Expression, Literal, Node, height, shifted
from symphony.model.expression_parser import HIGHEST, parse_expression
from symphony.model.frozen import FrozenMap

OPEN, CLOSE = "${{", "}}"
_PLAIN_EXPRESSION = re.compile(r"\s*\$\{\{([^{}\"'\\]*)\}\}\s*")
"""Text that is one expression without quotes and braces: the usual case, which needs no search for its end."""


def parse_text(text: str) -> Any:
    """Read text as a value: an expression when all of it is one, a concatenation when part of it is, else itself.

    Raises:
        ExpressionError: offsets count from the start of `text`.
    """
    plain = _PLAIN_EXPRESSION.fullmatch(text)
    if plain is not None:
        return _simplify(_parse_at(plain[1], plain.start(1)))
    start = text.find(OPEN)
    if start < 0:
        return text
    pieces: list[str | tuple[int, str]] = []
    at = 0
    while start >= 0:
        end = _closing(text, start + len(OPEN))
        if start > at:
            pieces.append(text[at:start])
        pieces.append((start + len(OPEN), text[start + len(OPEN) : end]))
        at = end + len(CLOSE)
        start = text.find(OPEN, at)
    if at < len(text):
        pieces.append(text[at:])
    if len(pieces) == 1 or (all(isinstance(p, tuple) or not p.strip() for p in pieces) and _expressions(pieces) == 1):
        offset, inner = next(p for p in pieces if isinstance(p, tuple))
        return _simplify(_parse_at(inner, offset))
    return _concatenate(pieces, text)


def _expressions(pieces: list[str | tuple[int, str]]) -> int:
    return sum(isinstance(p, tuple) for p in pieces)


def _closing(text: str, at: int) -> int:
    """Find the ``}}`` that ends an expression, looking past quoted text and braces of maps."""
    start, quote, depth = at, "", 0
    while at < len(text):
        character = text[at]
        if quote:
            if character == "\\":
                at += 1
            elif character == quote:
                quote = ""
        elif character in "\"'":
            quote = character
        elif character == "{":
            depth += 1
        elif character == "}" and depth:
            depth -= 1
        elif text.startswith(CLOSE, at):
            return at
        at += 1
    plain = text.find(CLOSE, start)
    if plain >= 0:
        return plain
    raise ExpressionError("${{ is never closed", offset=start - len(OPEN), length=3, hint="add }} at the end")


def _parse_at(inner: str, offset: int) -> Expression:
    try:
        return parse_expression(inner)
    except ExpressionError as error:
        raise ExpressionError(
            str(error), offset=error.offset + offset, length=error.length, code=error.code, hint=error.hint
        ) from None


def _simplify(expression: Expression) -> Any:
    """An expression that is only a constant is that constant (bytes and null included)."""
    if expression.bare is None and isinstance(expression.node, Literal):
        return expression.node.value
    return expression


def _concatenate(pieces: list[str | tuple[int, str]], text: str) -> Any:
    nodes: list[Node] = []
    for piece in pieces:
        if isinstance(piece, str):
            nodes.append(Literal(piece))
            continue
        value = _simplify(_parse_at(piece[1], piece[0]))
        if isinstance(value, Expression):
            node = shifted(value.node, piece[0])
            nodes.append(Call("string", None, (node,), node.at))
        elif isinstance(value, str):
            nodes.append(Literal(value))
        else:
            nodes.append(Call("string", None, (Literal(value),)))
    result = nodes[0]
    for node in nodes[1:]:
        if isinstance(result, Literal) and isinstance(node, Literal):
            result = Literal(str(result.value) + str(node.value))
        else:
            result = Call("_+_", None, (result, node))
    if height(result) > HIGHEST + 2:
        raise ExpressionError(
            f"text joins at most {HIGHEST} expressions",
            length=len(text),
            hint="make the text in a player, such as text.render",
        )
    return _simplify(Expression(result, source=text))


def parse_value(data: Any) -> Any:
    """Read a document's plain data as a value: text is parsed, lists become tuples, maps become read-only.

    Raises:
        ExpressionError: some text holds a broken expression.
    """
    if isinstance(data, str):
        return parse_text(data) if OPEN in data else data
    if isinstance(data, FrozenMap):
        return data
    if isinstance(data, Mapping):
        return FrozenMap({k: parse_value(v) for k, v in data.items()})
    if isinstance(data, (list, tuple)):
        return tuple(parse_value(v) for v in data)
    return data


def is_settled(value: Any) -> bool:
    """Whether `parse_value` would give a value back as it is; said only of what is told at a glance."""
    kind = type(value)
    if kind is str:
        return OPEN not in value
    return kind is Expression or kind is int or kind is bool or kind is float or value is None


def to_document(value: Any) -> Any:
    """Write a value as plain data; `parse_value` gives it back equal."""
    if isinstance(value, Expression):
        return str(value)
    if isinstance(value, str):
        return str(Expression(Literal(value))) if OPEN in value else value
    if isinstance(value, bytes):
        return str(Expression(Literal(value)))
    if isinstance(value, Mapping):
        return {k: to_document(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_document(v) for v in value]
    return value


def expressions_in(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Expression]]:
    """Yield every expression inside `value` with the path that leads to it, in order."""
    if isinstance(value, Expression):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from expressions_in(inner, (*path, key))
    elif isinstance(value, tuple):
        for i, inner in enumerate(value):
            yield from expressions_in(inner, (*path, i))


def map_expressions(value: Any, change: Any) -> Any:
    """Rebuild `value` with every expression replaced by what `change` makes of it."""
    if isinstance(value, Expression):
        return change(value)
    if isinstance(value, Mapping):
        return FrozenMap({k: map_expressions(v, change) for k, v in value.items()})
    if isinstance(value, tuple):
        return tuple(map_expressions(v, change) for v in value)
    return value


def _validated(data: Any) -> Any:
    try:
        return parse_value(data)
    except ExpressionError as error:
        raise PydanticCustomError("expression", "{reason}", {"reason": str(error)}) from error


def _validated_expression(data: Any) -> Any:
    value = _validated(data)
    if isinstance(value, (Expression, bool)):
        return value
    raise PydanticCustomError("expression", "expected an expression in ${{{{ }}}}", {})


Value = Annotated[
    Any,
    BeforeValidator(_validated),
    PlainSerializer(to_document),
    WithJsonSchema({"description": "Plain data; text that holds ${{ }} is an expression."}),
]
"""A value of a document: plain data whose text may hold expressions."""

Condition = Annotated[
    Any,
    BeforeValidator(_validated_expression),
    PlainSerializer(to_document),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": r"^\s*\$\{\{.*\}\}\s*$"}, {"type": "boolean"}]}),
]
"""A condition: one expression in ``${{ }}`` (or a constant true or false)."""
