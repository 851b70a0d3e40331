"""Turns plain data from definitions and command lines into the Python values that ports take."""

from __future__ import annotations

import json
import os.path
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

from symphony.compiler.fit import text_media
from symphony.compiler.literals import misfit
from symphony.errors import ParameterError
from symphony.model.frozen import FrozenMap
from symphony.model.port_type import PortType
from symphony.model.quantities import parse_duration_s

_PARSED: dict[str, Any] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "decimal": Decimal,
    "uuid": UUID,
}


def coerce(value: Any, wanted: PortType, folder: Path) -> Any:
    """Give plain data the type that a port takes. Relative paths start at `folder`. Other values stay as they are."""
    name = wanted.name
    if name in ("path", "file") and isinstance(value, str):
        return absolute(value, folder)
    if name == "number" and type(value) is int:
        return float(value)
    if name in _PARSED and isinstance(value, (str, int, float)) and not isinstance(value, bool):
        return _PARSED[name](value)
    if name == "duration" and isinstance(value, (str, int, float)) and not isinstance(value, bool):
        return timedelta(seconds=parse_duration_s(value))
    if name == "union":
        member = next((m for m in wanted.members if misfit(value, m) is None), None)
        return coerce(value, member, folder) if member is not None else plain(value)
    if isinstance(value, (tuple, list)) and name in ("list", "tuple", "set"):
        return _sequence(value, wanted, folder)
    if isinstance(value, Mapping):
        return _mapping(value, wanted, folder)
    hint = wanted.hint
    if isinstance(hint, type) and issubclass(hint, Enum) and not isinstance(value, Enum):
        return hint(value)
    return plain(value)


def absolute(text: str, folder: Path) -> Path:
    """An absolute path without `.` and `..`, links left alone."""
    return Path(os.path.normpath(folder / Path(text).expanduser()))


def _sequence(value: Any, wanted: PortType, folder: Path) -> Any:
    if wanted.name == "tuple" and wanted.args[-1:] != (...,):
        return tuple(coerce(v, wanted.inner(i), folder) for i, v in enumerate(value))
    items = [coerce(v, wanted.inner(), folder) for v in value]
    return {"list": list, "tuple": tuple, "set": set}[wanted.name](items)


def _mapping(value: Mapping[str, Any], wanted: PortType, folder: Path) -> Any:
    fields = wanted.fields
    if fields is None:
        return {k: coerce(v, wanted.value_type, folder) for k, v in value.items()}
    items = {k: coerce(v, fields.get(k, PortType("any")), folder) for k, v in value.items()}
    hint: Any = wanted.hint
    return hint(**items) if isinstance(hint, type) and wanted.is_class else items


def plain(value: Any) -> Any:
    """Ordinary lists and dicts in place of the read-only ones of definitions."""
    if isinstance(value, FrozenMap):
        return {k: plain(v) for k, v in value.items()}
    if type(value) is tuple:
        return [plain(v) for v in value]
    return value


def parse_text(text: str, wanted: PortType, name: str) -> Any:
    """Read text given on a command line by the type of the parameter, as plain data.

    Raises:
        ParameterError: the text does not fit the type.
    """
    try:
        return _parse(text, wanted)
    except (ValueError, InvalidOperation) as error:
        raise ParameterError(f"the parameter {name!r} takes {wanted}: {text!r} does not fit ({error})") from error


def _parse(text: str, wanted: PortType) -> Any:
    name = wanted.name
    if name == "integer":
        return int(text)
    if name == "number":
        return float(text)
    if name == "boolean":
        known = {
            "true": True,
            "yes": True,
            "1": True,
            "on": True,
            "false": False,
            "no": False,
            "0": False,
            "off": False,
        }
        if text.lower() not in known:
            raise ValueError("write true or false")
        return known[text.lower()]
    if name == "bytes":
        return text.encode()
    if name == "null":
        return None
    if name == "literal":
        return next((a for a in wanted.args if str(a) == text), text)
    if name == "union":
        return _parse_union(text, wanted)
    if name in ("json", "any", "list", "map", "set", "tuple") or wanted.is_class:
        return _parse_json(text, wanted)
    if wanted.is_media:
        return text if text_media(wanted) else text.encode()
    return text


def _parse_union(text: str, wanted: PortType) -> Any:
    for member in wanted.members:
        if member.name == "null" and text not in ("", "null"):
            continue
        try:
            value = _parse(text, member)
        except ValueError:
            continue
        if misfit(value, member) is None:
            return value
    raise ValueError("it fits none of the alternatives")


def _parse_json(text: str, wanted: PortType) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        if wanted.name in ("list", "set", "tuple"):
            return [_parse(part.strip(), wanted.inner()) for part in text.split(",") if part.strip()]
        if wanted.name in ("any", "json"):
            return text
        raise
