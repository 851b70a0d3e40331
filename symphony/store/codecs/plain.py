"""Plain data as msgpack, type-exact: what went in comes back equal, of the same types, or is refused with its place.

Dictionaries keep their order, sets are sorted by their bytes. What msgpack has no form for is an extension: a number of
the form and a payload. Classes are stored as ``module:qualname`` and fields, and built again without running them.
"""

from __future__ import annotations

import dataclasses
import re
import threading
from collections.abc import Callable, Iterable
from enum import Enum
from pathlib import Path, PosixPath, WindowsPath
from typing import Any

import msgpack

from symphony.errors import CodecError, StoreError
from symphony.store.codecs import arrays, classes, scalars

TUPLE, SET, FROZEN_SET, ENUM, NAMED_TUPLE, DATACLASS, MODEL, PATH, ARRAY, NUMBER = 1, 2, 3, 12, 13, 14, 15, 16, 17, 18

_NATIVE = frozenset({type(None), bool, int, float, str, bytes, list, dict})
_CONTAINERS = frozenset({list, dict})
_SINGLE = _NATIVE - _CONTAINERS
_SLIPS_THROUGH = frozenset({bytearray, memoryview, msgpack.ExtType, msgpack.Timestamp})
# The markers of binary data and of extensions. Without one of these bytes nothing can have slipped through.
_MARKERS = re.compile(rb"[\xc4-\xc9\xd4-\xd8]")
_TOO_DEEP = "it is nested too deeply, or contains itself"


class Writer:
    """Writes plain data. `path` says how a path is stored; without it paths are refused."""

    def __init__(self, path: Callable[[Path], bytes] | None = None) -> None:
        self._path = path

    def write(self, value: Any) -> bytes:
        """The bytes of `value`.

        Raises:
            CodecError: it could not come back equal; names the place inside the value and the class.
        """
        try:
            return self.pack(value)
        except CodecError as error:
            place, reason = _find_fault(self, value, "value", ()) or ("value", str(error))
            raise CodecError(f"codec msgpack cannot keep {place}: {reason}") from error

    def pack(self, value: Any) -> bytes:
        """The bytes of `value`; errors do not say where."""
        try:
            data = bytes(msgpack.packb(value, default=self.extend, strict_types=True, unicode_errors="surrogatepass"))
        except (ValueError, RecursionError) as error:
            raise CodecError(_TOO_DEEP) from error
        except (TypeError, OverflowError) as error:
            raise CodecError(str(error)) from error
        if _MARKERS.search(data):
            _refuse_look_alikes(value)
        return data

    def extend(self, value: Any) -> msgpack.ExtType:
        """The extension for a value that msgpack has no form for."""
        cls = type(value)
        if cls is tuple:
            return msgpack.ExtType(TUPLE, self.pack(list(value)))
        known = scalars.WRITERS.get(cls)
        if known is not None:
            return msgpack.ExtType(known[0], known[1](value))
        if cls is set or cls is frozenset:
            return msgpack.ExtType(SET if cls is set else FROZEN_SET, self._sorted(value))
        return self._extend_class(value, cls)

    def _extend_class(self, value: Any, cls: type) -> msgpack.ExtType:
        if cls in (PosixPath, WindowsPath):
            if self._path is None:
                raise CodecError("a path cannot be kept here")
            return msgpack.ExtType(PATH, self._path(value))
        if isinstance(value, Enum):
            return self._class(ENUM, cls, list(classes.enum_parts(value)))
        if classes.is_named_tuple(cls):
            return self._class(NAMED_TUPLE, cls, classes.named_tuple_fields(value))
        if dataclasses.is_dataclass(cls):
            return self._class(DATACLASS, cls, classes.dataclass_fields(value))
        if classes.is_model(cls):
            return self._class(MODEL, cls, classes.model_parts(value))
        if arrays.is_array(value):
            return msgpack.ExtType(ARRAY, arrays.write(value))
        if arrays.is_number(value):
            return msgpack.ExtType(NUMBER, arrays.write_number(value))
        raise CodecError(_refusal(value))

    def _class(self, form: int, cls: type, parts: Any) -> msgpack.ExtType:
        return msgpack.ExtType(form, self.pack([classes.class_name(cls), parts]))

    def _sorted(self, values: Iterable[Any]) -> bytes:
        items = sorted(self.pack(v) for v in values)
        header: bytes = msgpack.Packer().pack_array_header(len(items))
        return header + b"".join(items)


def _refuse_look_alikes(value: Any) -> None:
    """Refuse what msgpack writes without asking, though it would come back as something else."""
    if type(value) is dict:
        kinds = {*map(type, value), *map(type, value.values())}
        items: Iterable[Any] = value.values()
    elif type(value) is list:
        kinds, items = set(map(type, value)), value
    else:
        kinds, items = {type(value)}, ()
    for cls in kinds & _SLIPS_THROUGH:
        raise CodecError(f"an object of class {cls.__qualname__} would come back as something else")
    if kinds & _CONTAINERS:
        for item in items:
            if type(item) in _CONTAINERS:
                _refuse_look_alikes(item)


def _refusal(value: Any) -> str:
    cls = type(value)
    for kind in cls.__mro__[1:]:
        if kind in _NATIVE or kind in scalars.WRITERS or kind in (tuple, set, frozenset):
            return (
                f"an object of class {cls.__module__}:{cls.__qualname__} would come back as a plain {kind.__name__}; "
                f"convert it with {kind.__name__}(...)"
            )
    return (
        f"an object of class {cls.__module__}:{cls.__qualname__}; plain data, dataclasses, NamedTuples, Enums, "
        "pydantic models, paths, arrays and tables can be kept"
    )


def _find_fault(writer: Writer, value: Any, place: str, above: tuple[int, ...]) -> tuple[str, str] | None:
    """The innermost part of `value` that cannot be written, and why."""
    if id(value) in above:
        return place, "it contains itself"
    if len(above) > 200:
        return place, "it is nested more than 200 levels deep"
    for name, part in _parts(value):
        fault = _find_fault(writer, part, place + name, (*above, id(value)))
        if fault is not None:
            return fault
    try:
        writer.pack(value)
    except CodecError as error:
        return place, str(error)
    return None


def _parts(value: Any) -> Iterable[tuple[str, Any]]:
    cls = type(value)
    try:
        if cls is dict:
            yield from ((f" (the key {k!r})", k) for k in value)
            yield from (
                (f"[{k!r}]" if type(k) is not str or not k.isidentifier() else f".{k}", v) for k, v in value.items()
            )
        elif cls is list or cls is tuple:
            yield from ((f"[{i}]", v) for i, v in enumerate(value))
        elif cls is set or cls is frozenset:
            yield from ((f" (the element {v!r})", v) for v in value)
        elif classes.is_named_tuple(cls):
            yield from ((f".{k}", v) for k, v in classes.named_tuple_fields(value).items())
        elif dataclasses.is_dataclass(cls):
            yield from ((f".{k}", v) for k, v in classes.dataclass_fields(value).items())
        elif classes.is_model(cls):
            yield from ((f".{k}", v) for k, v in classes.model_parts(value)[0].items())
    except CodecError:
        return


class Reader:
    """Reads plain data. `path` turns a stored path into one of this machine, `classes_of` finds classes by name."""

    def __init__(
        self,
        path: Callable[[bytes], Any] | None = None,
        classes_of: classes.Resolve | None = None,
        *,
        as_plain: bool = False,
    ) -> None:
        self._path, self._classes, self._as_plain = path, classes_of, as_plain

    def read(self, data: bytes) -> Any:
        """The value of bytes that `Writer` wrote.

        Raises:
            CodecError: the bytes are no such value, or a class of it is not loaded.
        """
        try:
            return self.unpack(data)
        except (CodecError, StoreError):
            raise
        except RecursionError as error:
            raise CodecError(f"codec msgpack cannot read the value: {_TOO_DEEP}") from error
        # What strange bytes raise depends on where they go wrong, down to the readers of single values.
        except Exception as error:
            raise CodecError(f"codec msgpack cannot read these bytes: {error}") from error

    def unpack(self, data: bytes) -> Any:
        """The value of `data`; errors as they come."""
        return msgpack.unpackb(data, ext_hook=self.extension, strict_map_key=False, unicode_errors="surrogatepass")

    def extension(self, form: int, data: bytes) -> Any:
        """The value of one extension."""
        if form == TUPLE:
            return tuple(self.unpack(data))
        reader = scalars.READERS.get(form)
        if reader is not None:
            return reader(data)
        if form == SET:
            return set(self.unpack(data))
        if form == FROZEN_SET:
            return frozenset(self.unpack(data))
        if form == PATH and self._path is not None:
            return self._path(data)
        if form == ARRAY:
            return arrays.read(data)
        if form == NUMBER:
            return arrays.read_number(data)
        return self._instance(form, data)

    def _instance(self, form: int, data: bytes) -> Any:
        if form not in (ENUM, NAMED_TUPLE, DATACLASS, MODEL):
            raise CodecError(f"codec msgpack knows no form {form}; a newer Symphony may have written it")
        name, parts = self.unpack(data)
        if self._as_plain:
            return _shown(form, parts)
        cls = classes.resolve_class(name, self._classes)
        if form == ENUM:
            return classes.build_enum(cls, *parts)
        if form == NAMED_TUPLE:
            return classes.build_named_tuple(cls, parts)
        return classes.build_dataclass(cls, parts) if form == DATACLASS else classes.build_model(cls, parts)


def _shown(form: int, parts: Any) -> Any:
    """An instance for people: fields as a dict, a member of an enumeration by its value."""
    if form == ENUM:
        return parts[1]
    return {**parts[0], **(parts[1] or {})} if form == MODEL else parts


class FastWriter(threading.local):
    """Writes small plain values with one packer per thread: a tenth of the cost of a fresh one.

    Gives nothing where the value holds anything that msgpack cannot write alone; `Writer` is asked then.
    """

    def __init__(self) -> None:
        self._packer = msgpack.Packer(default=_needs_more, strict_types=True, unicode_errors="surrogatepass")

    def write(self, value: Any) -> bytes | None:
        """The same bytes as `Writer.write` gives, or nothing."""
        try:
            data: bytes = self._packer.pack(value)
        except (_NeedsMore, ValueError, OverflowError, TypeError, RecursionError):
            self._packer = msgpack.Packer(default=_needs_more, strict_types=True, unicode_errors="surrogatepass")
            return None
        if _MARKERS.search(data) and type(value) not in _SINGLE:
            try:
                _refuse_look_alikes(value)
            except CodecError:
                return None
        return data


class _NeedsMore(Exception):
    pass


def _needs_more(value: Any) -> Any:
    raise _NeedsMore
