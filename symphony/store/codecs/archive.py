"""Folders as one stream of bytes: a tar archive in canonical form, so that equal folders give equal bytes.

Names are sorted, owners and times left out, of a file's mode only the executable bit is kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from symphony.errors import CodecError
from symphony.store.encoded import read_in_blocks

FILE_MODE, EXECUTABLE_MODE = 0o644, 0o755
_BLOCK = 512


def kept_mode(mode: int) -> int:
    """What is kept of a file's mode: whether its owner may execute it."""
    return EXECUTABLE_MODE if mode & 0o100 else FILE_MODE


def entries(folder: str, *, leave_out: frozenset[str] = frozenset()) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Everything below `folder`, sorted by relative POSIX name; folders come before what is in them.

    Args:
        folder: the folder.
        leave_out: names of folders that are passed over wherever they are.
    """
    for entry in _sorted(folder):
        is_folder = entry.is_dir(follow_symlinks=False)
        if is_folder and entry.name in leave_out:
            continue
        yield entry.name, entry
        if is_folder:
            for name, below in entries(entry.path, leave_out=leave_out):
                yield f"{entry.name}/{name}", below


def _sorted(folder: str) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as found:
        return sorted(found, key=lambda entry: os.fsencode(entry.name))


def archive(folder: Path) -> Iterator[bytes]:
    """The archive of `folder`, piece by piece.

    Raises:
        CodecError: it holds what cannot be kept: a link that leads out of it, a socket, a device.
    """
    import tarfile  # 10 ms, and most runs keep no folder

    for name, entry in entries(str(folder)):
        info = tarfile.TarInfo(name)
        info.mode = EXECUTABLE_MODE
        if entry.is_symlink():
            info.type, info.linkname = tarfile.SYMTYPE, _inner_link(folder, name, os.readlink(entry.path))
        elif entry.is_dir():
            info.type = tarfile.DIRTYPE
        elif entry.is_file():
            status = entry.stat()
            info.size, info.mode = status.st_size, kept_mode(status.st_mode)
        else:
            raise CodecError(f"codec folder cannot keep {folder / name}: it is neither file, folder nor link")
        yield info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
        if info.size:
            yield from _padded(entry.path, info.size)
    yield b"\0" * (2 * _BLOCK)


def _padded(path: str, size: int) -> Iterator[bytes]:
    written = 0
    for block in read_in_blocks(path):
        written += len(block)
        yield block
    if written != size:
        raise CodecError(f"codec folder cannot keep {path}: it changed while it was read")
    yield b"\0" * (-size % _BLOCK)


def _inner_link(folder: Path, name: str, target: str) -> str:
    above = os.path.normpath(os.path.join(os.path.dirname(name), target))
    if os.path.isabs(target) or above == ".." or above.startswith("../"):
        raise CodecError(
            f"codec folder cannot keep {folder / name}: the link leads to {target}, out of the folder; "
            "copy the file instead, or use a relative link inside the folder"
        )
    return target


def extract(stream: BinaryIO, folder: Path) -> None:
    """Write the content of an archive below `folder`, read-only. Nothing is ever written outside of it.

    Raises:
        CodecError: the bytes are no archive, or an entry leads out of the folder.
    """
    import tarfile  # 10 ms, and most runs keep no folder

    try:
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            tar.extractall(folder, filter="data")
    except (tarfile.TarError, EOFError) as error:
        raise CodecError(f"codec folder cannot read the archive: {error}") from error
    make_read_only(folder)


def make_read_only(folder: Path) -> None:
    """Take the right to write from everything below `folder` and from itself."""
    below = [entry.path for _, entry in entries(str(folder)) if not entry.is_symlink()]
    for path in (*reversed(below), str(folder)):
        os.chmod(path, os.stat(path).st_mode & 0o555)


def joined(pieces: Iterable[bytes], limit_bytes: int) -> bytes | None:
    """All pieces in one, or nothing where they are more than `limit_bytes`."""
    whole = bytearray()
    for piece in pieces:
        whole += piece
        if len(whole) > limit_bytes:
            return None
    return bytes(whole)
