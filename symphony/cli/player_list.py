"""Finding the players that a melody of this project can name: those that ship, and the project's own."""

from __future__ import annotations

import os
import pkgutil
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

from symphony.cli.terminal import say
from symphony.compiler.identity import Identity, identity_of
from symphony.define.catalog import make_importable
from symphony.define.player import SHIPPED, Player
from symphony.define.source_tree import ProjectSources
from symphony.model.signature import Signature

_DECORATED = re.compile(r"^\s*@(?:\w+\.)?(?:operator|instrument|motif)\b", re.MULTILINE)
_PASSED_OVER = {"tests", "test", "examples", "docs", "node_modules", "build", "dist", "__pycache__"}


def all_players(root: Path) -> list[Signature]:
    """Every player, by name. A module that cannot be imported is told on stderr and passed over."""
    found = {s.name: s for s in [*_shipped(), *_own(root)]}
    return [found[name] for name in sorted(found)]


def code_identity(signature: Signature, root: Path) -> Identity:
    """The identity of a player's code, as a run started now would use it."""
    sources = ProjectSources(root, [root / "melodies"])
    return identity_of(signature.module, signature.qualname, sources, version=signature.version)


def _shipped() -> Iterator[Signature]:
    shipped = import_module(SHIPPED.rstrip("."))
    for module in pkgutil.walk_packages(shipped.__path__, SHIPPED):
        yield from _signatures(module.name)


def _own(root: Path) -> Iterator[Signature]:
    make_importable([root, root / "melodies"])
    sources = ProjectSources(root, [root / "melodies"])
    for file in sorted(_python_files(root)):
        yield from _signatures(sources.module_name_of(file))


def _python_files(root: Path) -> Iterator[Path]:
    """Files below the root that decorate something, wherever an import can reach them."""
    for folder, folders, files in os.walk(root):
        folders[:] = [
            f for f in folders if f.isidentifier() and f not in _PASSED_OVER and not _is_environment(folder, f)
        ]
        for name in files:
            path = Path(folder, name)
            if path.suffix == ".py" and path.stem.isidentifier() and _DECORATED.search(_text(path)):
                yield path


def _is_environment(folder: str, name: str) -> bool:
    return Path(folder, name, "pyvenv.cfg").exists() or (
        name == "symphony" and Path(folder, name, "errors.py").exists()
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _signatures(name: str) -> Iterator[Signature]:
    module = _imported(name)
    for value in vars(module).values() if module else ():
        if isinstance(value, Player) and value.function.__module__ == name:
            yield value.signature


def _imported(name: str) -> ModuleType | None:
    try:
        return import_module(name)
    except Exception as error:  # noqa: BLE001  a stranger's module may raise anything; the others are still listed
        say(f"{name} cannot be imported, its players are left out: {type(error).__name__}: {error}")
        sys.modules.pop(name, None)
        return None
