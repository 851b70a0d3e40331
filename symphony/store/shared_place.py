"""A shared place: small and large files by name below an fsspec URL, with patience and plain errors.

A file appears under its name whole or not at all. Where a rename is one step, it is written to a temporary name first;
where a rename is a copy, as on object storage, it is put whole.
"""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from symphony.errors import MissingExtraError, StoreError, SurroundingsError, UsageError
from symphony.store.address import Shared
from symphony.store.patience import Patience
from symphony.store.place_faults import is_absent, is_there_already, is_unknown_demand, passes, place_fault, scrubbed

T = TypeVar("T")

PART_BYTES = 8 << 20
"""How much of a large file is held in memory at a time."""
_MOST_PARTS = 9_000
_PUT_WHOLE = frozenset(
    {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oci", "oss", "http", "https", "memory"}
)
_S3 = frozenset({"s3", "s3a"})
_ANSWER_S = 20


@dataclass(frozen=True, slots=True)
class Found:
    """A file of a place: its name below the place, bytes, and seconds since the epoch of its last change, 0.0 if unknown."""

    name: str
    size_bytes: int
    changed_at: float


class SharedPlace:
    """Files below the URL of a shared store. Nothing is loaded or asked before the first use. Thread-safe."""

    def __init__(self, shared: Shared, *, patience: Patience | None = None) -> None:
        self.shared = shared
        self.patience = patience or Patience(shared.patience_s, passes, f"the store {shared.name}")
        self._lock = threading.Lock()
        self._fs: Any = None  # fsspec has no types
        self._root = ""
        self._greeted = False
        self._protocol = ""
        self._puts_if_absent = True
        self._pid = os.getpid()

    # The file system

    def greet(self) -> None:
        """Ask the place for something, once, so that a wrong address is found out before any work is done.

        Raises:
            StoreError: it is not there, does not answer, or refuses the credentials.
            MissingExtraError: what speaks to it is not installed.
        """
        if self._greeted:
            return
        with self._lock:
            if not self._greeted:
                self._made()
                self._guarded(self._look)
                self._greeted = True

    def _made(self) -> None:
        if self._fs is not None:
            return
        from fsspec.core import url_to_fs  # heavy: only stores with a shared side need it

        url = self.shared.url if "://" in self.shared.url else f"file://{os.path.abspath(self.shared.url)}"
        protocol = url.split("://", 1)[0].rsplit("::", 1)[-1]
        try:
            self._fs, root = url_to_fs(url, skip_instance_cache=True, **_options(protocol, self.shared))
        except ImportError as error:
            if protocol in _S3:
                raise MissingExtraError(f"s3fs, which the store {self.shared.name} needs,", "s3") from error
            raise SurroundingsError(f"the store {self.shared.name} cannot be used: {error}") from error
        except (ValueError, TypeError) as error:
            told = scrubbed(str(error), self.shared.options)
            raise UsageError(
                f"the store {self.shared.name} cannot be used: {told}. A URL such as s3://bucket/prefix or "
                "file:///mnt/share is needed"
            ) from error
        self._protocol, self._root = protocol, str(root).rstrip("/")
        if protocol in _S3:
            self._fs.retries = 1  # patience is ours

    def _look(self) -> None:
        if self._protocol in _S3:
            bucket, _, prefix = self._root.partition("/")
            self._fs.call_s3("list_objects_v2", Bucket=bucket, Prefix=prefix, MaxKeys=1)
        elif self._protocol in ("file", "local"):
            if self.shared.write:
                os.makedirs(self._root, exist_ok=True)
            os.stat(self._root)

    def _do(self, action: Callable[[], T]) -> T:
        self.greet()
        return self._guarded(action)

    def _guarded(self, action: Callable[[], T]) -> T:
        """Do something with patience; the faults that remain are told plainly.

        Raises:
            FileNotFoundError: there is no such file.
        """
        if os.getpid() != self._pid:
            raise StoreError(f"the store {self.shared.name} was opened before the process forked; open it again")
        try:
            return self.patience.call(action)
        except (SurroundingsError, UsageError):
            raise
        # What lies behind a URL may fail in any way.
        except Exception as error:
            if is_absent(error) and self._greeted:
                raise FileNotFoundError(str(error)) from error
            raise place_fault(self.shared, error) from error

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}" if self._root else name

    # Reading

    def read(self, name: str) -> bytes | None:
        """All bytes of a small file, or nothing where there is none."""
        # With a start, since without one the size is asked first.
        return self._or_none(lambda: bytes(self._fs.cat_file(self._at(name), start=0)))

    def parts(self, name: str, size_bytes: int) -> Iterator[bytes]:
        """The bytes of a large file, part by part; a part that fails is asked for again.

        Raises:
            FileNotFoundError: there is none, or no more.
        """
        for start in range(0, size_bytes, PART_BYTES):
            end = min(size_bytes, start + PART_BYTES)
            yield self._do(lambda start=start, end=end: self._fs.cat_file(self._at(name), start=start, end=end))  # type: ignore[misc]

    def size(self, name: str) -> int | None:
        """How many bytes a file has, or nothing where there is none."""
        found = self._or_none(lambda: self._info(name))
        return int(found["size"]) if found is not None and found.get("type") == "file" else None

    def _info(self, name: str) -> dict[str, Any]:
        if self._protocol not in _S3:
            return dict(self._fs.info(self._at(name)))
        # `info` would list a folder of that name, too.
        bucket, _, key = self._at(name).partition("/")
        return {"type": "file", "size": self._fs.call_s3("head_object", Bucket=bucket, Key=key)["ContentLength"]}

    def shelf(self, name: str) -> list[Found]:
        """The files of one folder, in order of their names; none where there is no such folder."""
        found = self._or_none(lambda: self._fs.ls(self._at(name), detail=True, **self._anew())) or []
        return sorted(
            (
                Found(
                    f"{name}/{str(e['name']).rstrip('/').rsplit('/', 1)[-1]}", int(e.get("size") or 0), _changed_at(e)
                )
                for e in found
                if e.get("type") == "file"
            ),
            key=lambda f: f.name,
        )

    def _anew(self) -> dict[str, Any]:
        return {"refresh": True} if self._protocol in _S3 else {}

    def _or_none(self, action: Callable[[], T]) -> T | None:
        try:
            return self._do(action)
        except FileNotFoundError:
            return None

    # Writing

    def put(self, name: str, data: bytes, *, if_absent: bool = False) -> None:
        """Put a small file. With `if_absent` one that is there stays, as far as the place can tell.

        Two that put at the same moment may both succeed where a server does not know the demand: the last one stays.
        """
        self._do(lambda: self._put(name, data, if_absent=if_absent))

    def _put(self, name: str, data: bytes, *, if_absent: bool) -> None:
        if self._protocol not in _PUT_WHOLE:
            if not (if_absent and self._fs.exists(self._at(name))):
                self._rename_in(name, lambda temporary: self._fs.pipe_file(temporary, data))
            return
        demand = if_absent and self._protocol in _S3 and self._puts_if_absent
        try:
            self._fs.pipe_file(self._at(name), data, **({"mode": "create"} if demand else {}))
        # What a server says to a demand that it does not know, or does not meet, differs.
        except Exception as error:
            if demand and is_there_already(error):
                return
            if not demand or not is_unknown_demand(error):
                raise
            self._puts_if_absent = False
            self._fs.pipe_file(self._at(name), data)

    def put_pieces(self, name: str, pieces: Callable[[], Iterable[bytes]], size_bytes: int) -> None:
        """Put a large file from pieces, in bounded memory; `pieces` is called again for every try."""
        self._do(lambda: self._put_pieces(name, pieces, size_bytes))

    def _put_pieces(self, name: str, pieces: Callable[[], Iterable[bytes]], size_bytes: int) -> None:
        if self._protocol == "memory":
            self._fs.pipe_file(self._at(name), b"".join(pieces()))
        elif self._protocol in _PUT_WHOLE:
            self._write(self._at(name), pieces(), size_bytes)
        else:
            self._rename_in(name, lambda temporary: self._write(temporary, pieces(), size_bytes))

    def _write(self, path: str, pieces: Iterable[bytes], size_bytes: int) -> None:
        stream = self._fs.open(path, "wb", block_size=max(PART_BYTES, size_bytes // _MOST_PARTS))
        try:
            for piece in pieces:
                stream.write(piece)
        except BaseException:
            with suppress(Exception):
                self._abandon(stream)
            raise
        stream.close()

    def _abandon(self, stream: Any) -> None:
        if self._protocol in _PUT_WHOLE:
            stream.discard()
            stream.closed = True  # closing it would put what there is so far under its name
        else:
            stream.close()

    def _rename_in(self, name: str, write: Callable[[str], None]) -> None:
        temporary, final = self._at(f"tmp/{os.getpid()}-{uuid.uuid4().hex}"), self._at(name)
        try:
            self._fs.makedirs(self._fs._parent(temporary), exist_ok=True)
            write(temporary)
            self._fs.makedirs(self._fs._parent(final), exist_ok=True)
            self._fs.mv(temporary, final)
        except BaseException:
            with suppress(Exception):
                self._fs.rm_file(temporary)
            raise

    def remove(self, name: str) -> None:
        """Remove a file, where there is one."""
        self._or_none(lambda: self._fs.rm_file(self._at(name)))

    def set_aside(self, name: str) -> str:
        """Move a file out of service; gives where it lies now, or an empty string where it had vanished."""
        target = f"quarantine/{name.rsplit('/', 1)[-1]}-{uuid.uuid4().hex[:8]}"
        try:
            if self._is_put_whole():
                self._copy(name, target)
                self.remove(name)
            else:
                self._do(lambda: self._move(name, target))
        except FileNotFoundError:
            return ""
        return f"{self.shared.name.rstrip('/')}/{target}"

    def _is_put_whole(self) -> bool:
        self.greet()
        return self._protocol in _PUT_WHOLE

    def _copy(self, name: str, target: str) -> None:
        """Copy by way of this machine: what a server says of a damaged file is not to be relied on."""
        size = self.size(name)
        if size is None:
            raise FileNotFoundError(name)
        self.put_pieces(target, lambda: self.parts(name, size), size)

    def _move(self, name: str, target: str) -> None:
        self._fs.makedirs(self._fs._parent(self._at(target)), exist_ok=True)
        self._fs.mv(self._at(name), self._at(target))


def _options(protocol: str, shared: Shared) -> dict[str, Any]:
    """What the file system is told: the options of the store, and what makes a server that hangs a fault that passes."""
    options = dict(shared.to_document()["options"])
    if protocol not in _S3:
        return options
    options.setdefault("use_listings_cache", False)
    config = {"connect_timeout": 5, "read_timeout": _ANSWER_S, "retries": {"max_attempts": 0}}
    own = any(os.environ.get(name) for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "FSSPEC_S3_ENDPOINT_URL"))
    if own or options.get("endpoint_url") or (options.get("client_kwargs") or {}).get("endpoint_url"):
        config["s3"] = {"addressing_style": "path"}  # servers of one's own seldom have a host name per bucket
    options["config_kwargs"] = {**config, **(options.get("config_kwargs") or {})}
    return options


def _changed_at(entry: dict[str, Any]) -> float:
    found = entry.get("LastModified") or entry.get("mtime") or entry.get("created")
    if isinstance(found, datetime):
        return found.timestamp()
    return float(found) if isinstance(found, (int, float)) else 0.0
