"""Packs files so that the same files give the same bytes: names in order, no times, no owners."""

from __future__ import annotations

import gzip
import itertools
import os
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from symphony.players.reading.glob import EVERYTHING
from symphony.players.reading.walk import walk

_FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip archive can hold


def members(paths: Sequence[Path]) -> list[tuple[str, Path]]:
    """The files to pack with their names: a file under its own name, a folder's files below the folder's name.

    Raises:
        FileNotFoundError: one is not there.
        ValueError: two would have the same name.
    """
    found = sorted(_named(paths))
    for (name, _), (after, _) in itertools.pairwise(found):
        if name == after:
            raise ValueError(f"two files would be named {name!r} in the archive. Rename one with files.copy")
    return found


def _named(paths: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    for path in paths:
        if path.is_dir():
            yield from ((f"{path.name}/{f.relative}", f.path) for f in walk(path, EVERYTHING, hidden=True))
        elif path.exists():
            yield path.name, path
        else:
            raise FileNotFoundError(f"there is no {path} to pack")


def pack_zip(paths: Sequence[Path], target: Path) -> None:
    """Write a zip archive."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in members(paths):
            info = zipfile.ZipInfo(name, _FIRST_DAY)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (0o100755 if os.access(path, os.X_OK) else 0o100644) << 16
            with path.open("rb") as source, archive.open(info, "w", force_zip64=path.stat().st_size > 1 << 31) as out:
                while chunk := source.read(1 << 20):
                    out.write(chunk)


def pack_tar(paths: Sequence[Path], target: Path) -> None:
    """Write a tar archive compressed with gzip."""
    with (
        target.open("wb") as raw,
        gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name, path in members(paths):
            info = tarfile.TarInfo(name)
            info.size, info.mode = path.stat().st_size, 0o755 if os.access(path, os.X_OK) else 0o644
            with path.open("rb") as source:
                archive.addfile(info, source)
