"""Whether plain data from a definition fits a port type, strictly: text is text, 1 is no boolean, 1.0 is no integer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any
from uuid import UUID

from symphony.compiler.fit import text_media
from symphony.model.expression import Expression
from symphony.model.port_type import ANY, PortType
from symphony.model.quantities import counted, parse_duration_s
from symphony.model.task import Each
from symphony.model.template import expressions_in

_PLAIN: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
    "bytes": (bytes,),
    "path": (str,),
}


def _timedelta(value: str | int | float) -> timedelta:
    """Read a duration as ports take it, which counts microseconds.

    Raises:
        ValueError: it is no duration, is longer than a timedelta holds, or has parts of a microsecond.
    """
    try:
        found = timedelta(seconds=parse_duration_s(value))
    except OverflowError as error:
        raise ValueError(f"{value!r} is longer than a duration may be") from error
    if found.total_seconds() != parse_duration_s(value):
        raise ValueError(f"{value!r} is finer than a microsecond")
    return found


_PARSED = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "duration": _timedelta,
    "decimal": Decimal,
    "uuid": UUID,
}


def misfit(value: Any, wanted: PortType, where: str = "") -> str | None:
    """Say why `value` does not fit `wanted`, or return None when it does. Expressions inside are not looked at."""
    if isinstance(value, Expression) or wanted == ANY or wanted.name == "json":
        return None
    if wanted.name == "union":
        reasons = [misfit(value, member, where) for member in wanted.members]
        return None if None in reasons else _sentence(value, wanted, where)
    if wanted.name == "literal":
        same = any(value == a and type(value) is type(a) for a in wanted.args)
        return None if same else _sentence(value, wanted, where)
    if wanted.name in _PLAIN:
        return None if _is_plain(value, wanted.name) else _sentence(value, wanted, where)
    if wanted.is_media:
        return misfit(value, PortType("string" if text_media(wanted) else "bytes"), where) and _sentence(
            value, wanted, where
        )
    if wanted.name == "file":
        return None if isinstance(value, str) else _sentence(value, wanted, where)
    if wanted.name in _PARSED:
        return _parse(value, wanted, where)
    return _structure(value, wanted, where)


def elements_fit(value: Expression, each: Each, wanted: PortType) -> bool:
    """Whether `value` names the elements of a literal list, or a part of each, and they fit as if written in its place."""
    bare = value.bare
    if bare is None or bare.root != "item":
        return False
    path = bare.path if each.single else bare.path[1:]
    elements = each.over.get("" if each.single else str(bare.path[0]) if bare.path else "")
    if not isinstance(elements, tuple):
        return False
    parts = [_follow(element, path) for element in elements]
    return all(p is not _NOTHING and misfit(p, wanted) is None and not any(expressions_in(p)) for p in parts)


_NOTHING = object()


def _follow(value: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return _NOTHING
    return value


def _is_plain(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, _PLAIN[name])


def _parse(value: Any, wanted: PortType, where: str) -> str | None:
    if isinstance(value, str) or (wanted.name in ("duration", "decimal") and type(value) in (int, float)):
        try:
            _PARSED[wanted.name](value)
        except (ValueError, InvalidOperation):
            return _sentence(value, wanted, where)
        return None
    return _sentence(value, wanted, where)


def _structure(value: Any, wanted: PortType, where: str) -> str | None:
    if wanted.name in ("list", "set", "tuple"):
        if not isinstance(value, (list, tuple)):
            return _sentence(value, wanted, where)
        return _elements(value, wanted, where)
    if wanted.name == "map":
        if not isinstance(value, Mapping):
            return _sentence(value, wanted, where)
        return _first(misfit(v, wanted.value_type, f"{where}.{k}") for k, v in value.items())
    if wanted.fields is not None and isinstance(value, Mapping):
        unknown = [k for k in value if k not in wanted.fields]
        if unknown:
            return f"{_at(where)}{wanted} has no field {unknown[0]!r}; it has {', '.join(wanted.fields)}"
        return _first(misfit(v, wanted.fields[k], f"{where}.{k}") for k, v in value.items())
    hint = wanted.hint
    if isinstance(hint, type) and issubclass(hint, Enum):
        values = [member.value for member in hint]
        return None if value in values else f"{_at(where)}{value!r} is none of {', '.join(map(repr, values))}"
    return _sentence(value, wanted, where)


def _elements(value: Any, wanted: PortType, where: str) -> str | None:
    if wanted.name == "tuple" and wanted.args and wanted.args[-1] is not ...:
        if len(value) != len(wanted.args):
            return f"{_at(where)}{wanted} has {counted(len(wanted.args), 'element')}, this has {len(value)}"
        return _first(misfit(v, wanted.inner(i), f"{where}[{i}]") for i, v in enumerate(value))
    return _first(misfit(v, wanted.inner(), f"{where}[{i}]") for i, v in enumerate(value))


def _first(reasons: Any) -> str | None:
    return next((r for r in reasons if r), None)


def _at(where: str) -> str:
    return f"{where.lstrip('.')}: " if where else ""


def describe(value: Any) -> str:
    """Name a literal and its type for a message: ``the text 'abc'``, ``the integer 5``."""
    shown = repr(value if not isinstance(value, tuple) else list(value))
    shown = shown if len(shown) <= 40 else shown[:37] + "..."
    names = {str: "the text ", bool: "", int: "the integer ", float: "the number ", type(None): ""}
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Mapping):
        return "a map"
    if isinstance(value, (tuple, list)):
        return f"the list {shown}"
    return names.get(type(value), "") + shown


def _sentence(value: Any, wanted: PortType, where: str) -> str:
    return f"{_at(where)}{describe(value)} does not fit {wanted}"
