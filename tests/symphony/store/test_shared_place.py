"""Files of a shared place appear whole or not at all."""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from symphony.errors import MissingExtraError, StoreError, UsageError
from symphony.store.address import Shared
from symphony.store.shared_place import PART_BYTES, SharedPlace


@pytest.fixture(params=["file", "memory", "path"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> SharedPlace:
    url = {"file": f"file://{tmp_path}/s/x", "path": f"{tmp_path}/s/x", "memory": f"memory://{uuid.uuid4().hex}/x"}
    return SharedPlace(Shared(url[request.param]))


def test_a_small_file_comes_back(place: SharedPlace) -> None:
    place.put("keys/ab/one", b"1")

    assert place.read("keys/ab/one") == b"1"
    assert place.size("keys/ab/one") == 1
    assert place.read("keys/ab/two") is None
    assert place.size("keys/ab/two") is None
    assert place.size("keys/ab") is None


def test_putting_what_is_absent_only_leaves_what_is_there(tmp_path: Path) -> None:
    """Semantics 45: put if absent."""
    place = SharedPlace(Shared(f"file://{tmp_path}"))
    place.put("k", b"first", if_absent=True)
    place.put("k", b"second", if_absent=True)
    assert place.read("k") == b"first"

    place.put("k", b"third")
    assert place.read("k") == b"third"


def test_a_large_file_comes_back_in_parts(place: SharedPlace) -> None:
    data = os.urandom(PART_BYTES + 3)

    place.put_pieces("objects/ab/x", lambda: [data[:100], data[100:]], len(data))

    parts = list(place.parts("objects/ab/x", len(data)))
    assert [len(part) for part in parts] == [PART_BYTES, 3]
    assert b"".join(parts) == data


def test_a_writer_that_fails_half_way_leaves_nothing(place: SharedPlace) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"x" * 100
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        place.put_pieces("objects/ab/x", pieces, 1000)

    assert place.size("objects/ab/x") is None
    assert place.shelf("objects/ab") == []
    assert place.shelf("tmp") == []


def test_a_shelf_lists_its_files_in_order(place: SharedPlace) -> None:
    for name in ("b", "a"):
        place.put(f"keys/ab/{name}", name.encode() * 3)
    place.put("keys/cd/c", b"")

    assert [(f.name, f.size_bytes) for f in place.shelf("keys/ab")] == [("keys/ab/a", 3), ("keys/ab/b", 3)]
    assert all(f.changed_at > 1e9 for f in place.shelf("keys/ab"))
    assert place.shelf("keys/ef") == []


def test_what_is_set_aside_is_out_of_service(place: SharedPlace) -> None:
    place.put("objects/ab/x", b"bad")

    where = place.set_aside("objects/ab/x")

    assert where.startswith(place.shared.url + "/quarantine/x-")
    assert place.read("objects/ab/x") is None
    assert [f.size_bytes for f in place.shelf("quarantine")] == [3]
    assert place.set_aside("objects/ab/x") == ""


def test_removing_is_idempotent(place: SharedPlace) -> None:
    place.put("x", b"1")
    place.remove("x")
    place.remove("x")

    assert place.read("x") is None


def test_nothing_is_asked_or_loaded_before_the_first_use(tmp_path: Path) -> None:
    SharedPlace(Shared(f"file://{tmp_path}/s"))

    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_only_read_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no such bucket or folder"):
        SharedPlace(Shared(f"file://{tmp_path}/s", write=False)).greet()
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    tmp_path.chmod(0o500)

    with pytest.raises(StoreError, match="denies access with the credentials from this account"):
        SharedPlace(Shared(f"file://{tmp_path}/s")).greet()


@pytest.mark.parametrize("url", ["nosuch://x", "s4://bucket"])
def test_an_unknown_kind_of_url_is_a_wrong_call(url: str) -> None:
    with pytest.raises(UsageError, match="A URL such as s3://bucket/prefix"):
        SharedPlace(Shared(url)).greet()


def test_without_s3fs_the_install_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_s3fs(*_: Any, **__: Any) -> Any:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr("fsspec.core.url_to_fs", no_s3fs)

    with pytest.raises(MissingExtraError, match=r"pip install 'symphony\[s3\]'"):
        SharedPlace(Shared("s3://bucket/x")).greet()


def test_a_fault_that_passes_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = SharedPlace(Shared(f"file://{tmp_path}"))
    place.put("x", b"1")
    read, failures = place._fs.cat_file, [ConnectionResetError(), TimeoutError()]

    def sometimes(*args: Any, **kwargs: Any) -> Any:
        if failures:
            raise failures.pop()
        return read(*args, **kwargs)

    monkeypatch.setattr(place._fs, "cat_file", sometimes)

    with pytest.warns(RuntimeWarning, match="does not answer"):
        assert place.read("x") == b"1"
    assert failures == []


def test_a_fault_that_stays_is_told_when_patience_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = SharedPlace(Shared(f"file://{tmp_path}", patience_s=0))
    place.greet()

    def never(*_: Any, **__: Any) -> Any:
        raise ConnectionResetError

    monkeypatch.setattr(place._fs, "cat_file", never)

    with pytest.raises(StoreError, match=r"does not answer \(ConnectionResetError\), and was waited for up to 0 s"):
        place.read("x")


class Server:
    """What `SharedPlace` asks of s3fs to put a small file, from a server that knows the demand "only if absent", or not."""

    def __init__(self, answer: Exception | None) -> None:
        self.files: dict[str, bytes] = {}
        self.answer, self.asked = answer, 0

    def pipe_file(self, path: str, data: bytes, mode: str = "overwrite") -> None:
        self.asked += 1
        if mode == "create" and self.answer is not None:
            raise self.answer
        if mode == "create" and path in self.files:
            raise FileExistsError(path)
        self.files[path] = data


def on(server: Server) -> SharedPlace:
    place = SharedPlace(Shared("s3://bucket/x"))
    place._fs, place._protocol, place._greeted = server, "s3", True
    return place


def test_a_server_that_knows_the_demand_keeps_the_first() -> None:
    """Semantics 45: put if absent."""
    server = Server(None)
    place = on(server)

    place.put("k", b"first", if_absent=True)
    place.put("k", b"second", if_absent=True)

    assert server.files == {"k": b"first"}


def test_a_server_that_does_not_know_the_demand_is_asked_for_it_once() -> None:
    server = Server(OSError(errno.ENOSYS, "not implemented"))
    place = on(server)

    place.put("k", b"1", if_absent=True)
    place.put("l", b"2", if_absent=True)

    assert server.files == {"k": b"1", "l": b"2"}
    assert server.asked == 3
