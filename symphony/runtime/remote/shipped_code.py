"""Brings the project's code to workers on other machines, and sees to it that a worker runs this code and no older one."""

from __future__ import annotations

import atexit
import hashlib
import importlib
import io
import os
import shutil
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from symphony.define.catalog import make_importable
from symphony.errors import UsageError

MOST_BYTES = 64 << 20
"""How much Python code of a project is sent: more is a folder that was not meant."""
_NOT_OURS = frozenset({"__pycache__", "node_modules", "site-packages"})


# on the engine -------------------------------------------------------------------------------------------------------


def pack_code(root: str, folders: Sequence[str], modules: Iterable[str]) -> dict[str, bytes]:
    """The Python files of a project, by folder, each as a zip archive; equal files give equal bytes.

    Args:
        root: of the project: folders at and below it are packed.
        folders: where modules are found, the first one first.
        modules: the modules of the players; the folders in which they are found are packed too.

    Raises:
        UsageError: it is far more than the code of a project.
    """
    tops = {module.partition(".")[0] for module in modules} - _own_packages()
    wanted = {folder for top in tops for folder in _holding(top, folders)}
    wanted |= {folder for folder in folders if Path(folder).is_relative_to(root)}
    return {folder: _packed(Path(folder)) for folder in folders if folder in wanted}


def _own_packages() -> set[str]:
    return {"symphony", *(name for name in sys.modules if name.startswith("symphony_") and "." not in name)}


def _holding(top: str, folders: Sequence[str]) -> list[str]:
    """The first folder that has a module, if any has."""
    return [f for f in folders if Path(f, f"{top}.py").is_file() or Path(f, top).is_dir()][:1]


def _packed(folder: Path) -> bytes:
    data = io.BytesIO()
    left = MOST_BYTES
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in _python_files(folder):
            code = file.read_bytes()
            left -= len(code)
            if left < 0:
                raise UsageError(
                    f"the Python files in {folder} take more than {MOST_BYTES >> 20} MB; the workers get the code of the project: "
                    "keep other code out of its folder, or install it on the workers"
                )
            archive.writestr(zipfile.ZipInfo(file.relative_to(folder).as_posix()), code, zipfile.ZIP_DEFLATED)
    return data.getvalue()


def _python_files(folder: Path) -> Iterator[Path]:
    own = _own_packages()
    for place, folders, files in os.walk(folder):
        is_top = Path(place) == folder
        folders[:] = sorted(
            name for name in folders
            if name not in _NOT_OURS and not name.startswith(".") and not (is_top and name in own)
            and not Path(place, name, "pyvenv.cfg").exists()
        )  # fmt: skip
        yield from (Path(place, name) for name in sorted(files) if name.endswith(".py"))


# on a worker ---------------------------------------------------------------------------------------------------------

_lock = threading.Lock()
_known: dict[str, str] = {}
"""By module, the digest of the code with which this process knows it."""
_places: set[str] = set()
"""The folders of all projects whose code this process has seen."""


def bring_code(folders: Sequence[str], code: Mapping[str, bytes]) -> tuple[str, ...]:
    """Make the modules of a run importable in this process; gives the folders in which they are found here.

    A folder that is there with the same files is used as it is, so that a module sees what lies beside it; else the files
    that were sent are laid out in a temporary folder. Modules that this process has imported from other code of the same
    name are forgotten, so that a worker that lives long never runs what was there yesterday.
    """
    with _lock:
        found = tuple(_brought(folder, code.get(folder)) for folder in folders)
        if code:
            _places.update(found)
            _forget_others(code)
        for folder in found:
            if folder in sys.path and code:
                sys.path.remove(folder)  # the folder of another project must not come first
        make_importable(found)
        return found


def _brought(folder: str, data: bytes | None) -> str:
    if data is None or _has_same(Path(folder), data):
        return folder
    place = Path(_own_place(), hashlib.sha256(data).hexdigest()[:32])
    if not place.exists():
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            archive.extractall(place)
    return str(place)


def _has_same(folder: Path, data: bytes) -> bool:
    """Whether a folder of this machine has the files that were sent, byte for byte."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return all((folder / name).read_bytes() == archive.read(name) for name in archive.namelist())
    except OSError:
        return False


_own: list[str] = []


def _own_place() -> str:
    """A folder that only this process uses: nobody else can lay code into it."""
    if not _own:
        _own.append(tempfile.mkdtemp(prefix="symphony-code-"))
        atexit.register(shutil.rmtree, _own[0], ignore_errors=True)
    return _own[0]


def _forget_others(code: Mapping[str, bytes]) -> None:
    digests = {module: digest for data in reversed(list(code.values())) for module, digest in _modules_in(data)}
    imported = [module for module in {*digests, *_known} if _is_of_a_project(module)]
    if any(_known.get(module) != digests[module] for module in imported if module in digests):
        for module in imported:
            del sys.modules[module]
        _known.clear()
    _known.update(digests)
    importlib.invalidate_caches()


def _is_of_a_project(module: str) -> bool:
    file = getattr(sys.modules.get(module), "__file__", None)
    return file is not None and any(Path(file).is_relative_to(place) for place in _places)


def _modules_in(data: bytes) -> Iterator[tuple[str, str]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            parts = name.removesuffix(".py").split("/")
            module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            yield module, hashlib.sha256(archive.read(name)).hexdigest()
