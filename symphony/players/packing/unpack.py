"""Lists and unpacks archives so that nothing is written outside, linked elsewhere, or larger than allowed."""

from __future__ import annotations

import stat
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple

_CHUNK = 1 << 20


class Entry(NamedTuple):
    """One entry. `kind` is file, folder, link or other; `open` gives its bytes."""

    name: str
    size: int
    kind: str
    executable: bool
    open: Any


@contextmanager
def entries(archive: Path) -> Iterator[Iterator[Entry]]:
    """Read the entries of a zip or tar archive (plain, gzip, bzip2, xz), found out from its bytes.

    Raises:
        ValueError: it is neither, or is damaged.
    """
    if zipfile.is_zipfile(archive):
        try:
            with zipfile.ZipFile(archive) as opened:
                yield (_of_zip(opened, i) for i in opened.infolist())
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
            raise ValueError(f"{archive.name} cannot be unpacked: {error}") from error
        return
    try:
        with tarfile.open(archive, "r:*") as opened_tar:
            yield (_of_tar(opened_tar, i) for i in opened_tar)
    except (tarfile.TarError, EOFError, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise ValueError(f"{archive.name} is no zip or tar archive, or is damaged: {error}") from error


def _of_zip(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Entry:
    mode = info.external_attr >> 16
    kind = "folder" if info.is_dir() else "link" if stat.S_ISLNK(mode) else "file"
    return Entry(info.filename, info.file_size, kind, bool(mode & 0o100), lambda: archive.open(info))


def _of_tar(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Entry:
    kind = "file" if info.isreg() else "folder" if info.isdir() else "link" if info.issym() or info.islnk() else "other"
    return Entry(info.name, info.size, kind, bool(info.mode & 0o100), lambda: archive.extractfile(info))


def problem_with(entry: Entry) -> str | None:
    """Say why an entry may not be unpacked, or return None when it may."""
    name = entry.name.replace("\\", "/")
    parts = PurePosixPath(name).parts
    if not name or "\0" in name:
        return "has no usable name"
    if name.startswith("/") or (len(name) > 1 and name[1] == ":"):
        return "starts at the root of the disk"
    if ".." in parts:
        return "leads out of the folder by '..'"
    if entry.kind in ("link", "other"):
        return f"is a {entry.kind if entry.kind == 'link' else 'device or pipe'}"
    return None


def unpack(archive: Path, target: Path, *, max_bytes: int, max_files: int) -> int:
    """Unpack into `target`, and give the number of files. Sizes are counted while reading, not believed.

    Raises:
        ValueError: an entry may not be unpacked, two have the same name, or there is more than allowed.
    """
    left, count = max_bytes, 0
    with entries(archive) as found:
        for entry in found:
            problem = problem_with(entry)
            if problem:
                raise ValueError(
                    f"{archive.name}: the entry {entry.name!r} {problem}. Nothing of such an archive is trusted"
                )
            count += 1
            if count > max_files:
                raise ValueError(f"{archive.name} has more than {max_files} entries. Raise max_files if that is meant")
            path = target / PurePosixPath(entry.name.replace("\\", "/"))
            if entry.kind == "folder":
                path.mkdir(parents=True, exist_ok=True)
                continue
            left -= _write(
                entry,
                path,
                left,
                f"{archive.name} unpacks to more than {max_bytes} bytes. Raise max_bytes if that is meant",
            )
    return count


def _write(entry: Entry, path: Path, left: int, too_large: str) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        raise ValueError(f"the archive holds {entry.name!r} twice")
    written = 0
    source: IO[bytes]
    with entry.open() as source, path.open("xb") as out:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if written > left:
                raise ValueError(too_large)
            out.write(chunk)
    path.chmod(0o755 if entry.executable else 0o644)
    return written
