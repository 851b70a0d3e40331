"""Port types: what a port takes or gives, as a value with a canonical text.

The grammar of the text::

    type     = one { "|" one }
    one      = scalar | "list[" type "]" | "set[" type "]" | "tuple[" type {"," type} [", ..."] "]"
             | "map[" [type ","] type "]" | "literal[" json {"," json} "]" | media | "file[" media "]" | class
    scalar   = string integer number boolean bytes path json datetime date time duration decimal uuid null any
    media    = "text/html", "application/json", ...
    class    = module ":" qualified name
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from symphony.model.frozen import FrozenMap

SCALARS = frozenset(
    [
        "string",
        "integer",
        "number",
        "boolean",
        "bytes",
        "path",
        "json",
        "datetime",
        "date",
        "time",
        "duration",
        "decimal",
        "uuid",
        "null",
        "any",
    ]
)
CONTAINERS = frozenset({"list", "set", "tuple", "map", "file", "literal", "union"})
ALIASES = {"table": "list[map[any]]", "text": "string", "float": "number", "int": "integer", "bool": "boolean",
           "str": "string", "list": "list[any]", "map": "map[any]", "dict": "map[any]", "object": "any"}  # fmt: skip
_MEDIA = re.compile(r"[a-z]+/[A-Za-z0-9*][A-Za-z0-9.+*_-]*")
_CLASS = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.<>]*")


@dataclass(frozen=True, slots=True)
class PortType:
    """One port type. Compares by `name` and `args` alone.

    Attributes:
        name: a scalar, a container, a media type or ``module:Class``.
        args: the types inside; for ``literal`` the values; a tuple that repeats ends with ``...``.
        fields: for records (TypedDict, NamedTuple, dataclass, pydantic model) the type of each field.
        hint: the Python annotation it came from, when it came from one; lets foreign generic classes be compared.
    """

    name: str
    args: tuple[object, ...] = ()
    fields: Mapping[str, PortType] | None = field(default=None, compare=False, repr=False)
    hint: object = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        if self.name == "union":
            return " | ".join(str(a) for a in self.args)
        if self.name == "literal":
            return f"literal[{', '.join(json.dumps(a, ensure_ascii=False) for a in self.args)}]"
        if not self.args:
            return self.name
        return f"{self.name}[{', '.join('...' if a is ... else str(a) for a in self.args)}]"

    @property
    def is_media(self) -> bool:
        """Whether this is a media type such as ``text/html``."""
        return "/" in self.name

    @property
    def is_class(self) -> bool:
        """Whether this is a Python class named ``module:Class``."""
        return ":" in self.name

    @property
    def members(self) -> tuple[PortType, ...]:
        """The alternatives of a union; the type itself otherwise."""
        return self.args if self.name == "union" else (self,)  # type: ignore[return-value]

    def inner(self, position: int = 0) -> PortType:
        """The type inside a container at `position`; ``any`` where none is given."""
        if position < len(self.args) and isinstance(self.args[position], PortType):
            return self.args[position]  # type: ignore[return-value]
        return ANY

    @property
    def value_type(self) -> PortType:
        """The type of a map's values or of a list's elements."""
        return self.inner(len(self.args) - 1 if self.name == "map" else 0)


ANY = PortType("any")
NULL = PortType("null")
STRING, INTEGER, NUMBER, BOOLEAN, BYTES, PATH, JSON = (
    PortType(n) for n in ("string", "integer", "number", "boolean", "bytes", "path", "json")
)
DATETIME, DURATION = PortType("datetime"), PortType("duration")


def list_of(element: PortType) -> PortType:
    """The type of a list of `element`."""
    return PortType("list", (element,))


def map_of(value: PortType) -> PortType:
    """The type of a map from text to `value`."""
    return PortType("map", (value,))


def union_of(*members: PortType) -> PortType:
    """The union of `members`, flattened, without repetition; one member alone is itself."""
    flat = tuple(dict.fromkeys(m for member in members for m in member.members))
    if ANY in flat:
        return ANY
    return flat[0] if len(flat) == 1 else PortType("union", flat)


@lru_cache(maxsize=4096)
def parse_port_type(text: str) -> PortType:
    """Read a type from its text.

    Raises:
        ValueError: the text is no type; says what was found and what would be valid.
    """
    reader = _Reader(text)
    result = reader.union()
    if reader.rest():
        raise ValueError(f"{text!r} is no type: {reader.rest()!r} is left over")
    return result


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def rest(self) -> str:
        return self.text[self.at :].strip()

    def take(self, token: str) -> bool:
        self.skip()
        if self.text.startswith(token, self.at):
            self.at += len(token)
            return True
        return False

    def skip(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def expect(self, token: str) -> None:
        if not self.take(token):
            raise ValueError(f"{self.text!r} is no type: expected {token!r} at {self.rest()!r}")

    def union(self) -> PortType:
        members = [self.one()]
        while self.take("|"):
            members.append(self.one())
        return union_of(*members)

    def one(self) -> PortType:
        self.skip()
        for pattern in (_CLASS, _MEDIA):
            match = pattern.match(self.text, self.at)
            if match:
                self.at = match.end()
                return PortType(match[0])
        match = re.compile(r"[A-Za-z_]\w*").match(self.text, self.at)
        if match is None:
            raise ValueError(f"{self.text!r} is no type: nothing valid at {self.rest()!r}")
        name, self.at = match[0], match.end()
        if self.take("["):
            return self.container(name)
        if name in ALIASES:
            return parse_port_type(ALIASES[name])
        if name not in SCALARS:
            valid = "string integer number boolean bytes path json datetime duration list[T] map[T] or a media type"
            raise ValueError(f"{name!r} is no type; valid: {valid}")
        return PortType(name)

    def container(self, name: str) -> PortType:
        name = "map" if name == "dict" else name
        if name == "literal":
            return PortType(name, self.literals())
        if name not in CONTAINERS - {"union"}:
            raise ValueError(f"{name!r} takes no type in brackets; list, set, tuple, map and file do")
        args: list[object] = []
        while True:
            args.append(... if self.take("...") else self.union())
            if self.take("]"):
                break
            self.expect(",")
        limit = {"list": 1, "set": 1, "map": 2, "file": 1}.get(name)
        if limit is not None and len(args) > limit:
            raise ValueError(f"{self.text!r} is no type: {name} takes {limit} type{'s' if limit > 1 else ''}")
        if name == "map" and len(args) == 2 and args[0] == STRING:
            args = args[1:]
        return PortType(name, tuple(args))

    def literals(self) -> tuple[object, ...]:
        decoder, values = json.JSONDecoder(), []
        while True:
            self.skip()
            try:
                value, self.at = decoder.raw_decode(self.text, self.at)
            except json.JSONDecodeError as error:
                raise ValueError(f"{self.text!r} is no type: literal holds JSON values") from error
            values.append(value)
            if self.take("]"):
                return tuple(values)
            self.expect(",")


def record(name: str, fields: Mapping[str, PortType], hint: object = None) -> PortType:
    """The type of a class with named fields."""
    return PortType(name, (), FrozenMap(fields), hint)
