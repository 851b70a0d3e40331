"""The database file: format, damage, transactions, many rows at once."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from symphony.errors import StoreError
from symphony.store.database import VERSION, Database, insert


def test_a_fresh_file_has_the_current_format(tmp_path: Path) -> None:
    Database(tmp_path / "symphony.db").close()

    with sqlite3.connect(tmp_path / "symphony.db") as raw:
        assert raw.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_newer_format_is_refused_by_name_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "symphony.db"
    Database(path).close()
    with sqlite3.connect(path) as raw:
        raw.execute(f"PRAGMA user_version={VERSION + 1}")

    with pytest.raises(StoreError, match=r"symphony\.db was written by a newer Symphony") as caught:
        Database(path)

    assert caught.value.exit_code == 4
    assert path.exists()


@pytest.mark.parametrize("damage", [b"no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_file_is_set_aside_with_a_warning(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "symphony.db"
    path.write_bytes(damage)

    with pytest.warns(RuntimeWarning, match="is damaged"):
        database = Database(path)

    assert database.read("SELECT count(*) FROM runs") == [(0,)]
    assert [p.read_bytes() for p in (tmp_path / "quarantine").iterdir()] == [damage]


def _ruin_pages(path: Path) -> None:
    """Damage inside the file, which opening it does not meet."""
    database = Database(path)
    with database.transaction() as connection:
        connection.executemany(
            "INSERT INTO artifacts VALUES(?, 0, 1, 0, 1, 0)", [(n.to_bytes(32, "big"),) for n in range(9_000)]
        )
    database.close()
    data = bytearray(path.read_bytes())
    for at in range(8192 * 20, len(data), 8192):
        data[at : at + 4096] = b"\xa5" * 4096
    path.write_bytes(data)


def test_damage_inside_is_told_and_set_aside_by_the_next_process(tmp_path: Path) -> None:
    path = tmp_path / "symphony.db"
    _ruin_pages(path)
    first = Database(path)
    with pytest.raises(StoreError, match="is damaged"):
        first.read("SELECT sum(length) FROM artifacts")
    first.close()

    with pytest.warns(RuntimeWarning, match="it was moved to"):
        second = Database(path)

    assert second.set_aside
    assert second.read("SELECT count(*) FROM artifacts") == [(0,)]
    assert not second.check()
    assert Database(path).set_aside == ""


def test_a_check_finds_damage_inside_and_goes_on_with_a_fresh_file(tmp_path: Path) -> None:
    path = tmp_path / "symphony.db"
    _ruin_pages(path)
    database = Database(path)

    with pytest.warns(RuntimeWarning, match="it was moved to"):
        damage = database.check()

    assert damage
    assert database.read("SELECT count(*) FROM artifacts") == [(0,)]
    assert database.check() == ""


def test_a_word_of_damage_that_is_not_true_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "symphony.db"
    Database(path).close()
    (tmp_path / "symphony.db-damaged").touch()

    assert Database(path).set_aside == ""
    assert not (tmp_path / "symphony.db-damaged").exists()


def test_a_failed_transaction_changes_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path / "symphony.db")

    with pytest.raises(KeyError), database.transaction() as connection:
        connection.execute("INSERT INTO packs(id, at, data) VALUES(1, 0, x'00')")
        raise KeyError

    assert database.read("SELECT count(*) FROM packs") == [(0,)]


@pytest.mark.parametrize("count", [0, 1, 9, 10, 259, 1_311])
def test_any_number_of_rows_is_inserted(count: int) -> None:
    database = Database(None)

    with database.transaction() as connection:
        insert(connection, "INSERT INTO packs(id, at, data)", [(n + 1, 0.0, b"%d" % n) for n in range(count)])

    assert database.read("SELECT count(DISTINCT data) FROM packs") == [(count,)]


def test_reading_sees_what_another_connection_committed(tmp_path: Path) -> None:
    one, other = Database(tmp_path / "symphony.db"), Database(tmp_path / "symphony.db")

    with one.transaction() as connection:
        connection.execute("INSERT INTO packs(id, at, data) VALUES(1, 0, x'00')")

    assert other.read("SELECT id FROM packs") == [(1,)]
