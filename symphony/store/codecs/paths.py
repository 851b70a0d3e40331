"""Paths as values: kept with their bytes where they lie in the work folder, else remembered as a source.

A source is an anchor, a name relative to it and the digest of what is there: the bytes stay where they are, and the
result counts as kept only as long as they are the same. The digest of a file, kept or not, is the SHA-256 of its bytes.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgpack

from symphony.errors import CodecError, StoreError
from symphony.model.artifact import Artifact
from symphony.model.frozen import FrozenMap
from symphony.store.anchors import Anchors
from symphony.store.codecs.archive import archive, joined, kept_mode
from symphony.store.encoded import SMALL_BYTES, Encoded, read_in_blocks


@dataclass(frozen=True, slots=True)
class Outside:
    """What the store offers for looking at paths.

    Attributes:
        digest_file: the SHA-256 of a file's bytes, through the stat cache.
        digest_folder: the digest of a folder, through the stat cache.
        lent_from: the folder where the store lays out kept files; what lies in it is kept already.
    """

    digest_file: Callable[[Path], str]
    digest_folder: Callable[[Path], str]
    lent_from: Path | None = None


def encode_path(path: Path, type_text: str, anchors: Anchors, outside: Outside, *, by_name: bool = False) -> Encoded:
    """The form of a path: codec ``file`` or ``folder`` where its bytes are kept, else ``source``.

    Args:
        path: the path; a relative one starts at the current folder and comes back absolute.
        type_text: the port type as text.
        anchors: what names are relative to.
        outside: how to look at what lies there.
        by_name: leave the bytes out; the name alone is the value.

    Raises:
        CodecError: something lies there that is neither file nor folder.
        StoreError: it cannot be read.
    """
    plain = Path(os.path.abspath(path))
    lent = outside.lent_from is not None and plain.is_relative_to(outside.lent_from) and plain.exists()
    try:
        if not by_name and (lent or anchors.works_in(plain)):
            return _kept(plain, type_text, outside if lent else None)
        return _source(plain, type_text, anchors, outside, by_name=by_name)
    except OSError as error:
        raise StoreError(f"cannot read {plain}: {error.strerror or error}") from error


def _kept(path: Path, type_text: str, lender: Outside | None) -> Encoded:
    """A path with its bytes. Only what the store itself laid out is worth a row of the stat cache."""
    if not path.exists():
        raise CodecError(f"codec file cannot keep {path}: there is nothing; write the file before returning its path")
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        return _kept_folder(path, type_text)
    if not stat.S_ISREG(status.st_mode):
        raise CodecError(f"codec file cannot keep {path}: it is neither a file nor a folder")
    meta = FrozenMap({"name": path.name, "mode": kept_mode(status.st_mode)})
    if status.st_size <= SMALL_BYTES:
        data = path.read_bytes()
        return Encoded(Artifact(hashlib.sha256(data).hexdigest(), "file", type_text, len(data), meta), data)
    size = status.st_size
    if lender is not None:
        digest = lender.digest_file(path)
    else:
        digest, size = digest_of_pieces(read_in_blocks(str(path)))
    artifact = Artifact(digest, "file", type_text, size, meta)
    return Encoded(artifact, chunks=lambda: read_in_blocks(str(path)))


def _kept_folder(path: Path, type_text: str) -> Encoded:
    meta: FrozenMap[str, object] = FrozenMap({"name": path.name, "mode": 0o755})
    small = joined(archive(path), SMALL_BYTES)
    if small is not None:
        return Encoded(Artifact(hashlib.sha256(small).hexdigest(), "folder", type_text, len(small), meta), small)
    digest, size = digest_of_pieces(archive(path))
    return Encoded(Artifact(digest, "folder", type_text, size, meta), chunks=lambda: archive(path))


def digest_of_pieces(pieces: Iterable[bytes]) -> tuple[str, int]:
    """SHA-256 and size of bytes that come in pieces."""
    hasher, size = hashlib.sha256(), 0
    for piece in pieces:
        hasher.update(piece)
        size += len(piece)
    return hasher.hexdigest(), size


def _source(path: Path, type_text: str, anchors: Anchors, outside: Outside, *, by_name: bool) -> Encoded:
    anchor, name = anchors.name_of(path)
    kind = "name" if by_name else kind_of(path)
    size = path.stat().st_size if kind == "file" else 0
    meta: FrozenMap[str, object] = FrozenMap({"kind": kind, "anchor": anchor, "name": name})
    return Encoded(Artifact(digest_of_place(path, kind, anchor, name, outside), "source", type_text, size, meta))


def kind_of(path: Path) -> str:
    """What lies at a path: ``file``, ``folder`` or ``absent``.

    Raises:
        CodecError: something else does.
    """
    if path.is_file():
        return "file"
    if path.is_dir():
        return "folder"
    if path.exists():
        raise CodecError(f"codec source cannot digest {path}: it is neither a file nor a folder")
    return "absent"


def digest_of_place(path: Path, kind: str, anchor: str, name: str, outside: Outside) -> str:
    """The digest of what lies at a path; of its name alone where nothing does or only the name counts."""
    if kind == "file":
        return outside.digest_file(path)
    if kind == "folder":
        return outside.digest_folder(path)
    return hashlib.sha256(msgpack.packb([kind, anchor, name])).hexdigest()


def still_there(artifact: Artifact, anchors: Anchors, outside: Outside) -> bool:
    """Whether what lies at a source is what it was."""
    kind, anchor, name = (str(artifact.meta.get(k)) for k in ("kind", "anchor", "name"))
    if kind == "name":
        return True
    try:
        path = anchors.path_of(anchor, name)
        return kind_of(path) == kind and digest_of_place(path, kind, anchor, name, outside) == artifact.digest
    except (OSError, StoreError, CodecError):
        return False


def source_path(artifact: Artifact, anchors: Anchors) -> Path:
    """Where a source lies on this machine."""
    return anchors.path_of(str(artifact.meta.get("anchor")), str(artifact.meta.get("name")))


def pack_reference(artifact: Artifact) -> bytes:
    """A reference to a path inside a value. The type is left out: it is no part of the value."""
    meta = dict(sorted(artifact.meta.items()))
    return bytes(msgpack.packb([artifact.codec, bytes.fromhex(artifact.digest), artifact.size_bytes, meta]))


def unpack_reference(data: bytes) -> Artifact:
    """The reference that `pack_reference` wrote."""
    codec, digest, size, meta = msgpack.unpackb(data)
    known: dict[str, Any] = meta
    return Artifact(digest.hex(), codec, "path", size, FrozenMap(known))
