"""Objects appear whole or not at all."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from symphony.errors import StoreError
from symphony.store.objects import LocalObjects, MemoryObjects, Objects

DATA = b"x" * 70_000
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(params=["local", "power", "memory"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    if request.param == "memory":
        return MemoryObjects()
    return LocalObjects(tmp_path, power=request.param == "power")


def test_an_object_comes_back(objects: Objects) -> None:
    objects.write(DIGEST, [DATA[:1000], DATA[1000:]], len(DATA))

    with objects.open(DIGEST) as stream:
        assert stream.read() == DATA
    assert objects.has(DIGEST, len(DATA))
    assert not objects.has(DIGEST, len(DATA) + 1)
    assert [name for name, _, _ in objects.names()] == [DIGEST]


def test_pieces_of_another_digest_are_refused_and_leave_nothing(objects: Objects) -> None:
    with pytest.raises(StoreError, match="changed while they were kept"):
        objects.write(DIGEST, [DATA[1:]], len(DATA))

    assert not objects.has(DIGEST, len(DATA))
    assert list(objects.names()) == []


def test_a_writer_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield DATA[:100]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        LocalObjects(tmp_path).write(DIGEST, pieces(), len(DATA))

    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_writing_again_reads_and_changes_nothing(tmp_path: Path) -> None:
    objects = LocalObjects(tmp_path)
    objects.write(DIGEST, [DATA], len(DATA))
    before = objects.path(DIGEST).stat().st_ino

    objects.write(DIGEST, iter(()), len(DATA))

    assert objects.path(DIGEST).stat().st_ino == before


def test_objects_are_read_only_files(tmp_path: Path) -> None:
    objects = LocalObjects(tmp_path)
    objects.write(DIGEST, [DATA], len(DATA))

    assert objects.path(DIGEST).stat().st_mode & 0o777 == 0o444


def test_a_quarantined_object_is_gone_and_can_be_written_again(objects: Objects) -> None:
    objects.write(DIGEST, [DATA], len(DATA))

    assert objects.quarantine(DIGEST)
    assert not objects.has(DIGEST, len(DATA))
    assert objects.quarantine(DIGEST) == ""
    objects.write(DIGEST, [DATA], len(DATA))
    assert objects.has(DIGEST, len(DATA))


def test_left_overs_are_swept_after_a_day(tmp_path: Path) -> None:
    tmp = tmp_path / "tmp"
    tmp.mkdir()
    (tmp / "old").touch()
    (tmp / "new").touch()
    os.utime(tmp / "old", (time.time() - 90_000,) * 2)

    LocalObjects(tmp_path).sweep()

    assert [p.name for p in tmp.iterdir()] == ["new"]
