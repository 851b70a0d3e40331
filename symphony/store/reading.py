"""Bytes of artifacts, verified on every read: what does not match its digest is quarantined and never served."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from symphony.errors import DamagedArtifactError
from symphony.model.artifact import Artifact
from symphony.store.catalog import Catalog
from symphony.store.committer import Committer
from symphony.store.encoded import SMALL_BYTES
from symphony.store.faults import file_fault
from symphony.store.objects import Objects
from symphony.store.shared_side import SharedSide

_ANOTHER = "the bytes have another digest"


class VerifiedReader:
    """Reads small values from the batch that waits or from the catalog, large ones from the objects.

    Attributes:
        shared: the shared side, which is asked for what is missing or damaged here; or nothing.
        adopt: takes an artifact that came from there: the reference, and the bytes where they are small.
    """

    def __init__(self, folder: Path | None, catalog: Catalog, objects: Objects, committer: Committer) -> None:
        self._folder, self._catalog, self._objects, self._committer = folder, catalog, objects, committer
        self.shared: SharedSide | None = None
        self.adopt: Callable[[Artifact, bytes | None], None] = lambda artifact, data: None

    def read_bytes(self, artifact: Artifact) -> bytes:
        """All bytes of an artifact.

        Raises:
            DamagedArtifactError: they are not what the digest names, or are gone.
        """
        if artifact.size_bytes > SMALL_BYTES:
            with self.open_stream(artifact) as stream:
                return stream.read()
        try:
            return self.local_bytes(artifact)
        except DamagedArtifactError:
            data = self.shared.read_bytes(artifact) if self.shared is not None else None
            if data is None:
                raise
        self.adopt(artifact, data)
        return data

    def local_bytes(self, artifact: Artifact) -> bytes:
        """All bytes of a small artifact, from the local side alone."""
        waiting = self._committer.waiting(artifact)
        data = waiting.data if waiting is not None else self._row_bytes(artifact)
        if data is None:
            raise self._missing(artifact)
        if hashlib.sha256(data).hexdigest() != artifact.digest:
            raise self._damaged_row(artifact, data)
        return data

    def _row_bytes(self, artifact: Artifact) -> bytes | None:
        for _ in range(2):
            row = self._catalog.find(artifact.digest, artifact.codec)
            data = self._catalog.data(row) if row is not None else None
            if data is not None:
                return data
            # Another process may have written it since the tables were read, or moved it between the two looks.
            self._catalog.drop_cache()
        return None

    def open_stream(self, artifact: Artifact) -> BinaryIO:
        """The bytes of an artifact as a stream that was read through once and stands at its beginning."""
        if artifact.size_bytes <= SMALL_BYTES:
            return io.BytesIO(self.read_bytes(artifact))
        try:
            return self.open_local(artifact)
        except DamagedArtifactError:
            if self.shared is None or not self.shared.download(artifact, self._objects):
                raise
        self.adopt(artifact, None)
        return self._objects.open(artifact.digest)  # verified on its way

    def open_local(self, artifact: Artifact) -> BinaryIO:
        """`open_stream`, from the local side alone."""
        if artifact.size_bytes <= SMALL_BYTES:
            return io.BytesIO(self.local_bytes(artifact))
        try:
            stream = self._objects.open(artifact.digest)
        except FileNotFoundError:
            raise self._missing(artifact) from None
        except OSError as error:
            raise self._damaged_object(artifact, error.strerror or str(error)) from error
        reason = _reason_against(stream, artifact.digest)
        if reason:
            stream.close()
            raise self._damaged_object(artifact, reason)
        return stream

    def _missing(self, artifact: Artifact) -> DamagedArtifactError:
        where = self._folder or "this store"
        return DamagedArtifactError(
            artifact.digest, f"the artifact {artifact.digest} is not in {where}; run again what made it"
        )

    def _damaged_object(self, artifact: Artifact, reason: str) -> DamagedArtifactError:
        try:
            where = self._objects.quarantine(artifact.digest)
        except OSError as error:
            raise file_fault(self._folder or Path(), error) from error
        return _damaged(artifact, reason, where)

    def _damaged_row(self, artifact: Artifact, data: bytes) -> DamagedArtifactError:
        where = ""
        if self._folder is not None:
            target = self._folder / "quarantine" / artifact.digest
            try:
                target.parent.mkdir(exist_ok=True)
                target.write_bytes(data)
            except OSError as error:
                raise file_fault(target, error) from error
            where = str(target)
        self._catalog.forget(artifact.digest)
        return _damaged(artifact, _ANOTHER, where)


def _reason_against(stream: BinaryIO, digest: str) -> str:
    """Why the bytes of a stream are not those of the digest; nothing where they are."""
    hasher = hashlib.sha256()
    try:
        while block := stream.read(1 << 20):
            hasher.update(block)
        stream.seek(0)
    except OSError as error:
        return error.strerror or str(error)
    return "" if hasher.hexdigest() == digest else _ANOTHER


def _damaged(artifact: Artifact, reason: str, where: str) -> DamagedArtifactError:
    moved = f"; it was moved to {where}" if where else ""
    return DamagedArtifactError(
        artifact.digest, f"the artifact {artifact.digest} is damaged: {reason}{moved}. Run again what made it"
    )
