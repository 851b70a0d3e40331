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
from symphony.store.commit import CODEC_NUMBERS, Written
from symphony.store.database import Database
from symphony.store.records import KeyEntry
from symphony.store.slices import unpack_data, unpack_entry
from symphony.store.whole_table import WholeTable

_CACHE_BYTES = 8 << 20
_CACHED_GROUPS = 512


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
    """Reads the catalog. Packs never change, so the ones read last are kept in memory.

    Attributes:
        damaged_keys: keys whose entries could not be read.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.damaged_keys: set[str] = set()
        self._packs: OrderedDict[int, bytes] = OrderedDict()
        self._groups: dict[int, list[Any]] = {}
        self._size = 0
        self._lock = threading.Lock()
        self._keys = WholeTable[bytes, tuple[int, int]](database, "keys", self._ask_key, self._read_keys)
        self._refers = WholeTable[tuple[bytes, int], bool](database, "artifacts", self._ask_refers, self._read_refers)

    def refers(self, artifact: Artifact) -> bool | None:
        """Whether the bytes of an artifact hold references; nothing where it has no row."""
        return self._refers.find((bytes.fromhex(artifact.digest), CODEC_NUMBERS.get(artifact.codec, -1)))

    def _ask_refers(self, name: tuple[bytes, int]) -> bool | None:
        rows = self._database.read("SELECT refers FROM artifacts WHERE digest=? AND codec=?", name)
        return bool(rows[0][0]) if rows else None

    def _read_refers(self) -> dict[tuple[bytes, int], bool]:
        rows = self._database.read("SELECT digest, codec, refers FROM artifacts")
        return {(digest, codec): bool(refers) for digest, codec, refers in rows}

    def _ask_key(self, key: bytes) -> tuple[int, int] | None:
        rows = self._database.read("SELECT pack, position FROM keys WHERE key=?", (key,))
        return rows[0] if rows else None

    def _read_keys(self) -> dict[bytes, tuple[int, int]]:
        return {
            key: (pack, position) for key, pack, position in self._database.read("SELECT key, pack, position FROM keys")
        }

    def note(self, written: Written) -> None:
        """Take note of what was written from here."""
        self._keys.add(written.keys)
        self._keys.add(written.replaced_keys, replace=True)
        self._refers.add(written.refers)

    def renew(self) -> None:
        """See what other processes have written or removed."""
        self._keys.forget()
        self._refers.forget()

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

    def lacks(self, key: str) -> bool:
        """Whether it is known without asking that a key has no entry, damaged or whole."""
        return self._keys.lacks(bytes.fromhex(key)) and key not in self.damaged_keys

    def entry(self, key: str) -> KeyEntry | None:
        """The entry of a key. A damaged one is none."""
        for _ in range(2):
            place = self._keys.find(bytes.fromhex(key))
            if place is None:
                return None
            entry = self._entry(*place)
            if entry is not None:
                return entry
            # A collection of garbage may have moved the entry between the two looks.
            self.drop_cache()
        self.damaged_keys.add(key)
        return None

    def _entry(self, pack: int, position: int) -> KeyEntry | None:
        group = self._groups.get(pack)
        if group is None:
            rows = self._database.read("SELECT data FROM packs WHERE id=?", (pack,))
            group = _read_group(rows[0][0]) if rows else []
            if len(self._groups) >= _CACHED_GROUPS:
                self._groups.clear()
            self._groups[pack] = group
        return unpack_entry(group[position]) if position < len(group) else None

    def entries(self) -> Iterator[tuple[str, KeyEntry | None]]:
        """Every key with its entry; nothing for a damaged one."""
        for key, pack, position in self._database.read("SELECT key, pack, position FROM keys ORDER BY pack, position"):
            yield key.hex(), self._entry(pack, position)

    def forget(self, digest: str) -> None:
        """Take the rows of a digest out: its bytes are damaged or gone."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM artifacts WHERE digest=?", (bytes.fromhex(digest),))
        self._refers.forget()

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
            self._groups.clear()
            self._size = 0
        self.renew()


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


def _read_group(data: bytes) -> list[Any]:
    try:
        return list(unpack_data(data))
    except CodecError:
        return []
