"""Reads the text of an expression into its syntax tree.

The grammar is that of the CEL specification, with optional syntax (``.?`` and ``[?``) and without message
construction. Limits keep hostile text cheap: 10,000 characters, 30 levels of nesting, 100 of the tree (a chain of
operators or fields grows one per step), 2 nested comprehensions.
"""

from __future__ import annotations

import re
from functools import lru_cache

from symphony.errors import ExpressionError
from symphony.model.expression import (
    COMPREHENSIONS,
    Call,
    Expression,
    Index,
    ListOf,
    Literal,
    MapOf,
    Name,
    Node,
    Select,
    Unsigned,
    height,
)

LONGEST = 10_000
DEEPEST = 30
HIGHEST = 100
NESTED_COMPREHENSIONS = 2

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n\f]+|//[^\n]*)
    |(?P<text>(?:[rR][bB]?|[bB][rR]?)?(?:\"\"\".*?\"\"\"|'''.*?'''|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'))
    |(?P<rawtext>(?:[rR][bB]?|[bB][rR])(?:"[^"\n]*"|'[^'\n]*'))
    |(?P<number>0[xX][0-9a-fA-F]+[uU]?|\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?|\d+[uU]?)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<op>\|\||&&|<=|>=|==|!=|[-+*/%!<>()\[\]{}.,:?])""",
    re.X | re.S,
)
_FAST_REFERENCE = re.compile(r"\s*(?:(tasks|params|env|secrets|run)\.([A-Za-z_][A-Za-z0-9_]*)|(item|index))\s*")
_CEL_RESERVED = frozenset(
    [
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
        "while",
    ]
)
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_RELATIONS = {"<": "_<_", "<=": "_<=_", ">": "_>_", ">=": "_>=_", "==": "_==_", "!=": "_!=_", "in": "@in"}


def parse_expression(text: str) -> Expression:
    """Read the text between ``${{`` and ``}}``.

    Raises:
        ExpressionError: with the offset of the problem, what was found and what would be valid.
    """
    fast = _FAST_REFERENCE.fullmatch(text)
    if fast is not None and fast[2] not in ("in", "true", "false", "null"):
        at = (fast.start(1 if fast[1] else 3), fast.end(fast.lastindex or 0))
        return Expression.reference(fast[1] or fast[3], fast[2] or "", source=text, at=at)
    return _parse(text)


@lru_cache(maxsize=4096)
def _parse(text: str) -> Expression:
    if len(text) > LONGEST:
        raise ExpressionError(f"an expression has at most {LONGEST:,} characters, this one has {len(text):,}")
    node = _Parser(text).whole()
    if height(node) > HIGHEST:
        raise ExpressionError(
            f"an expression chains at most {HIGHEST} operators or fields",
            offset=len(text) - len(text.lstrip()), length=len(text.strip()), hint="do this work in a player",
        )  # fmt: skip
    return Expression(node, source=text)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(_tokens(text))
        self.at = 0
        self.depth = 0
        self.comprehensions = 0

    # tokens ------------------------------------------------------------------------------------------------------

    @property
    def kind(self) -> str:
        return self.tokens[self.at][0]

    @property
    def value(self) -> str:
        return self.tokens[self.at][1]

    @property
    def start(self) -> int:
        return self.tokens[self.at][2]

    @property
    def last_end(self) -> int:
        _, value, start = self.tokens[self.at - 1]
        return start + len(value)

    def take(self, *values: str) -> str | None:
        if self.kind in ("op", "name") and self.value in values:
            value = self.value
            self.at += 1
            return value
        return None

    def expect(self, value: str, why: str) -> None:
        if self.take(value) is None:
            raise self.unexpected(f"expected {value!r} {why}")

    def unexpected(self, wanted: str) -> ExpressionError:
        found = "the end" if self.kind == "end" else repr(self.value)
        return ExpressionError(f"{wanted}, found {found}", offset=self.start, length=len(self.value))

    # grammar -----------------------------------------------------------------------------------------------------

    def whole(self) -> Node:
        if self.kind == "end":
            raise ExpressionError("an expression is missing between ${{ and }}", length=max(1, len(self.text)))
        node = self.expression()
        if self.kind != "end":
            hint = "use && for and, || for or, ! for not" if self.value in ("and", "or", "not") else ""
            if self.value == "|":
                hint = "there are no filters; call a function instead: size(x), x.join(',')"
            error = self.unexpected("expected an operator or the end")
            error.hint = hint
            raise error
        return node

    def expression(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise ExpressionError(f"an expression nests at most {DEEPEST} levels deep", offset=self.start)
        start = self.start
        node = self.either()
        if self.take("?"):
            yes = self.either()
            self.expect(":", "between the two cases of ? :")
            no = self.expression()
            node = Call("_?_:_", None, (node, yes, no), (start, self.last_end))
        self.depth -= 1
        return node

    def either(self) -> Node:
        start, node = self.start, self.both()
        while self.take("||"):
            node = Call("_||_", None, (node, self.both()), (start, self.last_end))
        return node

    def both(self) -> Node:
        start, node = self.start, self.relation()
        while self.take("&&"):
            node = Call("_&&_", None, (node, self.relation()), (start, self.last_end))
        return node

    def relation(self) -> Node:
        start, node = self.start, self.addition()
        while (operator := self.take(*_RELATIONS)) is not None:
            node = Call(_RELATIONS[operator], None, (node, self.addition()), (start, self.last_end))
        return node

    def addition(self) -> Node:
        start, node = self.start, self.multiplication()
        while (operator := self.take("+", "-")) is not None:
            node = Call(f"_{operator}_", None, (node, self.multiplication()), (start, self.last_end))
        return node

    def multiplication(self) -> Node:
        start, node = self.start, self.unary()
        while (operator := self.take("*", "/", "%")) is not None:
            node = Call(f"_{operator}_", None, (node, self.unary()), (start, self.last_end))
        return node

    def unary(self) -> Node:
        start = self.start
        signs = []
        while (sign := self.take("!", "-")) is not None:
            signs.append(sign)
            if len(signs) > DEEPEST:
                raise ExpressionError("too many signs in a row", offset=start)
        node = self.member()
        for sign in reversed(signs):
            if sign == "-" and isinstance(node, Literal) and type(node.value) in (int, float):
                node = Literal(-node.value, (start, self.last_end))  # type: ignore[operator]
            else:
                node = Call(f"{sign}_", None, (node,), (start, self.last_end))
        return node

    def member(self) -> Node:
        start, node = self.start, self.primary()
        while True:
            if self.take("."):
                node = self.field(node, start)
            elif self.take("["):
                optional = self.take("?") is not None
                index = self.expression()
                self.expect("]", "after the index")
                node = Index(node, index, optional, (start, self.last_end))
            else:
                return node

    def field(self, operand: Node, start: int) -> Node:
        optional = self.take("?") is not None
        if self.kind != "name":
            raise self.unexpected("expected a field name after '.'")
        name, name_at = self.value, self.start
        self.at += 1
        if self.take("("):
            return self.call(name, operand, start, name_at)
        return Select(operand, name, optional, (start, self.last_end))

    def call(self, name: str, target: Node | None, start: int, name_at: int) -> Node:
        nested = target is not None and name in COMPREHENSIONS
        self.comprehensions += nested
        if self.comprehensions > NESTED_COMPREHENSIONS:
            raise ExpressionError(
                f"map, filter, all and exists nest at most {NESTED_COMPREHENSIONS} deep",
                offset=name_at, length=len(name), hint="do this work in a player",
            )  # fmt: skip
        args = self.items(")", "after the arguments")[0]
        self.comprehensions -= nested
        if nested and not (args and isinstance(args[0], Name)):
            raise ExpressionError(
                f"{name} needs a variable name first",
                offset=name_at,
                length=len(name),
                hint=f"write x.{name}(v, v > 0)",
            )
        return Call(name, target, args, (start if target is None else name_at, self.last_end))

    def items(self, end: str, why: str) -> tuple[tuple[Node, ...], frozenset[int]]:
        items: list[Node] = []
        optional: set[int] = set()
        while self.take(end) is None:
            if end == "]" and self.take("?"):
                optional.add(len(items))
            items.append(self.expression())
            if self.take(",") is None:
                self.expect(end, why)
                break
        return tuple(items), frozenset(optional)

    def primary(self) -> Node:
        kind, value, start = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return _number(value, start)
        if kind in ("text", "rawtext"):
            return Literal(_unquote(value, start), (start, start + len(value)))
        if kind == "name":
            return self.named(value, start)
        if value == "(" and kind == "op":
            node = self.expression()
            self.expect(")", "to close '('")
            return node
        if value == "[" and kind == "op":
            items, optional = self.items("]", "after the elements of the list")
            return ListOf(items, optional, (start, self.last_end))
        if value == "{" and kind == "op":
            return self.mapping(start)
        self.at -= 1
        raise self.unexpected("expected a value")

    def named(self, value: str, start: int) -> Node:
        constants = {"true": True, "false": False, "null": None}
        if value in constants:
            return Literal(constants[value], (start, start + len(value)))
        if value in _CEL_RESERVED or value == "in":
            raise ExpressionError(f"{value!r} is reserved in expressions", offset=start, length=len(value))
        if self.take("("):
            return self.call(value, None, start, start)
        if self.kind == "op" and self.value == "{":
            raise ExpressionError(f"values of type {value!r} cannot be built here", offset=start, length=len(value))
        hint = {"True": "true", "False": "false", "None": "null"}.get(value)
        if hint is not None:
            raise ExpressionError(
                f"{value!r} is Python; expressions are CEL", offset=start, length=len(value), hint=f"write {hint}"
            )
        return Name(value, (start, start + len(value)))

    def mapping(self, start: int) -> Node:
        entries: list[tuple[Node, Node]] = []
        optional: set[int] = set()
        while self.take("}") is None:
            if self.take("?"):
                optional.add(len(entries))
            key = self.expression()
            self.expect(":", "after the key of a map")
            entries.append((key, self.expression()))
            if self.take(",") is None:
                self.expect("}", "to close '{'")
                break
        return MapOf(tuple(entries), frozenset(optional), (start, self.last_end))


def _tokens(text: str) -> list[tuple[str, str, int]]:
    found: list[tuple[str, str, int]] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _stray(text, at)
        kind = match.lastgroup or ""
        if kind != "space":
            found.append((kind, match[0], at))
        at = match.end()
    found.append(("end", "", len(text)))
    return found


def _stray(text: str, at: int) -> ExpressionError:
    character = text[at]
    if character in "\"'":
        return ExpressionError("this text is never closed", offset=at, length=len(text) - at, hint=f"add {character}")
    hints = {"=": "compare with ==", "&": "write && for and", "|": "write || for or; there are no filters",
             "@": "decorators and matrices do not exist here", "$": "an expression holds no ${{ of its own",
             ";": "an expression is one value, not statements"}  # fmt: skip
    return ExpressionError(f"{character!r} means nothing here", offset=at, hint=hints.get(character, ""))


def _number(value: str, start: int) -> Node:
    at = (start, start + len(value))
    try:
        if value[-1] in "uU":
            return Unsigned(int(value[:-1], 0), at)
        if value[:2].lower() == "0x":
            return _bounded(int(value, 16), at)
        if "." in value or "e" in value.lower():
            return Literal(float(value), at)
        return _bounded(int(value, 10), at)
    except ValueError as error:
        raise ExpressionError(f"{value[:20]!r} is no number", offset=start, length=len(value)) from error


def _bounded(number: int, at: tuple[int, int]) -> Literal:
    if number > 2**63:
        raise ExpressionError(
            "integers in expressions have 64 bits",
            offset=at[0], length=at[1] - at[0], code="SYM141", hint="write it as a number with .0 or pass it as text",
        )  # fmt: skip
    return Literal(number, at)


def _unquote(token: str, start: int) -> str | bytes:
    prefix = token[: len(token) - len(token.lstrip("rRbB"))].lower()
    body = token[len(prefix) :]
    width = 3 if body[:3] in ('"""', "'''") and len(body) >= 6 else 1
    body = body[width:-width]
    text = body if "r" in prefix else _unescape(body, start, as_bytes="b" in prefix)
    if "b" not in prefix:
        return text
    return text.encode("latin-1") if "r" not in prefix and all(ord(c) < 256 for c in text) else text.encode()


def _unescape(body: str, start: int, *, as_bytes: bool) -> str:
    if "\\" not in body:
        return body if not as_bytes else body.encode().decode("latin-1")
    out: list[str] = []
    at = 0
    while at < len(body):
        character = body[at]
        if character != "\\":
            out.append(character if not as_bytes else character.encode().decode("latin-1"))
            at += 1
            continue
        code = body[at + 1] if at + 1 < len(body) else ""
        width = {"x": 2, "X": 2, "u": 4, "U": 8}.get(code)
        if code in _ESCAPES:
            out.append(_ESCAPES[code])
            at += 2
        elif code and code in "\\\"'`?":
            out.append(code)
            at += 2
        elif width is not None or (code and code in "0123"):
            digits = body[at + 2 : at + 2 + width] if width else body[at + 1 : at + 4]
            at += 2 + width if width else 4
            out.append(_code_point(digits, 16 if width else 8, width or 3, start))
        else:
            raise ExpressionError(f"'\\{code}' is no escape", offset=start, length=len(body) + 2, hint="write \\\\")
    return "".join(out)


def _code_point(digits: str, base: int, width: int, start: int) -> str:
    try:
        if len(digits) != width:
            raise ValueError
        number = int(digits, base)
        if 0xD800 <= number < 0xE000:
            raise ValueError
        return chr(number)
    except (ValueError, OverflowError):
        raise ExpressionError(f"{digits!r} is no character code", offset=start) from None
