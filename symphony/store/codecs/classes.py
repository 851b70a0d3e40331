"""Classes inside values: which are accepted, what they are called, how an instance is taken apart and put together."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Mapping
from enum import Enum
from functools import cached_property
from typing import Any

from symphony.errors import CodecError

Resolve = Callable[[str], type | None]
"""Gives the class that a ``module:qualname`` means, or nothing."""

_BUILT_IN = (dict, list, set, frozenset, str, bytes, bytearray, int, float, complex, BaseException)


def class_name(cls: type) -> str:
    """The name that instances are stored under.

    Raises:
        CodecError: nobody could find the class again by its name: it is local to a function or made on the fly.
    """
    name = f"{cls.__module__}:{cls.__qualname__}"
    found = find_loaded(name) if cls.__module__ in sys.modules else cls
    if "<" in cls.__qualname__ or found is not cls:
        raise CodecError(f"the class {name} cannot be found again by its name; define it at the top of its module")
    return name


def find_loaded(name: str) -> type | None:
    """The class of this name among the modules that are loaded. Imports nothing."""
    module, _, qualname = name.partition(":")
    found: Any = sys.modules.get(module)
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return found if isinstance(found, type) else None


def resolve_class(name: str, classes: Resolve | None) -> type:
    """Find the class that a stored value names.

    Raises:
        CodecError: it is not loaded; names the module to import.
    """
    found = classes(name) if classes is not None else find_loaded(name)
    if found is None:
        module = name.partition(":")[0]
        raise CodecError(f"the value is of class {name}, which is not loaded; import {module} and read it again")
    return found


def is_named_tuple(cls: type) -> bool:
    """Whether instances are named tuples."""
    return issubclass(cls, tuple) and isinstance(getattr(cls, "_fields", None), tuple)


def is_model(cls: type) -> bool:
    """Whether `cls` is a pydantic model. Never imports pydantic: a model exists only where it is loaded."""
    pydantic = sys.modules.get("pydantic")
    return pydantic is not None and issubclass(cls, pydantic.BaseModel)


def named_tuple_fields(value: Any) -> dict[str, Any]:
    """The fields of a named tuple, in order."""
    _refuse_more_state(value, frozenset())
    return dict(zip(type(value)._fields, tuple.__iter__(value), strict=True))


def dataclass_fields(value: Any) -> dict[str, Any]:
    """The fields of a dataclass instance, in order.

    Raises:
        CodecError: it holds more than its fields, or less.
    """
    cls = type(value)
    names = [f.name for f in dataclasses.fields(cls)]
    if isinstance(value, (*_BUILT_IN, tuple)):
        raise CodecError(f"{cls.__qualname__} is a dataclass and a built-in collection at once; hold it in a field")
    _refuse_more_state(value, frozenset(names))
    missing = [name for name in names if not hasattr(value, name)]
    if missing:
        raise CodecError(f"the field {missing[0]} of {cls.__qualname__} has no value")
    return {name: getattr(value, name) for name in names}


def _refuse_more_state(value: Any, names: frozenset[str]) -> None:
    cls = type(value)
    for name in getattr(value, "__dict__", ()):
        if name not in names and not isinstance(getattr(cls, name, None), cached_property):
            raise CodecError(
                f"{cls.__qualname__}.{name} is no field, so it would be lost; declare it as a field of the class"
            )


def model_parts(value: Any) -> list[Any]:
    """A pydantic model taken apart: fields, extra fields, names of the fields that were given, private attributes."""
    cls = type(value)
    fields = {name: value.__dict__[name] for name in cls.model_fields if name in value.__dict__}
    _refuse_more_state(value, frozenset(fields))
    private = value.__pydantic_private__
    return [fields, value.__pydantic_extra__, sorted(value.__pydantic_fields_set__), private]


def build_named_tuple(cls: Any, fields: Mapping[str, Any]) -> Any:
    """Put a named tuple together. Runs nothing of the class."""
    if not is_named_tuple(cls):
        raise _wrong_kind(cls, "a NamedTuple")
    _check_fields(cls, fields, cls._fields)
    return tuple.__new__(cls, fields.values())


def build_dataclass(cls: type, fields: Mapping[str, Any]) -> Any:
    """Put a dataclass instance together. Runs neither ``__init__`` nor ``__post_init__``."""
    if not dataclasses.is_dataclass(cls):
        raise _wrong_kind(cls, "a dataclass")
    _check_fields(cls, fields, tuple(f.name for f in dataclasses.fields(cls)))
    value = object.__new__(cls)
    for name, field in fields.items():
        object.__setattr__(value, name, field)
    return value


def build_model(cls: type, parts: list[Any]) -> Any:
    """Put a pydantic model together, without validating what was valid when it was stored."""
    if not is_model(cls):
        raise _wrong_kind(cls, "a pydantic model")
    fields, extra, given, private = parts
    _check_fields(cls, fields, tuple(cls.model_fields), all_needed=False)  # type: ignore[attr-defined]
    value: Any = object.__new__(cls)
    object.__setattr__(value, "__dict__", fields)
    object.__setattr__(value, "__pydantic_extra__", extra)
    object.__setattr__(value, "__pydantic_fields_set__", set(given))
    object.__setattr__(value, "__pydantic_private__", private)
    return value


def build_enum(cls: type, name: str | None, number: Any) -> Any:
    """The member of an enumeration by its name; a combination of flags, which has none, by its value."""
    if not issubclass(cls, Enum):
        raise _wrong_kind(cls, "an Enum")
    try:
        return cls[name] if name is not None else cls(number)
    except (KeyError, ValueError) as error:
        valid = ", ".join(cls.__members__)
        raise CodecError(f"{cls.__qualname__} has no member {name or number!r}; it has: {valid}") from error


def enum_parts(value: Enum) -> tuple[str | None, Any]:
    """Name and value of a member; no name for a combination of flags."""
    name = value.name if value.name in type(value).__members__ else None
    return name, value.value


def _check_fields(cls: type, fields: Mapping[str, Any], declared: tuple[str, ...], *, all_needed: bool = True) -> None:
    fits = tuple(fields) == declared if all_needed else set(fields) <= set(declared)
    if not fits:
        raise CodecError(
            f"{cls.__qualname__} was stored with the fields {', '.join(fields) or 'none'}, "
            f"and has {', '.join(declared) or 'none'} now"
        )


def _wrong_kind(cls: type, wanted: str) -> CodecError:
    return CodecError(f"{cls.__module__}:{cls.__qualname__} was stored as {wanted} and is none now")
