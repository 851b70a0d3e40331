"""Python annotations as port types, and the markers that annotations may carry."""

from __future__ import annotations

import collections.abc
import dataclasses
import datetime
import decimal
import enum
import pathlib
import types
import typing
import uuid
from typing import Annotated, Any, Union, get_args, get_origin

from symphony.model import port_type as pt
from symphony.model.port_type import PortType

_SCALARS: dict[Any, PortType] = {
    str: pt.STRING,
    int: pt.INTEGER,
    float: pt.NUMBER,
    bool: pt.BOOLEAN,
    bytes: pt.BYTES,
    bytearray: pt.BYTES,
    pathlib.Path: pt.PATH,
    pathlib.PurePath: pt.PATH,
    pathlib.PosixPath: pt.PATH,
    datetime.datetime: pt.DATETIME,
    datetime.date: PortType("date"),
    datetime.time: PortType("time"),
    datetime.timedelta: pt.DURATION,
    decimal.Decimal: PortType("decimal"),
    uuid.UUID: PortType("uuid"),
    type(None): pt.NULL,
    None: pt.NULL,
    Any: pt.ANY,
    object: pt.ANY,
}
_LISTS = (
    list,
    collections.abc.Sequence,
    collections.abc.Iterable,
    collections.abc.Collection,
    collections.abc.MutableSequence,
)
_SETS = (set, frozenset, collections.abc.Set, collections.abc.MutableSet)
_MAPS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)


@dataclasses.dataclass(frozen=True, slots=True)
class Media:
    """Marks text, bytes or a path with what is in it: ``Annotated[str, Media("text/html")]``."""

    type: str


class ByName:
    """Marks a path that enters a key by its name only: ``Annotated[Path, ByName]``. Its player needs a fingerprint."""


Html = Annotated[str, Media("text/html")]
"""A page, as text."""
Markdown = Annotated[str, Media("text/markdown")]
"""Markdown, as text."""
Svg = Annotated[str, Media("image/svg+xml")]
"""A picture, as the text of an SVG document."""
Csv = Annotated[str, Media("text/csv")]
"""Comma-separated values, as text."""
Table = list[dict[str, Any]]
"""Rows, each a map from column to value."""
Json = Annotated[Any, "json"]
"""Any plain JSON data."""


def media(type: str) -> Any:
    """Build the annotation of a media type: text for ``text/*`` and JSON, else bytes."""
    return Annotated[str if _is_text(type) else bytes, Media(type)]


class File:
    """A file with known content, as an annotation: ``File["text/csv"]`` is a path."""

    def __class_getitem__(cls, type: str) -> Any:
        return Annotated[pathlib.Path, Media(type)]


def _is_text(type: str) -> bool:
    return type.startswith("text/") or type in ("application/json", "image/svg+xml", "application/xml")


def to_port_type(hint: Any) -> PortType:
    """Give the port type of an annotation. Annotations that have no name of their own become ``module:Class``."""
    return _convert(hint, ())


def is_by_name(hint: Any) -> bool:
    """Whether an annotation carries `ByName`, directly or inside a container."""
    if get_origin(hint) is Annotated:
        base, *extras = get_args(hint)
        return ByName in extras or any(isinstance(e, ByName) for e in extras) or is_by_name(base)
    return any(is_by_name(a) for a in get_args(hint) if a is not ...)


def _convert(hint: Any, seen: tuple[Any, ...]) -> PortType:
    try:
        known = _SCALARS.get(hint)
    except TypeError:  # an unhashable annotation
        return pt.ANY
    if known is not None:
        return known
    if isinstance(hint, typing.TypeVar):
        return _convert(hint.__bound__, seen) if hint.__bound__ is not None else pt.ANY
    if hasattr(hint, "__supertype__"):  # NewType
        return _convert(hint.__supertype__, seen)
    if type(hint).__name__ == "TypeAliasType":
        return _convert(hint.__value__, seen)
    origin = get_origin(hint)
    if origin is not None:
        return _generic(hint, origin, get_args(hint), seen)
    if hint in (list, tuple, set, frozenset, dict):
        name = {list: "list", tuple: "tuple", set: "set", frozenset: "set", dict: "map"}[hint]
        return PortType(name, (pt.ANY, ...) if name == "tuple" else (pt.ANY,), None, hint)
    if isinstance(hint, type):
        return _class(hint, seen)
    return PortType("any", (), None, hint)


def _generic(hint: Any, origin: Any, args: tuple[Any, ...], seen: tuple[Any, ...]) -> PortType:
    if origin is Annotated:
        return _annotated(args[0], args[1:], seen)
    if origin in (Union, types.UnionType):
        return pt.union_of(*(_convert(a, seen) for a in args))
    if origin is typing.Literal:
        return PortType("literal", tuple(a.value if isinstance(a, enum.Enum) else a for a in args))
    if origin in (typing.Required, typing.NotRequired, typing.Final, typing.ClassVar):
        return _convert(args[0], seen)
    if origin is tuple:
        return PortType("tuple", tuple(a if a is ... else _convert(a, seen) for a in args))
    if origin in _LISTS:
        return pt.list_of(_convert(args[0], seen))
    if origin in _SETS:
        return PortType("set", (_convert(args[0], seen),))
    if origin in _MAPS:
        key, value = _convert(args[0], seen), _convert(args[1], seen)
        return PortType("map", (value,) if key == pt.STRING else (key, value))
    return PortType(_class_name(origin), (), None, hint)


def _annotated(base: Any, extras: tuple[Any, ...], seen: tuple[Any, ...]) -> PortType:
    for extra in extras:
        if isinstance(extra, Media):
            return PortType("file", (PortType(extra.type),)) if base is pathlib.Path else PortType(extra.type)
        if extra == "json":
            return pt.JSON
    return _convert(base, seen)


def _class(cls: type, seen: tuple[Any, ...]) -> PortType:
    name = _class_name(cls)
    if cls in seen:  # a class that holds itself
        return PortType(name, (), None, cls)
    if issubclass(cls, enum.Enum):
        return PortType(name, (), None, cls)
    hints = _field_hints(cls)
    if hints is None:
        return PortType(name, (), None, cls)
    return pt.record(name, {n: _convert(h, (*seen, cls)) for n, h in hints.items()}, cls)


def _class_name(cls: Any) -> str:
    return f"{getattr(cls, '__module__', '?')}:{getattr(cls, '__qualname__', repr(cls))}"


def record_fields(cls: Any) -> tuple[str, ...] | None:
    """The field names of a TypedDict, NamedTuple, dataclass or pydantic model; None for anything else."""
    if not isinstance(cls, type):
        return None
    if typing.is_typeddict(cls):
        return tuple(cls.__annotations__)
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return tuple(cls._fields)
    if dataclasses.is_dataclass(cls):
        return tuple(f.name for f in dataclasses.fields(cls))
    if hasattr(cls, "model_fields") and hasattr(cls, "model_validate"):
        return tuple(cls.model_fields)
    return None


def _field_hints(cls: type) -> dict[str, Any] | None:
    names = record_fields(cls)
    if names is None:
        return None
    try:
        hints = typing.get_type_hints(cls, include_extras=True)
    except (NameError, TypeError):
        hints = {}
    return {name: hints.get(name, Any) for name in names}
