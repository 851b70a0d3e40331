"""Slices of the journal as bytes: the calls of one group commit by columns, so that a call costs little to record."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import msgpack

from symphony.errors import CodecError
from symphony.model.artifact import Artifact
from symphony.model.frozen import EMPTY, FrozenMap
from symphony.model.states import TaskState
from symphony.store.codecs.plain import Reader, Writer
from symphony.store.records import CallRecord, KeyEntry

_writer = Writer()
_extension = Reader(as_plain=True).extension


def _extend(value: Any) -> Any:
    """The journal tells people what happened: what is no plain data is told by its text, and never stops a commit."""
    try:
        return _writer.extend(value)
    except CodecError:
        return repr(value)


def pack_data(data: Any) -> bytes:
    """Plain data with a checksum in front. Tuples come back as lists.

    Raises:
        CodecError: it holds something that is no plain data.
    """
    body = _pack(data)
    return zlib.crc32(body).to_bytes(4, "big") + body


_quick: Callable[[Any], bytes] = msgpack.Packer(unicode_errors="surrogatepass").pack


def _pack(data: Any) -> bytes:
    try:
        return _quick(data)  # packing plain data never gives up the interpreter, so one packer serves all threads
    except (ValueError, TypeError, OverflowError, RecursionError):
        pass
    try:
        body: bytes = msgpack.packb(data, default=_extend, unicode_errors="surrogatepass")
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise CodecError(f"the journal keeps plain data only: {error}") from error
    return body


def unpack_data(data: bytes) -> Any:
    """What `pack_data` wrote.

    Raises:
        CodecError: the checksum does not fit: the bytes are damaged.
    """
    body = memoryview(data)[4:]
    if zlib.crc32(body) != int.from_bytes(data[:4], "big"):
        raise CodecError("the checksum does not fit")
    return _unpack(body)


def _unpack(body: bytes | memoryview) -> Any:
    return msgpack.unpackb(body, ext_hook=_extension, strict_map_key=False, unicode_errors="surrogatepass")


_COLUMNS_BEFORE_MEASURES = 13

Reference = tuple[str, str, str, int, Mapping[str, Any] | None]


def unpack_reference(stored: Sequence[Any]) -> Artifact:
    """A reference from its plain data."""
    digest, codec, type_text, size, meta = stored
    return Artifact(digest, codec, type_text, size, FrozenMap(meta) if meta else EMPTY)


def pack_entry(entry: KeyEntry) -> bytes:
    """One entry as it waits for its commit: bytes cost the collector of garbage nothing."""
    return _pack((_references(entry.outputs), entry.run, entry.task, entry.parts))


def unpack_packed_entry(data: bytes) -> KeyEntry:
    """What `pack_entry` wrote."""
    return unpack_entry(_unpack(data))


def pack_entries(entries: Sequence[bytes]) -> bytes:
    """Packed entries of some keys in one piece, so that an entry costs little to write."""
    body = _array_header(len(entries)) + b"".join(entries)
    return zlib.crc32(body).to_bytes(4, "big") + body


def _array_header(count: int) -> bytes:
    """What msgpack writes in front of the elements of a list."""
    if count < 16:
        return bytes((0x90 | count,))
    return b"\xdc" + count.to_bytes(2, "big")


def unpack_entry(stored: Sequence[Any]) -> KeyEntry:
    """One entry of the list that `pack_entries` wrote and `unpack_data` gave."""
    outputs, run, task, parts = stored
    return KeyEntry(_read(outputs) or EMPTY, run, task, FrozenMap(parts))


CallRow = tuple[Any, ...]
"""A record of a call as it waits for its commit: run, then the fields of `CallRecord` in order, as plain data."""


def call_row(c: CallRecord) -> CallRow:
    """A record as a row; `call_of` gives it back."""
    return (
        c.run, c.task, c.index, str(c.state), c.attempt, c.started_at, c.ended_at, c.waited_s, c.worker, c.key,
        _references(c.outputs), c.error, c.parts, c.note, c.measures,
    )  # fmt: skip


def call_of(row: CallRow) -> CallRecord:
    """The record that a row was made of."""
    return _read_call(row[0], row[1:])


_KEY = 9


def pack_calls(rows: Sequence[CallRow]) -> bytes:
    """Calls of one run, by columns; a column of equal values is stored as one."""
    columns: list[Any] = list(zip(*rows, strict=True))
    columns[_KEY] = _joined(columns[_KEY])
    return pack_data([len(rows), [c[:1] if c[0] == c[-1] and c.count(c[0]) == len(c) else c for c in columns[1:]]])


def _joined(keys: Sequence[str | None]) -> Sequence[Any]:
    """All keys in one, at half the size, where every call has one."""
    return keys if None in keys else [bytes.fromhex("".join(cast("list[str]", keys)))]


def _split(column: list[Any], count: int) -> list[Any]:
    """A column as it was before it was shortened."""
    if len(column) == 1 and type(column[0]) is bytes:
        whole = column[0].hex()
        return [whole[at : at + 64] for at in range(0, 64 * count, 64)]
    return column if len(column) == count else column * count


def _references(outputs: Mapping[str, Artifact] | None) -> tuple[tuple[Any, ...], ...] | None:
    if outputs is None:
        return None
    return tuple([(p, a.digest, a.codec, a.type, a.size_bytes, a.meta or None) for p, a in outputs.items()])


def reference_of(artifact: Artifact) -> tuple[Any, ...]:
    """The only output of a player as rows and packed entries hold it, `out` and its reference."""
    return "out", artifact.digest, artifact.codec, artifact.type, artifact.size_bytes, artifact.meta or None


def unpack_calls(run: str, data: bytes) -> list[CallRecord]:
    """The calls that `pack_calls` wrote.

    Raises:
        CodecError: the bytes are damaged.
    """
    count, columns = unpack_data(data)
    whole = [_split(column, count) for column in columns]
    if len(whole) == _COLUMNS_BEFORE_MEASURES:
        whole.append([None] * count)
    return [_read_call(run, fields) for fields in zip(*whole, strict=True)]


def _read_call(run: str, fields: tuple[Any, ...]) -> CallRecord:
    task, index, state, attempt, started_at, ended_at, waited_s, worker, key, outputs, error, parts, note, measures = (
        fields
    )
    return CallRecord(
        run, task, index, TaskState(state), attempt, started_at, ended_at, waited_s, worker, key,
        _read(outputs), error, parts, note, measures,
    )  # fmt: skip


def _read(outputs: Any) -> FrozenMap[str, Artifact] | None:
    if outputs is None:
        return None
    if isinstance(outputs, Mapping):  # the form before references were rows
        return FrozenMap({port: unpack_reference(stored) for port, stored in outputs.items()})
    return FrozenMap({stored[0]: unpack_reference(stored[1:]) for stored in outputs})
