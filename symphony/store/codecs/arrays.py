"""NumPy arrays: element type and shape as a header, then the raw elements in C order. Never objects, never pickle."""

from __future__ import annotations

import sys
from typing import Any

import msgpack

from symphony.errors import CodecError, MissingExtraError


def is_array(value: Any) -> bool:
    """Whether `value` is an array. An array exists only where numpy is loaded, so nothing is imported."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and type(value) is numpy.ndarray


def is_number(value: Any) -> bool:
    """Whether `value` is a single number of numpy."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.generic)


def write(value: Any) -> bytes:
    """The bytes of an array.

    Raises:
        CodecError: its elements are Python objects.
    """
    import numpy.lib.format as form  # heavy and optional

    if value.dtype.hasobject:
        raise CodecError("an array of Python objects; give its elements a numeric, text or bytes dtype")
    header = msgpack.packb([form.dtype_to_descr(value.dtype), list(value.shape)])
    return b"".join((len(header).to_bytes(4, "big"), header, value.tobytes("C")))


def read(data: bytes) -> Any:
    """The array of these bytes. It cannot be written to."""
    try:
        import numpy  # heavy and optional
        import numpy.lib.format as form
    except ImportError as error:
        raise MissingExtraError("numpy, which this value needs,", "arrays") from error
    start = 4 + int.from_bytes(data[:4], "big")
    descr, shape = msgpack.unpackb(data[4:start])
    dtype = form.descr_to_dtype(_as_descr(descr))
    if dtype.hasobject:
        raise CodecError("an array of Python objects is never read")
    size = dtype.itemsize
    for length in shape:
        size *= length
    if size != len(data) - start:
        raise CodecError(f"the array should have {size} bytes of elements and has {len(data) - start}")
    array = numpy.ndarray(tuple(shape), dtype, buffer=data if size else None, offset=start if size else 0)
    array.flags.writeable = False
    return array


def write_number(value: Any) -> bytes:
    """The bytes of a single number."""
    import numpy  # heavy and optional

    return write(numpy.asarray(value))


def read_number(data: bytes) -> Any:
    """The single number of these bytes."""
    return read(data)[()]


def _as_descr(stored: Any) -> Any:
    """msgpack gives lists where numpy wants the tuples of a structured type."""
    if isinstance(stored, str):
        return stored
    if stored and not isinstance(stored[0], list):
        return (_as_descr(stored[0]), tuple(stored[1]) if isinstance(stored[1], list) else stored[1])
    return [_as_field(field) for field in stored]


def _as_field(field: list[Any]) -> tuple[Any, ...]:
    name = tuple(field[0]) if isinstance(field[0], list) else field[0]
    return (name, _as_descr(field[1]), *(tuple(shape) for shape in field[2:]))
