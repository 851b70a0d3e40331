"""Parcels: how values travel between the engine and its workers, in the forms in which the store keeps them.

Small values lie in the message itself, larger ones in a file that both sides see, so that they never pass a socket:
results in the objects of the store, where they are at their place already, everything else in a spool folder. Nothing
is pickled unless a player says so.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from symphony.errors import CodecError, DamagedArtifactError
from symphony.model.artifact import Artifact
from symphony.model.frozen import EMPTY, FrozenMap
from symphony.model.port_type import ANY, PortType
from symphony.store.anchors import Anchors
from symphony.store.codecs import arrays
from symphony.store.codecs.choice import decode_bytes, encode_value
from symphony.store.codecs.paths import Outside, source_path, unpack_reference
from symphony.store.codecs.plain import PATH, Reader
from symphony.store.encoded import SMALL_BYTES, Encoded, read_in_blocks
from symphony.store.faults import file_fault
from symphony.store.objects import LocalObjects
from symphony.store.stat_cache import StatCache
from symphony.store.store import Store

ABSOLUTE = Anchors(Path("/\0"))
"""Anchors below which nothing lies: every path is named by its absolute name."""
_MAPPED = frozenset({"ndarray", "arrow", "pandas"})
"""Codecs whose values are views of their bytes."""
_ROOMY_BYTES = 1 << 30
"""Containers often have a place in memory that is far smaller than the values of their programs."""
_PATH = re.compile(rb"(?:[\xd4-\xd8]|\xc7.|\xc8..|\xc9....)" + re.escape(bytes([PATH])), re.DOTALL)
"""Where msgpack data may hold a path. Without a match it holds none."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A value under way.

    Attributes:
        artifact: the reference it has, or will have, in a store.
        data: its bytes, where they are small.
        at: the name of its file in the spool; nothing for an object of the store, and where `data` is there.
        inner: files and folders that lay in the work folder and that the value refers to.
        refers: whether the value refers to files, folders or sources at all.
    """

    artifact: Artifact
    data: bytes | None = None
    at: str = ""
    inner: tuple[Parcel, ...] = ()
    refers: bool = False

    def to_wire(self) -> list[Any]:
        """The parcel as plain data."""
        a = self.artifact
        meta = dict(a.meta) if a.meta else None
        inner = [p.to_wire() for p in self.inner] if self.inner else None
        return [a.digest, a.codec, a.type, a.size_bytes, meta, self.data, self.at, inner, self.refers]

    @classmethod
    def from_wire(cls, wire: Sequence[Any]) -> Parcel:
        """Read what `to_wire` wrote."""
        digest, codec, type_text, size, meta, data, at, inner, refers = wire
        artifact = Artifact(digest, codec, type_text, size, FrozenMap(meta) if meta else EMPTY)
        return cls(artifact, data, at, tuple(map(cls.from_wire, inner)) if inner else (), refers)

    @property
    def holds_files(self) -> bool:
        """Whether it brings files or folders: they must be kept in a store before they can be used."""
        return any(p.artifact.codec in ("file", "folder") for p in self.every())

    def every(self) -> Iterable[Parcel]:
        """The parcels inside, then this one."""
        yield from self.inner
        yield self


class ParcelStore:
    """What a task call needs of a store, without a database: it encodes, puts and gets. For one thread at a time.

    Args:
        spool: the folder for large values that belong to no store.
        shared: the folder of the store, where there is one; large results become its objects.
        power: whether objects must survive a lost power supply.
    """

    def __init__(self, spool: Path, shared: Path | None = None, *, power: bool = False) -> None:
        self.spool, self.shared = spool, shared
        self._objects = _SharedObjects(shared, power=power) if shared is not None else None
        stats = StatCache(lambda name: None, lambda row: None)
        self._outside = Outside(
            stats.digest_file, stats.digest_folder, shared / "files" if shared is not None else None
        )
        self._verified: set[tuple[str, int, int]] = set()
        self._put: dict[tuple[str, str], Parcel] = {}

    # the part that task calls use -----------------------------------------------------------------------------------

    def encode(
        self, value: Any, *, type: PortType = ANY, codec: str | None = None, anchors: Anchors | None = None,
        by_name: bool = False,
    ) -> Encoded:  # fmt: skip
        """The form in which a value is kept, as `Store.encode` gives it.

        Large bytes and arrays are written here already, while their digest is taken: so they are neither copied nor read
        twice. Not so with `by_name`, which is for looking only.
        """
        pieces = None if by_name else _large_pieces(value, codec)
        if pieces is None:
            return encode_value(value, _text(type), codec, anchors or ABSOLUTE, self._outside, by_name=by_name)
        parcel = self._large(pieces, type, None, self._objects)
        self._put[parcel.artifact.digest, parcel.artifact.codec] = parcel
        return Encoded(parcel.artifact)

    def place(self, encoded: Encoded) -> list[Encoded]:
        """Make a parcel of an encoded result; `taken` gives it out. There is nothing that a database should take."""
        artifact = encoded.artifact
        written = encoded.data is None and encoded.chunks is None and artifact.codec != "source"
        if not written:
            self._put[artifact.digest, artifact.codec] = self._of(encoded, self._objects)
        return []

    def record(self, *_: Any, **__: Any) -> None:
        """Do nothing: a worker has no journal, the engine records what comes back."""

    def put(
        self, value: Any, *, type: PortType = ANY, codec: str | None = None, anchors: Anchors | None = None
    ) -> Artifact:
        """Make a parcel of a result. Files in the work folder are taken with their bytes."""
        encoded = self.encode(value, type=type, codec=codec, anchors=anchors)
        self.place(encoded)
        return encoded.artifact

    def get(self, artifact: Artifact, *, anchors: Anchors | None = None) -> Any:
        """The value of an artifact whose parcel was put here.

        Raises:
            KeyError: it was not.
        """
        return self.unpack(self._put[artifact.digest, artifact.codec], anchors=anchors)

    def taken(self, artifact: Artifact) -> Parcel:
        """The parcel of what was put, of the type it was put under."""
        found = self._put[artifact.digest, artifact.codec]
        return found if found.artifact is artifact else replace(found, artifact=artifact)

    def forget(self) -> None:
        """Forget everything that was put; the files stay."""
        self._put.clear()

    # packing --------------------------------------------------------------------------------------------------------

    def pack(self, value: Any, *, type: PortType = ANY, codec: str | None = None) -> Parcel:
        """A parcel of a value in memory. Paths travel by their absolute name; nothing that lies there is read.

        The parcel can be sent any number of times, until it is released. It is for workers, not for a store: large bytes
        and arrays have no digest in it.

        Raises:
            CodecError: the value could not come back equal.
            StoreError: the spool cannot be written.
        """
        pieces = _large_pieces(value, codec)
        if pieces is not None:
            return self._large(pieces, type, "", None)  # nobody asks for the digest, and it costs more than the way
        return self._of(self.encode(value, type=type, codec=codec, by_name=True), None)

    def pack_artifact(self, store: Store, artifact: Artifact, *, anchors: Anchors | None = None) -> Parcel:
        """A parcel of what a store keeps; the store must be the one whose folder is shared, or be in memory.

        Raises:
            DamagedArtifactError: the bytes are not what the digest names, or are gone.
            StoreError: a source has changed.
        """
        if artifact.codec == "pickle":
            return self.pack(store.get(artifact), codec="pickle")  # the store alone can tell whether it may be read
        if artifact.codec in ("file", "folder", "source", "list"):
            return self.pack(store.get(artifact, anchors=anchors))
        is_object = artifact.size_bytes > SMALL_BYTES
        shared = is_object and self._objects is not None and self._objects.has(artifact.digest, artifact.size_bytes)
        if shared and artifact.codec != "msgpack":
            return Parcel(artifact)
        data = store.read_bytes(artifact)
        if artifact.codec == "msgpack" and _PATH.search(data):
            return self.pack(store.get(artifact, anchors=anchors))
        if shared:
            return Parcel(artifact)
        return self._spooled(artifact, (data,)) if is_object else Parcel(artifact, data)

    def _large(
        self, pieces: tuple[str, Sequence[Any]], type: PortType, digest: str | None, into: _SharedObjects | None
    ) -> Parcel:  # fmt: skip
        found, size, at = self._write(pieces[1], digest, into)
        return Parcel(Artifact(found, pieces[0], _text(type), size), at=at)

    def _of(self, encoded: Encoded, into: _SharedObjects | None) -> Parcel:
        inner = tuple(self._of(e, into) for e in encoded.nested)
        artifact = encoded.artifact
        if artifact.codec == "source":
            return Parcel(artifact)
        if artifact.size_bytes <= SMALL_BYTES and encoded.data is not None:
            return Parcel(artifact, encoded.data, inner=inner, refers=encoded.refers)
        if encoded.data is not None:
            at = self._write((encoded.data,), artifact.digest, into)[2]
            return Parcel(artifact, at=at, inner=inner, refers=encoded.refers)
        assert encoded.chunks is not None
        if into is not None:
            into.write(artifact.digest, encoded.chunks(), artifact.size_bytes)  # checks that the file did not change
            return Parcel(artifact, inner=inner)
        return self._spooled(artifact, encoded.chunks())

    def _write(self, pieces: Iterable[Any], digest: str | None, into: _SharedObjects | None) -> tuple[str, int, str]:
        if into is not None:
            return (*into.place(pieces, digest), "")
        name = uuid.uuid4().hex
        path = self.spool / name
        try:
            found, size = _write_new(path, pieces, digest)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise file_fault(path, error, needed_bytes=_size_of(pieces)) from error
        return found, size, name

    def _spooled(self, artifact: Artifact, pieces: Iterable[bytes]) -> Parcel:
        return Parcel(artifact, at=self._write(pieces, artifact.digest, None)[2])

    # unpacking ------------------------------------------------------------------------------------------------------

    def unpack(self, parcel: Parcel, *, anchors: Anchors | None = None) -> Any:
        """The value. Arrays and tables are views of the file, not copies, and cannot be written to.

        Raises:
            DamagedArtifactError: the bytes are not what the digest names, or are gone.
            CodecError: the value is of a class that cannot be found, or brings files: `keep` it, and ask the store.
        """
        artifact = parcel.artifact
        if parcel.holds_files:
            raise CodecError("a value that brings files can be used once it is kept in a store")
        if artifact.codec == "source":
            return source_path(artifact, anchors or ABSOLUTE)
        data = parcel.data if parcel.data is not None else self._bytes(parcel)
        return decode_bytes(
            artifact.codec, data, Reader(lambda d: source_path(unpack_reference(d), anchors or ABSOLUTE))
        )

    def _bytes(self, parcel: Parcel) -> Any:
        """The bytes of a file, mapped where the codec only looks at them."""
        artifact, path = parcel.artifact, self.path(parcel)
        try:
            with open(path, "rb", buffering=0) as stream:
                status = os.fstat(stream.fileno())
                mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
                if not parcel.at:
                    self._verify(parcel, status, mapped)
                if artifact.codec in _MAPPED:
                    return mapped
                with mapped:
                    return mapped[:]
        except (OSError, ValueError) as error:  # ValueError: an empty file cannot be mapped
            raise self._damaged(parcel, f"they are gone ({error})") from error

    def _verify(self, parcel: Parcel, status: os.stat_result, mapped: mmap.mmap) -> None:
        """Objects of a store are verified, once as long as the file is the same; the spool is nobody else's."""
        digest = parcel.artifact.digest
        known = (digest, status.st_ino, status.st_mtime_ns)
        if known in self._verified:
            return
        if hashlib.sha256(mapped).hexdigest() != digest:
            raise self._damaged(parcel, "the bytes have another digest")
        self._verified.add(known)

    def _damaged(self, parcel: Parcel, reason: str) -> DamagedArtifactError:
        """The error for a damaged file; an object is set aside, so that what made it runs again."""
        digest, moved = parcel.artifact.digest, ""
        if not parcel.at and self._objects is not None:
            with contextlib.suppress(OSError):
                moved = self._objects.quarantine(digest)
        where = f"; it was moved to {moved}" if moved else ""
        return DamagedArtifactError(
            digest, f"the artifact {digest} is damaged: {reason}{where}. Run again what made it"
        )

    def path(self, parcel: Parcel) -> Path:
        """The file of a parcel without `data`."""
        if parcel.at:
            return self.spool / os.path.basename(parcel.at)
        assert self._objects is not None, "only a store has objects"
        return self._objects.path(parcel.artifact.digest)

    def release(self, parcel: Parcel) -> None:
        """Remove what a parcel has in the spool. Values that were unpacked from it stay whole."""
        for part in parcel.every():
            if part.at:
                self.path(part).unlink(missing_ok=True)

    def forms(self, parcel: Parcel) -> Iterator[Encoded]:
        """What a store is to take of a parcel, in order: the forms that `Store.keep` accepts."""
        for part in parcel.every():
            yield Encoded(part.artifact, part.data, chunks=self._reader_of(part), refers=part.refers)

    def keep(self, store: Store, parcel: Parcel) -> Artifact:
        """Keep a result in a store; what is an object of it already is only noted. Then release the parcel.

        Raises:
            StoreError: it cannot be written.
        """
        for form in self.forms(parcel):
            store.keep(form)
        self.release(parcel)
        return parcel.artifact

    def _reader_of(self, part: Parcel) -> Callable[[], Iterable[bytes]] | None:
        if part.data is not None or part.artifact.codec == "source":
            return None
        path = str(self.path(part))
        return lambda: read_in_blocks(path)


class _SharedObjects(LocalObjects):
    """The objects of a store, written in one pass: a digest that is not known yet is taken on the way."""

    def place(self, pieces: Iterable[Any], digest: str | None) -> tuple[str, int]:
        """Keep bytes; gives digest and size.

        Raises:
            StoreError: they cannot be written.
        """
        temporary = self._temporary()
        try:
            found, size = _write_new(temporary, pieces, digest, sync=self._power)
            if not self.claim(found, size):
                self._place(temporary, self.path(found))
            return found, size
        except OSError as error:
            raise file_fault(temporary, error, needed_bytes=_size_of(pieces)) from error
        finally:
            temporary.unlink(missing_ok=True)


def _size_of(pieces: Iterable[Any]) -> int | None:
    """How many bytes the pieces are, where they are all there."""
    return sum(memoryview(piece).nbytes for piece in pieces) if isinstance(pieces, (tuple, list)) else None


def _write_new(path: Path, pieces: Iterable[Any], digest: str | None, *, sync: bool = False) -> tuple[str, int]:
    """Write a new read-only file; gives the digest, taken here unless it is known, and the size."""
    hasher, size = (hashlib.sha256() if digest is None else None), 0
    with open(path, "xb", buffering=0) as stream:
        for piece in pieces:
            view = memoryview(piece)
            size += view.nbytes
            if hasher is not None:
                hasher.update(view)
            while view:
                view = view[stream.write(view) :]
        if sync:
            os.fsync(stream.fileno())
        os.fchmod(stream.fileno(), 0o444)
    return (digest if hasher is None else hasher.hexdigest()) or "", size


def _text(type: PortType) -> str:
    return type.name if not type.args else str(type)


def _large_pieces(value: Any, codec: str | None) -> tuple[str, Sequence[Any]] | None:
    """The stored bytes of a large array or of large bytes without a copy of them; nothing for everything else."""
    if type(value) is bytes and codec in (None, "bytes"):
        return ("bytes", (value,)) if len(value) > SMALL_BYTES else None
    if codec not in (None, "ndarray") or not arrays.is_array(value):
        return None
    if value.nbytes <= SMALL_BYTES or not value.flags.c_contiguous or value.dtype.hasobject:
        return None
    return "ndarray", (arrays.write(_HeaderOf(value.dtype, value.shape)), value.reshape(-1).view("u1").data)


@dataclass(frozen=True, slots=True)
class _HeaderOf:
    """An array as the codec sees it, without elements: what is written of it is the header alone."""

    dtype: Any
    shape: tuple[int, ...]

    def tobytes(self, order: str) -> bytes:
        return b""


def make_spool() -> Path:
    """A new private folder for large values: in memory where the machine has much of it, else among temporary files."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free >= _ROOMY_BYTES
    return Path(tempfile.mkdtemp(prefix="symphony-", dir=memory if roomy else None))


def remove_spool(spool: Path) -> None:
    """Remove the folder with everything in it."""
    shutil.rmtree(spool, ignore_errors=True)
