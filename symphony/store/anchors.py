"""Anchors: what the relative names of paths are relative to."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from symphony.errors import StoreError

ROOT = ""
"""The anchor of names relative to the project root."""
ABSOLUTE = "/"
"""The anchor of names that are relative to nothing."""


@dataclass(frozen=True, slots=True)
class Anchors:
    """The folders that paths are named from, so that two checkouts share results.

    Attributes:
        root: the project root, absolute.
        params: path parameters as pairs of name and absolute path.
        workdir: the work folder of the call; paths inside it are kept with their bytes.
    """

    root: Path
    params: tuple[tuple[str, Path], ...] = ()
    workdir: Path | None = None

    def name_of(self, path: Path) -> tuple[str, str]:
        """Name `path` by an anchor and a relative POSIX path.

        The anchor is ``""`` for the project root, else the name of the path parameter that lies nearest above the
        path, else ``"/"``, and then the name is absolute. Relative paths start at the current folder.
        """
        plain = os.path.abspath(path)
        return self._name(plain) or self._name(os.path.realpath(plain)) or (ABSOLUTE, Path(plain).as_posix())

    def _name(self, path: str) -> tuple[str, str] | None:
        below_root = _relative(path, self.root)
        if below_root is not None:
            return ROOT, below_root
        found = [(len(str(p)), name, below) for name, p in self.params if (below := _relative(path, p)) is not None]
        return max(found)[1:] if found else None

    def path_of(self, anchor: str, name: str) -> Path:
        """The absolute path of a name given by `name_of`.

        Raises:
            StoreError: the name belongs to a path parameter that these anchors do not have.
        """
        if anchor == ABSOLUTE:
            return Path(name)
        if anchor == ROOT:
            return Path(os.path.normpath(self.root / name))
        for param, folder in self.params:
            if param == anchor:
                return Path(os.path.normpath(folder / name))
        known = ", ".join(param for param, _ in self.params) or "none"
        raise StoreError(f"{name!r} is named from the path parameter {anchor!r}; the path parameters here are: {known}")

    def works_in(self, path: Path) -> bool:
        """Whether `path` lies inside the work folder."""
        if self.workdir is None:
            return False
        plain = os.path.abspath(path)
        return (
            _relative(plain, self.workdir) is not None
            or _relative(os.path.realpath(plain), Path(os.path.realpath(self.workdir))) is not None
        )


def _relative(path: str, folder: Path) -> str | None:
    """`path` relative to `folder` as POSIX text, or nothing where it lies elsewhere."""
    above = str(folder)
    if path == above:
        return "."
    prefix = above if above.endswith(os.sep) else above + os.sep
    return Path(path[len(prefix) :]).as_posix() if path.startswith(prefix) else None
