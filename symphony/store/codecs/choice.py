"""Which codec a value takes, and the way from bytes back to values."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import PurePath
from typing import Any

import msgpack

from symphony.errors import CodecError
from symphony.model.artifact import plain_artifact
from symphony.store.anchors import Anchors
from symphony.store.codecs import arrays, pickled, plain, scalars, tables
from symphony.store.codecs.paths import Outside, encode_path, pack_reference
from symphony.store.encoded import Encoded

CODECS = ("msgpack", "text", "bytes", "ndarray", "arrow", "pandas", "file", "folder", "list", "source", "pickle")
"""Every codec, in the order of their numbers in the catalog; new ones are added at the end."""

_PLAIN = frozenset({type(None), bool, int, float, list, dict, tuple})
_fast = plain.FastWriter()

SCALARS = frozenset({type(None), bool, int, float})
"""The classes that `encode_scalar` takes."""
_pack_scalar: Callable[[Any], bytes] = msgpack.Packer().pack
"""One packer for all threads: packing a number never gives up the interpreter."""
_SMALLEST, _LARGEST = -(2**63), 2**64 - 1


def encode_value(
    value: Any, type_text: str, codec: str | None, anchors: Anchors, outside: Outside, *, by_name: bool = False
) -> Encoded:
    """A value in the form in which it is kept.

    Raises:
        CodecError: it could not come back equal, or the codec asked for does not fit it.
    """
    cls = type(value)
    if codec is None and cls in _PLAIN:
        return _plain(value, type_text, anchors, outside, by_name=by_name)
    if codec == "pickle":
        return _encoded(pickled.write(value), "pickle", type_text)
    if isinstance(value, PurePath):
        return _checked(_encode_path(value, type_text, anchors, outside, by_name=by_name), codec)
    if codec == "msgpack":
        return _plain(value, type_text, anchors, outside, by_name=by_name)
    if cls is str:
        encoded = _encoded(value.encode("utf-8", "surrogatepass"), "text", type_text)
    elif cls is bytes:
        encoded = _encoded(value, "bytes", type_text)
    elif arrays.is_array(value):
        encoded = _encoded(_named("ndarray", arrays.write, value), "ndarray", type_text)
    elif tables.is_table(value):
        encoded = _encoded(tables.write_table(value), "arrow", type_text)
    elif tables.is_frame(value):
        encoded = _encoded(tables.write_frame(value), "pandas", type_text)
    else:
        encoded = _plain(value, type_text, anchors, outside, by_name=by_name)
    return encoded if codec is None else _checked(encoded, codec)


def encode_scalar(value: Any, type_text: str) -> Encoded:
    """What `encode_value` gives for a number, a truth value or nothing, where no codec is named."""
    if type(value) is int and not _SMALLEST <= value <= _LARGEST:
        form, write = scalars.WRITERS[int]
        value = msgpack.ExtType(form, write(value))
    data = _pack_scalar(value)
    return Encoded(plain_artifact(hashlib.sha256(data).hexdigest(), "msgpack", type_text, len(data)), data)


def _encoded(data: bytes, codec: str, type_text: str) -> Encoded:
    return Encoded(plain_artifact(hashlib.sha256(data).hexdigest(), codec, type_text, len(data)), data)


def _encode_path(value: Any, type_text: str, anchors: Anchors, outside: Outside, *, by_name: bool) -> Encoded:
    if not hasattr(value, "exists"):
        raise CodecError(f"codec source cannot keep a {type(value).__name__}; give a pathlib.Path")
    return encode_path(value, type_text, anchors, outside, by_name=by_name)


def _checked(encoded: Encoded, codec: str | None) -> Encoded:
    """Refuse a codec that was asked for and does not fit."""
    given = encoded.artifact.codec
    if codec is None or codec == given or (codec == "file" and given in ("folder", "source")):
        return encoded
    if codec not in CODECS:
        raise CodecError(f"there is no codec {codec!r}; there are: {', '.join(CODECS)}")
    raise CodecError(
        f"the codec {codec!r} does not fit this value, {given!r} does; leave the codec out, or use 'pickle'"
    )


def _named(codec: str, write: Any, value: Any) -> bytes:
    try:
        return bytes(write(value))
    except CodecError as error:
        raise CodecError(f"codec {codec} cannot keep value: {error}") from error


def _plain(value: Any, type_text: str, anchors: Anchors, outside: Outside, *, by_name: bool) -> Encoded:
    data = _fast.write(value)
    if data is not None:
        return _encoded(data, "msgpack", type_text)
    nested: dict[str, Encoded] = {}

    def path(found: Any) -> bytes:
        inner = encode_path(found, "path", anchors, outside, by_name=by_name)
        nested[inner.artifact.digest + inner.artifact.codec] = inner
        return pack_reference(inner.artifact)

    encoded = _encoded(plain.Writer(path).write(value), "msgpack", type_text)
    encoded.refers = bool(nested)
    encoded.nested = tuple(e for e in nested.values() if e.artifact.codec != "source")
    return encoded


def decode_bytes(codec: str, data: bytes, reader: plain.Reader) -> Any:
    """The value of verified bytes, for every codec whose value is made of bytes alone.

    Raises:
        CodecError: the codec is unknown, or cannot read the bytes.
    """
    if codec == "msgpack":
        return reader.read(data)
    if codec == "text":
        return data.decode("utf-8", "surrogatepass")
    if codec == "bytes":
        return data
    if codec == "ndarray":
        return arrays.read(data)
    if codec == "arrow":
        return tables.read_table(data)
    if codec == "pandas":
        return tables.read_frame(data)
    if codec == "pickle":
        return pickled.read(data)
    raise CodecError(f"there is no codec {codec!r} here; there are: {', '.join(CODECS)}")
