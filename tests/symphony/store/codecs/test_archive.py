"""Folders as archives: canonical, whole, and never a way out of the folder."""

from __future__ import annotations

import io
import os
import tarfile
from contextlib import suppress
from pathlib import Path

import pytest

from symphony.errors import CodecError
from symphony.store.codecs.archive import archive, extract, joined


def fill(folder: Path, names: list[str]) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name * 300)
    return folder


def test_a_folder_comes_back_with_links_modes_and_empty_folders(tmp_path: Path) -> None:
    made = fill(tmp_path / "made", ["a.txt", "sub/ü.txt", "x" * 150 + "/deep.txt"])
    (made / "run.sh").write_text("#!/bin/sh\n")
    (made / "run.sh").chmod(0o775)
    (made / "empty").mkdir()
    (made / "sub/link").symlink_to("../a.txt")
    found = tmp_path / "found"

    extract(io.BytesIO(b"".join(archive(made))), found)

    assert {str(p.relative_to(found)) for p in found.rglob("*")} == {str(p.relative_to(made)) for p in made.rglob("*")}
    assert (found / "sub/ü.txt").read_text() == "sub/ü.txt" * 300
    assert os.readlink(found / "sub/link") == "../a.txt"
    assert (found / "run.sh").stat().st_mode & 0o777 == 0o555
    assert (found / "a.txt").stat().st_mode & 0o777 == 0o444


def test_order_times_owners_and_group_modes_do_not_change_the_bytes(tmp_path: Path) -> None:
    one, other = fill(tmp_path / "1", ["a", "b", "c/d"]), fill(tmp_path / "2", ["c/d", "b", "a"])
    os.utime(other / "a", (1, 1))
    (other / "b").chmod(0o660)

    assert b"".join(archive(one)) == b"".join(archive(other))


@pytest.mark.parametrize("change", ["bytes", "name", "mode", "link"])
def test_what_a_reader_could_see_changes_the_bytes(tmp_path: Path, change: str) -> None:
    folder = fill(tmp_path, ["a", "b"])
    (folder / "l").symlink_to("a")
    before = b"".join(archive(folder))

    if change == "bytes":
        (folder / "a").write_text("other")
    elif change == "name":
        (folder / "a").rename(folder / "z")
    elif change == "mode":
        (folder / "a").chmod(0o755)
    else:
        (folder / "l").unlink()
        (folder / "l").symlink_to("b")

    assert b"".join(archive(folder)) != before


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside", "sub/../../outside"])
def test_a_link_out_of_the_folder_is_refused(tmp_path: Path, target: str) -> None:
    (tmp_path / "l").symlink_to(target)

    with pytest.raises(CodecError, match="out of the folder"):
        b"".join(archive(tmp_path))


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p")

    with pytest.raises(CodecError, match="neither file, folder nor link"):
        b"".join(archive(tmp_path))


@pytest.mark.parametrize("name", ["../out.txt", "/abs.txt", "a/../../out.txt"])
def test_an_archive_of_a_stranger_writes_nothing_outside(tmp_path: Path, name: str) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.size = 1
        tar.addfile(info, io.BytesIO(b"x"))
    inside = tmp_path / "in" / "side"
    inside.mkdir(parents=True)

    with suppress(CodecError):
        extract(io.BytesIO(stream.getvalue()), inside)

    assert [p for p in tmp_path.rglob("*") if p.is_file() and not p.is_relative_to(inside)] == []


def test_bytes_that_are_no_archive_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CodecError, match="cannot read the archive"):
        extract(io.BytesIO(b"x" * 2000), tmp_path / "f")


def test_joining_stops_at_the_limit() -> None:
    def pieces() -> object:
        yield b"abc"
        yield b"def"
        raise AssertionError("read past the limit")

    assert joined([b"abc", b"de"], 5) == b"abcde"
    assert joined(pieces(), 5) is None  # type: ignore[arg-type]
