"""Kept values laid out as files and folders, for players and people that want a path."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import BinaryIO

from symphony.errors import DamagedArtifactError
from symphony.model.artifact import Artifact
from symphony.store.codecs.archive import archive, extract
from symphony.store.codecs.paths import digest_of_pieces
from symphony.store.faults import file_fault

_ENDINGS = {
    "text/html": ".html", "text/markdown": ".md", "text/csv": ".csv", "text/css": ".css", "application/json": ".json",
    "image/png": ".png", "image/jpeg": ".jpg", "image/svg+xml": ".svg", "application/pdf": ".pdf",
}  # fmt: skip
_PLAIN_ENDINGS = {"text": ".txt", "bytes": ".bin", "msgpack": ".msgpack", "arrow": ".arrow", "pandas": ".arrow"}

Opened = Callable[[Artifact], AbstractContextManager[BinaryIO]]


class Files:
    """Lays out kept values below one folder. They are read-only, and are laid out anew where somebody changed them.

    Attributes:
        folder: the folder; made on first use.
    """

    def __init__(self, folder: Path | None, digest_file: Callable[[Path], str]) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="symphony-") if folder is None else None
        self.folder = folder if folder is not None else Path(self._temporary.name if self._temporary else "")
        self._digest_file = digest_file
        self._checked: set[Path] = set()

    def path(self, artifact: Artifact, opened: Opened) -> Path:
        """The path of an artifact's bytes, of the folder for codec ``folder``.

        Args:
            artifact: what to lay out.
            opened: opens the verified bytes.

        Raises:
            StoreError: it cannot be written.
        """
        mode = artifact.meta.get("mode", 0o644)
        program = artifact.codec == "file" and isinstance(mode, int) and bool(mode & 0o100)
        shelf = self.folder / artifact.digest[:2] / (artifact.digest + (".x" if program else ""))
        path = shelf / _name(artifact)
        try:
            if not self._is_whole(path, artifact):
                self._lay_out(path, artifact, opened, program=program)
        except OSError as error:
            raise file_fault(path, error, needed_bytes=artifact.size_bytes) from error
        self._checked.add(path)
        return path

    def _is_whole(self, path: Path, artifact: Artifact) -> bool:
        if artifact.codec == "folder":
            # Read once per process; later the read-only modes are trusted.
            return path.is_dir() and (path in self._checked or digest_of_pieces(archive(path))[0] == artifact.digest)
        return path.is_file() and self._digest_file(path) == artifact.digest

    def _lay_out(self, path: Path, artifact: Artifact, opened: Opened, *, program: bool) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.parent.parent / f".{os.getpid()}-{uuid.uuid4().hex[:12]}"
        try:
            with opened(artifact) as stream:
                if artifact.codec == "folder":
                    temporary.mkdir()
                    extract(stream, temporary)
                    temporary.chmod(0o755)
                else:
                    _copy(stream, temporary, artifact.digest)
                    temporary.chmod(0o555 if program else 0o444)
            self._place(temporary, path, artifact)
        finally:
            discard(temporary)

    def _place(self, temporary: Path, path: Path, artifact: Artifact) -> None:
        if artifact.codec != "folder":
            if path.is_dir():
                discard(path)
            os.replace(temporary, path)
            return
        if path.exists() or path.is_symlink():
            # Changed by somebody, or laid out by another process since we looked; theirs is in use then.
            if self._is_whole(path, artifact):
                return
            discard(path)
        with suppress(FileExistsError):
            os.rename(temporary, path)
        path.chmod(0o555)

    def close(self) -> None:
        """Remove the folder where it is a temporary one."""
        if self._temporary is not None:
            for below in (p for p in self.folder.rglob("*") if p.is_dir() and not p.is_symlink()):
                below.chmod(0o755)
            self._temporary.cleanup()


def _name(artifact: Artifact) -> str:
    name = str(artifact.meta.get("name") or "")
    # A name from a strange store must not lead out of the folder.
    if name and name not in (".", "..") and "/" not in name and "\0" not in name:
        return name
    return "value" + (_ENDINGS.get(artifact.type) or _PLAIN_ENDINGS.get(artifact.codec, ""))


def _copy(stream: BinaryIO, target: Path, digest: str) -> None:
    hasher = hashlib.sha256()
    with open(target, "xb") as copy:
        for block in _blocks(stream):
            hasher.update(block)
            copy.write(block)
    if hasher.hexdigest() != digest:
        raise DamagedArtifactError(digest, f"the bytes of {digest[:12]} changed while they were laid out at {target}")


def _blocks(stream: BinaryIO) -> Iterable[bytes]:
    while block := stream.read(1 << 20):
        yield block


def discard(path: Path) -> None:
    """Remove a file or folder that is laid out, read-only or not. Does nothing where there is none."""
    if path.is_dir() and not path.is_symlink():
        path.chmod(0o755)
        for folder, _, _ in os.walk(path):
            os.chmod(folder, 0o755)
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
