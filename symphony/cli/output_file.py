"""Writing results where they are wanted: whole or not at all, parents created."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from symphony.errors import UsageError
from symphony.model.names import did_you_mean
from symphony.runtime.document import jsonable


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old content or the new, never half of it; a device or pipe is written to.

    Raises:
        OSError: the folder cannot be made or written.
    """
    if _is_stream(path):
        path.write_bytes(content)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        _with_usual_mode(Path(name))
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_value(path: Path, value: object) -> None:
    """Write a value: bytes and text as they are, files and folders as copies, everything else as JSON.

    Raises:
        UsageError: a folder would replace a file, or the value has no JSON.
        OSError: the target cannot be written.
    """
    if isinstance(value, Path) and value.is_dir():
        _copy_folder(value, path)
    elif isinstance(value, Path):
        write_atomically(path, value.read_bytes())
        if not _is_stream(path):
            path.chmod(path.stat().st_mode | value.stat().st_mode & 0o111)
    elif isinstance(value, bytes):
        write_atomically(path, value)
    elif isinstance(value, str):
        write_atomically(path, value.encode())
    else:
        write_atomically(path, _json(path, value))


def parse_targets(texts: list[str]) -> dict[str, Path]:
    """Read ``name=path`` texts.

    Raises:
        UsageError: a text has no ``=``, or nothing on one side.
    """
    targets = {}
    for text in texts:
        name, sign, path = text.partition("=")
        if not sign or not name or not path:
            raise UsageError(f"-o {text!r} is not NAME=PATH, as in -o report=site/report.html")
        targets[name] = Path(path)
    return targets


def check_targets(targets: Mapping[str, Path], outputs: Mapping[str, object]) -> None:
    """Check that every output asked for exists.

    Raises:
        UsageError: one does not; names the nearest.
    """
    for name in targets:
        if name not in outputs:
            raise UsageError(f"the melody has no output {name!r}: {did_you_mean(name, outputs, what='outputs')}")


def _json(path: Path, value: object) -> bytes:
    try:
        return (json.dumps(jsonable(value), ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode()
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"{path}: a {type(value).__name__} cannot be written as JSON: {error}. Let a task turn it into text"
        ) from error


def _copy_folder(source: Path, target: Path) -> None:
    """Copy beside the target, then swap, so that a failed copy leaves the old folder."""
    if target.exists() and not target.is_dir():
        raise UsageError(f"{target} is a file, and the output is a folder; name another path")
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    try:
        shutil.copytree(source, fresh / "new", symlinks=True)
        _make_writable(fresh / "new")
        if target.exists():
            os.replace(target, fresh / "old")
        os.replace(fresh / "new", target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _make_writable(folder: Path) -> None:
    """What is kept is read-only; a copy belongs to the person."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | 0o200)


def _is_stream(path: Path) -> bool:
    """Whether a path leads to something that takes bytes and must not be replaced: ``/dev/stdout``, a named pipe."""
    return path.exists() and (not path.is_file() or Path("/dev") in path.absolute().parents) and not path.is_dir()


def _with_usual_mode(path: Path) -> None:
    """Temporary files are private; results have the mode that the person's umask gives."""
    umask = os.umask(0)
    os.umask(umask)
    path.chmod(0o666 & ~umask)
