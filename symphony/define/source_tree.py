"""Finds and reads the source of a project's modules on disk: what code identity is computed from."""

from __future__ import annotations

import io
import os
import tokenize
from collections.abc import Sequence
from pathlib import Path

from symphony.errors import UsageError
from symphony.model.module_source import ModuleSource

_NOT_THE_PROJECTS = frozenset(("site-packages", "dist-packages", "__pycache__", "node_modules"))


class ProjectSources:
    """The modules under a project's root, and under further folders such as the melody's.

    A module is read when it is asked for and again only when its time or size changes. Installed packages, virtual
    environments, hidden folders, links that lead out of the folders, and Symphony itself are no part of a project.

    Args:
        root: the project root; file names are given relative to it.
        extra_roots: folders that modules are also imported from, asked after the root.
    """

    def __init__(self, root: Path, extra_roots: Sequence[Path] = ()) -> None:
        self._roots = tuple(dict.fromkeys(p.resolve() for p in (root, *extra_roots)))
        self._read: dict[str, tuple[tuple[Path, int, int], ModuleSource]] = {}
        self._foreign: dict[Path, bool] = {}

    def module(self, name: str) -> ModuleSource | None:
        """Find a module of the project by its dotted name.

        Returns:
            None for everything outside the project, and for files that cannot be read or decoded.
        """
        parts = name.split(".")
        if parts[0] == "symphony" or not all(p.isidentifier() for p in parts):
            return None
        for root in self._roots:
            file = _file_of(root, parts)
            if file is not None:
                return self._source(name, file, root)
            if _owns(root, parts[0]):  # an import stops at the first folder that has the package
                return None
        return None

    def module_name_of(self, file: Path) -> str:
        """The dotted name that a file of the project is imported by, from the first root it lies under.

        Raises:
            UsageError: the file lies outside the project, or its path has parts that no import can name.
        """
        real = file.resolve()
        under = [r for r in self._roots if real.is_relative_to(r)]
        for root in under:
            parts = list(real.relative_to(root).with_suffix("").parts)
            if parts[-1] == "__init__" and len(parts) > 1:
                parts.pop()
            if real.suffix == ".py" and all(p.isidentifier() for p in parts):
                return ".".join(parts)
        if not under:
            raise UsageError(
                f"{file} lies outside the project {self._roots[0]}. Players are found below the project's root"
            )
        raise UsageError(
            f"{file} cannot be imported by name: every folder and the file need names of letters, digits and '_', "
            "and the file must end in .py"
        )

    def _source(self, name: str, file: Path, root: Path) -> ModuleSource | None:
        try:
            real = file.resolve(strict=True)
            status = real.stat()
            stamp = (real, status.st_mtime_ns, status.st_size)
            known = self._read.get(name)
            if known is not None and known[0] == stamp:
                return known[1]
            if not self._is_the_projects(real, root):
                return None
            text = _decoded(real.read_bytes())
        except (OSError, SyntaxError, UnicodeDecodeError):
            return None  # an import would fail as well, and says why
        source = ModuleSource(name, self._shown(file, root), text, is_package=file.name == "__init__.py")
        self._read[name] = (stamp, source)
        return source

    def _shown(self, file: Path, root: Path) -> str:
        start = self._roots[0] if file.is_relative_to(self._roots[0]) else root
        return file.relative_to(start).as_posix()

    def _is_the_projects(self, file: Path, root: Path) -> bool:
        return file.is_relative_to(root) and not self._is_foreign(file.parent, root)

    def _is_foreign(self, folder: Path, root: Path) -> bool:
        """Whether a folder below the root holds what others wrote."""
        if folder == root:
            return False
        found = self._foreign.get(folder)
        if found is None:
            hidden = folder.name.startswith(".") or folder.name in _NOT_THE_PROJECTS
            found = hidden or (folder / "pyvenv.cfg").exists() or self._is_foreign(folder.parent, root)
            self._foreign[folder] = found
        return found


def _file_of(root: Path, parts: Sequence[str]) -> Path | None:
    """The file of a module below a root; a package comes before a module of the same name, as in an import."""
    base = os.path.join(root, *parts)
    for candidate in (os.path.join(base, "__init__.py"), base + ".py"):
        if os.path.isfile(candidate):
            return Path(candidate)
    return None


def _owns(root: Path, top: str) -> bool:
    return (root / top / "__init__.py").is_file() or (root / f"{top}.py").is_file()


def _decoded(data: bytes) -> str:
    """Decode as Python does: a mark or a coding line decides, else UTF-8; line ends become newlines."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    with io.TextIOWrapper(io.BytesIO(data), encoding) as text:
        return text.read()
