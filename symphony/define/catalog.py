"""Finds players by the names that melodies use: shipped ones, and those of the project."""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Iterable, Iterator
from functools import reduce
from importlib import import_module
from pathlib import Path
from typing import Any

from symphony.define.player import SHIPPED, Player
from symphony.define.written_players import written_players
from symphony.errors import PlayerDefinitionError
from symphony.model.signature import Signature


def make_importable(folders: Iterable[str | Path]) -> None:
    """Let modules in these folders be imported, the first folder first, in front of everything else."""
    for folder in reversed([str(f) for f in folders]):
        if folder not in sys.path:
            sys.path.insert(0, folder)


class ProjectCatalog:
    """The players that ship, and those in modules below the given folders. Importing a module runs its code.

    Args:
        folders: the project's root and the melody's folder: only modules found there are imported.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = [str(f) for f in folders]
        self._players: dict[str, Player[Any, Any] | None] = {}

    def find(self, name: str) -> Signature | None:
        """Find a player by name; returns None when there is none."""
        player = self.player(name)
        return None if player is None else player.signature

    def player(self, name: str) -> Player[Any, Any] | None:
        """Find the player itself.

        Raises:
            PlayerDefinitionError: its module cannot be imported; says why.
        """
        if name not in self._players:
            self._players[name] = self._look_up(name)
        return self._players[name]

    def _look_up(self, name: str) -> Player[Any, Any] | None:
        module, colon, qualname = name.partition(":")
        if colon:
            return self._own(module, qualname)
        return shipped_player(name)

    def _own(self, module: str, qualname: str) -> Player[Any, Any] | None:
        make_importable(self._folders)
        try:
            found = import_module(module)
        except ModuleNotFoundError as error:
            if error.name is not None and (module == error.name or module.startswith(error.name + ".")):
                return None
            raise PlayerDefinitionError(f"importing {module} failed: {error}") from error
        except Exception as error:
            raise PlayerDefinitionError(f"importing {module} failed: {type(error).__name__}: {error}") from error
        try:
            player = reduce(getattr, qualname.split("."), found)
        except AttributeError:
            return None
        return player if isinstance(player, Player) else None

    def names(self) -> Iterable[str]:
        """The shipped players, and the decorated functions of modules that were imported or lie in the folders."""
        yield from (p.name for p in shipped_players())
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if file and any(Path(file).is_relative_to(f) for f in self._folders) and not name.startswith("symphony"):
                yield from (v.name for v in vars(module).values() if isinstance(v, Player))
        for folder in self._folders:
            yield from written_players(Path(folder))


def shipped_player(name: str) -> Player[Any, Any] | None:
    """Find a player that ships by its name; returns None when there is none."""
    family, dot, function = name.partition(".")
    return _shipped(family, function) if dot else None


def _shipped(family: str, function: str) -> Player[Any, Any] | None:
    if not family.isidentifier() or family.startswith("_"):
        return None
    try:
        module = import_module(SHIPPED + family)
    except ModuleNotFoundError:
        return None
    for attribute in (function, function + "_"):
        found = getattr(module, attribute, None)
        if isinstance(found, Player) and found.function.__module__ == SHIPPED + family:
            return found
    return None


def shipped_players() -> Iterator[Player[Any, Any]]:
    """Every player that ships, family by family."""
    try:
        package = import_module(SHIPPED.rstrip("."))
    except ModuleNotFoundError:
        return
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda i: i.name):
        if info.name.startswith("_") or info.ispkg:
            continue
        module = import_module(SHIPPED + info.name)
        for value in vars(module).values():
            if isinstance(value, Player) and value.function.__module__ == module.__name__:
                yield value
