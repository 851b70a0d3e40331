"""Damage done on purpose to what a store holds: objects in five ways, small values in their packs, the database file."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

Harm = Callable[[list[Path]], list[str]]
"""Damages some or all of the objects; gives the digests of those that are damaged now."""


def objects_of(state: Path) -> list[Path]:
    """Every object of a store."""
    return sorted((state / "objects").glob("??/*"))


def _writable(path: Path) -> Path:
    path.chmod(0o644)
    return path


def flip_a_bit(objects: list[Path]) -> list[str]:
    """One bit in the middle of each."""
    for path in objects:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 0x10
        _writable(path).write_bytes(data)
    return [path.name for path in objects]


def cut_to_nothing(objects: list[Path]) -> list[str]:
    """Truncate each to 0 bytes."""
    for path in objects:
        os.truncate(_writable(path), 0)
    return [path.name for path in objects]


def delete(objects: list[Path]) -> list[str]:
    """Delete each."""
    for path in objects:
        path.unlink()
    return [path.name for path in objects]


def put_a_folder(objects: list[Path]) -> list[str]:
    """A folder with something in it instead of each."""
    for path in objects:
        path.unlink()
        path.mkdir()
        (path / "inside").write_text("this is no object")
    return [path.name for path in objects]


def swap_two(objects: list[Path]) -> list[str]:
    """Each with its neighbour; one that is left over stays whole."""
    swapped = []
    for one, other in zip(objects[::2], objects[1::2], strict=False):
        between = one.with_name("between")
        one.rename(between)
        other.rename(one)
        between.rename(other)
        swapped += [one.name, other.name]
    return swapped


WAYS: dict[str, Harm] = {
    "a bit flipped": flip_a_bit, "cut to nothing": cut_to_nothing, "deleted": delete, "a folder instead": put_a_folder,
    "two swapped": swap_two,
}  # fmt: skip


@contextmanager
def _database(state: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(state / "symphony.db")) as connection, connection:
        yield connection


def flip_small_values(state: Path) -> list[str]:
    """One bit in the last byte of every small value that lies in a pack; their digests."""
    with _database(state) as connection:
        places = connection.execute("SELECT hex(digest), pack, start, length FROM artifacts").fetchall()
        packs = {number: bytearray(data) for number, data in connection.execute("SELECT id, data FROM packs")}
        flipped = []
        for digest, pack, start, length in places:
            if (
                not (state / "objects" / digest[:2].lower() / digest.lower()).exists()
                and packs[pack][start + length - 1 :]
            ):
                packs[pack][start + length - 1] ^= 0x01
                flipped.append(digest.lower())
        connection.executemany("UPDATE packs SET data=? WHERE id=?", [(bytes(d), n) for n, d in packs.items()])
    return sorted(flipped)


def flip_journal(state: Path) -> None:
    """The last byte of every part of the journal."""
    with _database(state) as connection:
        connection.execute("UPDATE slices SET data=CAST(substr(data, 1, length(data) - 1) || x'fe' AS BLOB)")


def cut_packs(state: Path) -> None:
    """Every pack to half of its length."""
    with _database(state) as connection:
        connection.execute("UPDATE packs SET data=substr(data, 1, length(data)/2)")


def delete_packs(state: Path) -> None:
    """Every pack."""
    with _database(state) as connection:
        connection.execute("DELETE FROM packs")


def _folded(state: Path) -> Path:
    """The database file, with its log folded into it: else the log would mend the damage."""
    with _database(state) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return state / "symphony.db"


def ruin_pages(state: Path) -> None:
    """Overwrite half of every page of the database but the first."""
    path = _folded(state)
    data = bytearray(path.read_bytes())
    for at in range(8192, len(data), 8192):
        data[at : at + 4096] = b"\xa5" * 4096
    path.write_bytes(data)


def ruin_header(state: Path) -> None:
    """Overwrite the first bytes of the database, which say what it is."""
    path = _folded(state)
    path.write_bytes(b"no database here" + path.read_bytes()[16:])
