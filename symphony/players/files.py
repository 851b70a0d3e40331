"""Players that find, read and write files."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from symphony.define.annotations import ByName, Table
from symphony.define.context import Context
from symphony.define.player import operator
from symphony.players.reading.decoding import decode
from symphony.players.reading.glob import EVERYTHING
from symphony.players.reading.walk import walk

Folder = Annotated[Path, ByName]


def _names(folder: Path, pattern: str = EVERYTHING, hidden: bool = False, **_: Any) -> list[str]:
    return [f.relative for f in walk(folder, pattern, hidden=hidden)]


def _names_and_sizes(folder: Path, pattern: str = EVERYTHING, hidden: bool = False, **_: Any) -> list[list[Any]]:
    return [[f.relative, f.size] for f in walk(folder, pattern, hidden=hidden)]


@operator(version="1.0.0", tags=("files", "folder", "find"), fingerprint=_names)
def list_(folder: Folder, pattern: str = EVERYTHING, hidden: bool = False) -> list[Path]:
    """List the files below a folder, in the order of their names.

    The list depends on names alone: a changed file changes what reads it, not the list. Links are left out, ``.git``
    and ``.symphony`` are never entered.

    Args:
        folder: where to look.
        pattern: which files: `*.csv` at any depth, `data/*.csv`, `**/test_*.py`, `*.{yml,yaml}`.
        hidden: whether names that start with a dot count.

    Example:
        ```yaml
        texts:
          player: files.list
          with: {folder: docs, pattern: "*.md"}
        ```
    """
    return [f.path for f in walk(folder, pattern, hidden=hidden)]


@operator(version="1.0.0", tags=("files", "folder", "size", "find"), fingerprint=_names_and_sizes)
def find_large(
    folder: Folder, over: int = 1_000_000, pattern: str = EVERYTHING, hidden: bool = False, limit: int = 100
) -> Table:
    """Find the largest files below a folder.

    Args:
        folder: where to look.
        over: the least size in bytes.
        pattern: which files count.
        hidden: whether names that start with a dot count.
        limit: the most rows.

    Returns:
        Rows with `path` (relative) and `bytes`, the largest first.

    Example:
        ```yaml
        large:
          player: files.find_large
          with: {folder: ., over: 5000000}
        ```
    """
    found = [f for f in walk(folder, pattern, hidden=hidden) if f.size >= over]
    found.sort(key=lambda f: (-f.size, f.relative))
    return [{"path": f.relative, "bytes": f.size} for f in found[: max(0, limit)]]


@operator(version="1.0.0", tags=("files", "text", "read"))
def read_text(file: Path, encoding: str = "", max_bytes: int = 50_000_000) -> str:
    """Read a text file.

    Args:
        file: the file.
        encoding: such as `utf-8` or `latin-1`; empty: found out from the bytes.
        max_bytes: the largest file that is read.

    Raises:
        ValueError: the file is larger, is binary, or is not in that encoding.

    Example:
        ```yaml
        letter:
          player: files.read_text
          with: {file: letter.txt}
        ```
    """
    data = _bytes_of(file, max_bytes)
    if encoding:
        try:
            return data.decode(encoding)
        except (UnicodeDecodeError, LookupError) as error:
            raise ValueError(
                f"{file} cannot be read as {encoding}: {error}. Leave encoding empty to find it out"
            ) from error
    decoded = decode(data)
    if decoded is None:
        raise ValueError(f"{file} is binary, not text. Read it with files.read_bytes")
    return decoded.text


@operator(version="1.0.0", tags=("files", "bytes", "read"))
def read_bytes(file: Path, max_bytes: int = 50_000_000) -> bytes:
    """Read a file as bytes.

    Args:
        file: the file.
        max_bytes: the largest file that is read.

    Raises:
        ValueError: the file is larger.

    Example:
        ```yaml
        logo:
          player: files.read_bytes
          with: {file: logo.png}
        ```
    """
    return _bytes_of(file, max_bytes)


def _bytes_of(file: Path, max_bytes: int) -> bytes:
    size = file.stat().st_size
    if size > max_bytes:
        raise ValueError(f"{file} has {size} bytes, more than max_bytes={max_bytes}. Raise max_bytes to read it")
    return file.read_bytes()


@operator(version="1.0.0", tags=("files", "text", "write"))
def write_text(text: str, ctx: Context, name: str = "text.txt") -> Path:
    """Write text to a file, in UTF-8.

    Args:
        text: what to write.
        name: the name of the file.

    Raises:
        ValueError: the name is no plain file name.

    Example:
        ```yaml
        note:
          player: files.write_text
          with: {text: "All is well.", name: note.txt}
        ```
    """
    target = ctx.workdir / plain_name(name)
    target.write_text(text, encoding="utf-8", newline="")
    return target


@operator(version="1.0.0", tags=("files", "bytes", "write"))
def write_bytes(data: bytes, ctx: Context, name: str = "data.bin") -> Path:
    """Write bytes to a file.

    Args:
        data: what to write.
        name: the name of the file.

    Raises:
        ValueError: the name is no plain file name.

    Example:
        ```yaml
        copy_of_logo:
          player: files.write_bytes
          with:
            data: ${{ tasks.logo }}
            name: logo.png
        ```
    """
    target = ctx.workdir / plain_name(name)
    target.write_bytes(data)
    return target


@operator(version="1.0.0", tags=("files", "copy"))
def copy(file: Path, ctx: Context, name: str = "") -> Path:
    """Copy a file or folder, so that it is kept with the run.

    Args:
        file: what to copy. Links inside a folder are copied as what they lead to.
        name: the name of the copy; empty: the same name.

    Raises:
        ValueError: the name is no plain file name.

    Example:
        ```yaml
        kept:
          player: files.copy
          with: {file: build/app.bin}
        ```
    """
    target = ctx.workdir / plain_name(name or file.name)
    _copy(file, target)
    return target


@operator(version="1.0.0", tags=("files", "folder", "copy"))
def gather(files: list[Path], ctx: Context, name: str = "files") -> Path:
    """Copy files into one folder.

    Args:
        files: what to copy; their names must differ.
        name: the name of the folder.

    Raises:
        ValueError: two files have the same name, or the name is no plain file name.

    Example:
        ```yaml
        site:
          player: files.gather
          with:
            files: ["${{ tasks.index }}", "${{ tasks.style }}"]
            name: site
        ```
    """
    folder = ctx.workdir / plain_name(name)
    folder.mkdir()
    for file in files:
        target = folder / file.name
        if target.exists():
            raise ValueError(
                f"two files are named {file.name!r}: a folder holds each name once. Rename one with files.copy"
            )
        _copy(file, target)
    return folder


@operator(version="1.0.0", tags=("files", "size"))
def size(path: Path) -> int:
    """Give the size of a file, or of all files below a folder, in bytes.

    Args:
        path: the file or folder.

    Example:
        ```yaml
        weight:
          player: files.size
          with: {path: dist}
        ```
    """
    return sum(f.size for f in walk(path, EVERYTHING, hidden=True)) if path.is_dir() else path.stat().st_size


def _copy(source: Path, target: Path) -> None:
    copier: Callable[..., Any] = shutil.copytree if source.is_dir() else shutil.copy
    copier(source, target)


def plain_name(name: str) -> str:
    """Give back `name` where it is one plain file name.

    Raises:
        ValueError: it is empty, has a folder in it, or leads elsewhere.
    """
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if len(parts) != 1 or parts[0] in ("..", ".", "/") or "\0" in name:
        raise ValueError(f"{name!r} is no file name: give one name without folders, such as 'report.html'")
    return name
