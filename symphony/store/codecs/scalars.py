"""Single values that msgpack has no form for: dates, decimals, numbers of any size. Each to bytes and back."""

from __future__ import annotations

import datetime as dt
import struct
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgpack

from symphony.errors import CodecError

BIG_INT, DATETIME, DATE, TIME, DELTA, DECIMAL, UUID, COMPLEX = 4, 5, 6, 7, 8, 9, 10, 11

_UTC = dt.timezone.utc  # noqa: UP017 - the object itself is compared with `is`


def _zone(zone: dt.tzinfo | None) -> Any:
    if zone is None:
        return None
    if type(zone) is ZoneInfo and zone.key is not None:
        return zone.key
    if type(zone) is dt.timezone:
        offset = zone.utcoffset(None)
        name = None if zone == dt.timezone(offset) and str(zone) == str(dt.timezone(offset)) else str(zone)
        return [offset.days, offset.seconds, offset.microseconds, name]
    raise CodecError(
        f"a time zone of class {type(zone).__qualname__} cannot be kept; use datetime.timezone or ZoneInfo"
    )


def _read_zone(stored: Any) -> dt.tzinfo | None:
    if stored is None or isinstance(stored, str):
        return ZoneInfo(stored) if stored else None
    days, seconds, microseconds, name = stored
    offset = dt.timedelta(days, seconds, microseconds)
    if name is not None:
        return dt.timezone(offset, name)
    return _UTC if not offset else dt.timezone(offset)


def _moment(value: dt.datetime | dt.time) -> bytes:
    return bytes(msgpack.packb([value.replace(tzinfo=None, fold=0).isoformat(), value.fold, _zone(value.tzinfo)]))


def _read_datetime(data: bytes) -> dt.datetime:
    text, fold, zone = msgpack.unpackb(data)
    return dt.datetime.fromisoformat(text).replace(fold=fold, tzinfo=_read_zone(zone))


def _read_time(data: bytes) -> dt.time:
    text, fold, zone = msgpack.unpackb(data)
    return dt.time.fromisoformat(text).replace(fold=fold, tzinfo=_read_zone(zone))


def _big_int(value: int) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)


WRITERS: dict[type, tuple[int, Callable[[Any], bytes]]] = {
    int: (BIG_INT, _big_int),
    dt.datetime: (DATETIME, _moment),
    dt.date: (DATE, lambda v: v.isoformat().encode()),
    dt.time: (TIME, _moment),
    dt.timedelta: (DELTA, lambda v: bytes(msgpack.packb([v.days, v.seconds, v.microseconds]))),
    Decimal: (DECIMAL, lambda v: str(v).encode()),
    uuid.UUID: (UUID, lambda v: bytes(v.bytes)),
    complex: (COMPLEX, lambda v: struct.pack(">dd", v.real, v.imag)),
}
"""By exact class: the number of the form, and how to write it."""

READERS: dict[int, Callable[[bytes], Any]] = {
    BIG_INT: lambda d: int.from_bytes(d, "big", signed=True),
    DATETIME: _read_datetime,
    DATE: lambda d: dt.date.fromisoformat(d.decode()),
    TIME: _read_time,
    DELTA: lambda d: dt.timedelta(*msgpack.unpackb(d)),
    DECIMAL: lambda d: Decimal(d.decode()),
    UUID: lambda d: uuid.UUID(bytes=d),
    COMPLEX: lambda d: complex(*struct.unpack(">dd", d)),
}
