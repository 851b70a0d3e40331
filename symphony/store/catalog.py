"""The catalog: which artifacts and which keys there are, and the bytes of small values."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgpack

from symphony.errors import CodecError
from symphony.model.artifact import Artifact
from symphony.model.frozen import EMPTY, FrozenMap
from symphony.store.codecs.choice import CODECS
from symphony.store.commit import CODEC_NUMBERS
from symphony.store.database import Database
from symphony.store.records import KeyEntry
from symphony.store.slices import unpack_entry

_CACHE_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class Row:
    """One artifact of the catalog.

    Attributes:
        digest: 64 hexadecimal digits.
        codec: its codec.
        place: pack, start, length.
        refers: whether its bytes hold references.
    """

    digest: str
    codec: str
    place: tuple[int, int, int]
    refers: bool


class Catalog:
    """Reads the catalog. Packs never change, so the ones read last are kept in memory."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._packs: OrderedDict[int, bytes] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def find(self, digest: str, codec: str) -> Row | None:
        """The row of an artifact; one of another codec where the same bytes were kept under that only."""
        rows = self._database.read(
            "SELECT codec, pack, start, length, refers FROM artifacts WHERE digest=?", (bytes.fromhex(digest),)
        )
        if not rows:
            return None
        number = CODEC_NUMBERS.get(codec)
        found = next((row for row in rows if row[0] == number), rows[0])
        return Row(digest, CODECS[found[0]], found[1:4], bool(found[4]))

    def recorded(self, digest: str, codec: str) -> bool:
        """Whether these bytes were kept here under this very codec."""
        row = self.find(digest, codec)
        return row is not None and row.codec == codec

    def data(self, row: Row) -> bytes | None:
        """The bytes of a small value, not yet verified; nothing where they are an object, or are gone."""
        item = self._item(row.place)
        if item is None or len(item) < 4:
            return None
        start = 4 + int.from_bytes(item[:4], "big")
        return None if _read_header(item)[2] >= 0 else item[start:]

    def artifact(self, row: Row) -> Artifact:
        """The full reference of a row."""
        item = self._item(row.place) or b""
        type_text, meta, size = _read_header(item)
        length = size if size >= 0 else max(0, len(item) - 4 - int.from_bytes(item[:4], "big"))
        return Artifact(row.digest, row.codec, type_text, length, FrozenMap(meta) if meta else EMPTY)

    def starting_with(self, prefix: str) -> list[Artifact]:
        """Every artifact whose digest starts with these hexadecimal digits."""
        low, high = bytes.fromhex(prefix.ljust(64, "0")), bytes.fromhex(prefix.ljust(64, "f"))
        rows = self._database.read(
            "SELECT digest, codec, pack, start, length, refers FROM artifacts WHERE digest BETWEEN ? AND ?", (low, high)
        )
        return [self.artifact(_row(row)) for row in rows]

    def rows(self, *, referring: bool = False) -> Iterator[Row]:
        """Every artifact of the catalog, or only those that hold references."""
        where = "WHERE refers" if referring else ""
        for row in self._database.read(
            f"SELECT digest, codec, pack, start, length, refers FROM artifacts {where} ORDER BY digest, codec"
        ):
            yield _row(row)

    def entry(self, key: str) -> KeyEntry | None:
        """The entry of a key. A damaged one is none."""
        rows = self._database.read("SELECT pack, start, length FROM keys WHERE key=?", (bytes.fromhex(key),))
        item = self._item(rows[0]) if rows else None
        return _read_entry(item) if item is not None else None

    def entries(self) -> Iterator[tuple[str, KeyEntry | None]]:
        """Every key with its entry; nothing for a damaged one."""
        for key, *place in self._database.read("SELECT key, pack, start, length FROM keys ORDER BY pack, start"):
            item = self._item(tuple(place))
            yield key.hex(), _read_entry(item) if item is not None else None

    def forget(self, digest: str) -> None:
        """Take the rows of a digest out: its bytes are damaged or gone."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM artifacts WHERE digest=?", (bytes.fromhex(digest),))

    def _item(self, place: tuple[int, int, int] | tuple[Any, ...]) -> bytes | None:
        pack, start, length = place
        data = self._packs.get(pack)
        if data is None:
            rows = self._database.read("SELECT data FROM packs WHERE id=?", (pack,))
            if not rows:
                return None
            data = rows[0][0]
            self._cache(pack, data)
        return data[start : start + length]

    def _cache(self, pack: int, data: bytes) -> None:
        with self._lock:
            if pack not in self._packs:
                self._packs[pack] = data
                self._size += len(data)
            while self._size > _CACHE_BYTES:
                self._size -= len(self._packs.popitem(last=False)[1])

    def drop_cache(self) -> None:
        """Read packs anew, as after a collection of garbage."""
        with self._lock:
            self._packs.clear()
            self._size = 0


def _row(row: tuple[Any, ...]) -> Row:
    return Row(row[0].hex(), CODECS[row[1]], (row[2], row[3], row[4]), bool(row[5]))


def _read_header(item: bytes) -> tuple[str, dict[str, object] | None, int]:
    """Type, meta and size of an item; the size is negative where the bytes follow. Damaged ones read as empty."""
    try:
        type_text, meta, size = msgpack.unpackb(item[4 : 4 + int.from_bytes(item[:4], "big")])
        return str(type_text), dict(meta) if meta else None, int(size)
    # A damaged header may fail in any way; the digest of the bytes decides, not the header.
    except (ValueError, TypeError, msgpack.UnpackException):
        return "any", None, -1


def _read_entry(item: bytes) -> KeyEntry | None:
    try:
        return unpack_entry(item)
    except CodecError:
        return None
