"""Walks a folder: every regular file below it, in the order of their names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from symphony.players.reading.glob import compile_glob, matches

_NEVER = frozenset({".git", ".symphony"})


class Found(NamedTuple):
    """A file below a folder. `relative` has ``/`` between its parts; `size` is in bytes."""

    relative: str
    path: Path
    size: int


def walk(folder: Path, pattern: str, *, hidden: bool) -> list[Found]:
    """Find the regular files below `folder` that match, sorted by relative name.

    Links to folders are not followed, links to files are left out, ``.git`` and ``.symphony`` never entered.

    Raises:
        FileNotFoundError: there is no such folder.
        NotADirectoryError: it is a file.
        ValueError: the pattern cannot be read.
    """
    if not folder.exists():
        raise FileNotFoundError(f"there is no folder {folder}")
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is a file; a folder is wanted")
    matches(pattern, "")
    regex = compile_glob(pattern)
    return sorted(f for f in _below(str(folder), "", hidden) if regex.fullmatch(f.relative))


def _below(folder: str, prefix: str, hidden: bool) -> Iterator[Found]:
    try:
        entries = list(os.scandir(folder))
    except PermissionError:
        return  # a folder that may not be read holds nothing that could be used
    for entry in entries:
        if entry.name in _NEVER or (not hidden and entry.name.startswith(".")):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _below(entry.path, f"{prefix}{entry.name}/", hidden)
        elif entry.is_file(follow_symlinks=False):
            yield Found(prefix + entry.name, Path(entry.path), entry.stat(follow_symlinks=False).st_size)
