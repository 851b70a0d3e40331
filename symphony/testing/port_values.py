"""Says whether a Python value fits a port type, as the result of a player must."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from symphony.compiler.fit import text_media
from symphony.model.port_type import PortType

_CLASSES: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "bytes": (bytes, bytearray),
    "path": (Path,), "file": (Path,), "datetime": (datetime,), "date": (date,), "time": (time,),
    "duration": (timedelta,), "decimal": (Decimal,), "uuid": (UUID,), "null": (type(None),),
}  # fmt: skip
_JSON = (str, int, float, bool, type(None), Mapping, list, tuple)
LOOKED_AT = 1000
"""How many elements of a list are looked at."""


def unfit(value: Any, wanted: PortType, where: str = "") -> str | None:
    """Say why a value does not fit a type, or return None when it does, or when nobody can tell."""
    name = wanted.name
    if name == "any":
        return None
    if name == "json":
        return None if isinstance(value, _JSON) else _sentence(value, wanted, where)
    if name == "union":
        return None if any(unfit(value, m) is None for m in wanted.members) else _sentence(value, wanted, where)
    if name == "literal":
        same = any(value == a and type(value) is type(a) for a in wanted.args)
        return None if same else _sentence(value, wanted, where)
    if wanted.is_media:
        fits = isinstance(value, str if text_media(wanted) else (bytes, bytearray))
        return None if fits else _sentence(value, wanted, where)
    if name in _CLASSES:
        fits = isinstance(value, _CLASSES[name]) and (name == "boolean" or not isinstance(value, bool))
        return None if fits else _sentence(value, wanted, where)
    inside = _INSIDE.get(name)
    return inside(value, wanted, where) if inside is not None else _of_class(value, wanted, where)


def _sequence(value: Any, wanted: PortType, where: str) -> str | None:
    if not isinstance(value, (list, tuple)):
        return _sentence(value, wanted, where)
    return _first(unfit(v, wanted.inner(), f"{where}[{i}]") for i, v in enumerate(value[:LOOKED_AT]))


def _tuple(value: Any, wanted: PortType, where: str) -> str | None:
    if not isinstance(value, tuple):
        return _sentence(value, wanted, where)
    if not wanted.args or wanted.args[-1] is ...:
        return _sequence(value, wanted, where)
    if len(value) != len(wanted.args):
        return _sentence(value, wanted, where)
    return _first(unfit(v, wanted.inner(i), f"{where}[{i}]") for i, v in enumerate(value))


def _set(value: Any, wanted: PortType, where: str) -> str | None:
    if not isinstance(value, (set, frozenset)):
        return _sentence(value, wanted, where)
    return _first(unfit(v, wanted.inner(), f"{where}{{}}") for v in value)


def _map(value: Any, wanted: PortType, where: str) -> str | None:
    if not isinstance(value, Mapping):
        return _sentence(value, wanted, where)
    return _first(unfit(v, wanted.value_type, f"{where}[{k!r}]") for k, v in value.items())


_INSIDE: dict[str, Callable[[Any, PortType, str], str | None]] = {
    "list": _sequence, "tuple": _tuple, "set": _set, "map": _map,
}  # fmt: skip


def _of_class(value: Any, wanted: PortType, where: str) -> str | None:
    hint = wanted.hint
    if isinstance(value, Mapping) and wanted.fields is not None:
        lost = [name for name in wanted.fields if name not in value]
        if lost:
            return f"{where + ': ' if where else ''}the field {lost[0]!r} of {wanted} is missing"
        return _first(unfit(value[n], t, f"{where}[{n!r}]") for n, t in wanted.fields.items())
    if not isinstance(hint, type):
        return None
    try:
        return None if isinstance(value, hint) else _sentence(value, wanted, where)
    except TypeError:  # such as a TypedDict, which is no class to ask
        return _sentence(value, wanted, where)


def _first(reasons: Iterable[str | None]) -> str | None:
    return next((r for r in reasons if r is not None), None)


def _sentence(value: Any, wanted: PortType, where: str) -> str:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return f"{where + ': ' if where else ''}{shown} ({type(value).__qualname__}) does not fit {wanted}"
