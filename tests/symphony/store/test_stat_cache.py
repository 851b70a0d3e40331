"""Digests of the outside world are right, and files are read again only where they may have changed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from symphony.errors import StoreError
from symphony.store.batch import StatRow
from symphony.store.stat_cache import StatCache, is_unchanged

HOUR_NS = 3_600_000_000_000


class Clock:
    def __init__(self) -> None:
        self.ahead_ns = 0

    def __call__(self) -> int:
        return time.time_ns() + self.ahead_ns


@pytest.fixture
def rows() -> dict[str, StatRow]:
    return {}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(rows: dict[str, StatRow], clock: Clock) -> StatCache:
    return StatCache(rows.get, lambda row: rows.__setitem__(row[0], row), clock)


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def forge(rows: dict[str, StatRow], cache: StatCache) -> None:
    """Put a wrong digest into every row, so that one sees whether a file was read again."""
    for path, row in rows.items():
        rows[path] = (*row[:6], "forged")
    cache._rows.clear()


def test_an_unchanged_file_is_not_read_again(
    tmp_path: Path, cache: StatCache, clock: Clock, rows: dict[str, StatRow]
) -> None:
    """Semantics 3: through a stat cache as git keeps one."""
    file = tmp_path / "a"
    file.write_text("one")
    clock.ahead_ns = HOUR_NS
    assert cache.digest_file(file) == sha("one")
    forge(rows, cache)

    assert cache.digest_file(file) == "forged"


def test_a_file_as_young_as_its_check_is_read_again(tmp_path: Path, cache: StatCache, rows: dict[str, StatRow]) -> None:
    """Semantics 3: the rule for racily clean entries."""
    file = tmp_path / "a"
    file.write_text("one")
    assert cache.digest_file(file) == sha("one")
    forge(rows, cache)

    assert cache.digest_file(file) == sha("one")


def test_a_change_that_keeps_size_and_time_is_seen_while_the_file_is_young(tmp_path: Path, cache: StatCache) -> None:
    file = tmp_path / "a"
    file.write_text("one")
    before = file.stat()
    cache.digest_file(file)

    file.write_text("two")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert cache.digest_file(file) == sha("two")


@pytest.mark.parametrize(("age_ns", "trusted"), [(0, False), (1_999_999_999, False), (2_000_000_000, True)])
def test_where_times_are_whole_seconds_a_file_is_young_for_two(age_ns: int, trusted: bool) -> None:
    at = 1_790_000_000_000_000_000
    status = SimpleNamespace(st_size=3, st_mtime_ns=at, st_ctime_ns=at, st_ino=7)

    assert is_unchanged(("/a", 3, at, at, 7, at + age_ns, "x"), status) is trusted  # type: ignore[arg-type]


@pytest.mark.parametrize("change", ["bytes", "replaced"])
def test_a_changed_file_is_read_again(tmp_path: Path, cache: StatCache, clock: Clock, change: str) -> None:
    file = tmp_path / "a"
    file.write_text("one")
    clock.ahead_ns = HOUR_NS
    cache.digest_file(file)

    if change == "bytes":
        file.write_text("two")
    else:
        (tmp_path / "b").write_text("two")
        os.replace(tmp_path / "b", file)

    assert cache.digest_file(file) == sha("two")


def test_a_missing_file_is_named(tmp_path: Path, cache: StatCache) -> None:
    with pytest.raises(StoreError, match=r"cannot read .*/missing: No such file"):
        cache.digest_file(tmp_path / "missing")


def make(folder: Path) -> Path:
    (folder / "sub").mkdir(parents=True)
    (folder / "a").write_text("one")
    (folder / "sub/b").write_text("two")
    (folder / "link").symlink_to("a")
    return folder


def test_equal_folders_have_equal_digests(tmp_path: Path, cache: StatCache) -> None:
    one, other = make(tmp_path / "1"), make(tmp_path / "2")
    os.utime(other / "a", (1, 1))

    assert cache.digest_folder(one) == cache.digest_folder(other)


@pytest.mark.parametrize("left_out", [".git", "sub/.git", ".symphony"])
def test_the_folders_of_git_and_symphony_do_not_count(tmp_path: Path, cache: StatCache, left_out: str) -> None:
    """Semantics 3: a tree digest without `.git/` and `.symphony/`."""
    folder = make(tmp_path / "1")
    before = cache.digest_folder(folder)

    (folder / left_out).mkdir(parents=True)
    (folder / left_out / "x").write_text("x")

    assert cache.digest_folder(folder) == before


@pytest.mark.parametrize(
    "change", ["echo 2 > a", "mv a c", "chmod +x a", "ln -sf sub/b link", "mkdir empty", "rm link; cp a link"]
)
def test_what_a_reader_could_see_changes_the_digest(tmp_path: Path, cache: StatCache, change: str) -> None:
    folder = make(tmp_path / "1")
    before = cache.digest_folder(folder)

    subprocess.run(change, shell=True, cwd=folder, check=True)

    assert cache.digest_folder(folder) != before
