"""Players that pack and unpack archives."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from symphony.define.annotations import Media, Table
from symphony.define.context import Context
from symphony.define.player import operator
from symphony.players.files import plain_name
from symphony.players.packing.pack import pack_tar, pack_zip
from symphony.players.packing.unpack import entries as read_entries
from symphony.players.packing.unpack import problem_with, unpack

ZipFile = Annotated[Path, Media("application/zip")]
TarFile = Annotated[Path, Media("application/gzip")]


@operator(version="1.0.0", tags=("archive", "zip", "pack"))
def zip(paths: list[Path], ctx: Context, name: str = "archive.zip") -> ZipFile:
    """Pack files and folders into a zip archive. The same files give the same bytes.

    Args:
        paths: what to pack; a folder keeps its name inside.
        name: the name of the archive.

    Raises:
        ValueError: two files would have the same name, or `name` is no plain file name.

    Example:
        ```yaml
        packed:
          player: archive.zip
          with: {paths: [site, README.md], name: site.zip}
        ```
    """
    target = ctx.workdir / plain_name(name)
    pack_zip(paths, target)
    return target


@operator(version="1.0.0", tags=("archive", "tar", "gzip", "pack"))
def tar(paths: list[Path], ctx: Context, name: str = "archive.tar.gz") -> TarFile:
    """Pack files and folders into a tar archive, compressed with gzip. The same files give the same bytes.

    Args:
        paths: what to pack; a folder keeps its name inside.
        name: the name of the archive.

    Raises:
        ValueError: two files would have the same name, or `name` is no plain file name.

    Example:
        ```yaml
        packed:
          player: archive.tar
          with: {paths: [site], name: site.tar.gz}
        ```
    """
    target = ctx.workdir / plain_name(name)
    pack_tar(paths, target)
    return target


@operator(version="1.0.0", tags=("archive", "zip", "tar", "list"))
def entries(archive: Path, limit: int = 10_000) -> Table:
    """List what an archive holds, without unpacking it.

    Args:
        archive: a zip or tar archive; plain, gzip, bzip2 or xz.
        limit: the most rows.

    Raises:
        ValueError: it is no such archive, or is damaged.

    Returns:
        Rows with `name bytes kind problem`; a problem is why `archive.extract` would refuse the entry.

    Example:
        ```yaml
        inside:
          player: archive.entries
          with: {archive: data.zip}
        ```
    """
    rows: Table = []
    with read_entries(archive) as found:
        for entry in found:
            if len(rows) >= limit:
                break
            rows.append(
                {"name": entry.name, "bytes": entry.size, "kind": entry.kind, "problem": problem_with(entry) or ""}
            )
    return rows


@operator(version="1.0.0", tags=("archive", "zip", "tar", "unpack"))
def extract(archive: Path, ctx: Context, max_bytes: int = 2_000_000_000, max_files: int = 100_000) -> Path:
    """Unpack an archive into a folder. Safe for archives of strangers.

    Absolute names, names with `..`, links and devices are refused, sizes are counted while unpacking, and nothing is
    kept of an archive that breaks a rule.

    Args:
        archive: a zip or tar archive; plain, gzip, bzip2 or xz.
        max_bytes: the most bytes it may unpack to.
        max_files: the most entries it may have.

    Raises:
        ValueError: it is no such archive, is damaged, or breaks a rule; names the entry.

    Example:
        ```yaml
        folder:
          player: archive.extract
          with: {archive: data.zip}
        ```
    """
    target = ctx.workdir / "files"
    target.mkdir()
    unpack(archive, target, max_bytes=max_bytes, max_files=max_files)
    return target
