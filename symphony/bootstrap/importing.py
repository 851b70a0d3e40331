"""Imports the files of Python melodies."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from symphony.config.project import find_project
from symphony.define.catalog import make_importable
from symphony.define.tracing import MelodyFunction
from symphony.errors import TracingError, UsageError
from symphony.model.names import did_you_mean

if TYPE_CHECKING:
    pass


def python_melody(path: Path, name: str) -> MelodyFunction:
    """The melody of a Python file: the one of this name, else the only one that it defines.

    Raises:
        UsageError: there is no such melody, or there are several and none is named.
        TracingError: the file cannot be imported.
    """
    module = import_file(path)
    found = {k: v for k, v in vars(module).items() if isinstance(v, MelodyFunction)}
    if name:
        if name not in found:
            raise UsageError(
                f"{path} has no melody {name!r}: {did_you_mean(name, found, what='melodies') or 'it has none'}"
            )
        return found[name]
    own = {k: v for k, v in found.items() if v.function.__module__ == module.__name__}
    if len(own) != 1:
        what = (
            f"several melodies: {', '.join(own)}; name one: {path}:{next(iter(own))}"
            if own
            else "no melody: decorate a function with @melody"
        )
        raise UsageError(f"{path} holds {what}")
    return next(iter(own.values()))


def import_file(path: Path) -> ModuleType:
    """Import a Python file under the name that its players are found by: dotted from the project's root.

    Raises:
        UsageError: it is no Python file.
        TracingError: the file cannot be imported; says why and in which line.
    """
    path = path.resolve()
    root = find_project(path).root
    name = _module_name(path, root)
    loaded = sys.modules.get(name)
    if loaded is not None and getattr(loaded, "__file__", None) == str(path):
        return loaded
    make_importable((root, path.parent))
    specification = importlib.util.spec_from_file_location(name, path)
    if specification is None or specification.loader is None:
        raise UsageError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    try:
        specification.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        line = next((f":{t.tb_lineno}" for t in _traceback(error) if t.tb_frame.f_code.co_filename == str(path)), "")
        if isinstance(error, SyntaxError) and error.filename == str(path) and error.lineno:
            line = f":{error.lineno}"
        raise TracingError(f"{path}{line}: importing the file failed: {type(error).__name__}: {error}") from error
    return module


def _traceback(error: BaseException) -> Iterable[Any]:
    at = error.__traceback__
    found = []
    while at is not None:
        found.append(at)
        at = at.tb_next
    return reversed(found)


def _module_name(path: Path, root: Path) -> str:
    """The dotted name of a file: from the project's root where every folder is a name, else its stem."""
    try:
        parts = path.relative_to(root).with_suffix("").parts
    except ValueError:
        parts = (path.stem,)
    return ".".join(parts) if all(p.isidentifier() for p in parts) and parts[0] != "symphony" else path.stem
