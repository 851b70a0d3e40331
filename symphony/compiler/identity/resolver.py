"""Where a name leads: to a definition of the project, to a whole module of it, or out of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from symphony.compiler.identity.imports import Imported
from symphony.compiler.identity.module_index import ModuleIndex, Unit
from symphony.compiler.identity.names import Reference
from symphony.compiler.identity.values import Key
from symphony.model.module_source import SourceTree

_MODULE_ATTRIBUTES = frozenset({
    "__name__", "__file__", "__path__", "__package__", "__spec__", "__loader__", "__cached__"
})  # fmt: skip


class Outside(NamedTuple):
    """Something outside the project, by its dotted name."""

    name: str

    @property
    def top(self) -> str:
        """The name that is installed: the part before the first dot."""
        return self.name.partition(".")[0]

    @property
    def is_installed(self) -> bool:
        """Whether its version is that of an installed distribution; the standard library and Symphony are not."""
        return self.top not in ("", "symphony") and self.top not in sys.stdlib_module_names

    def __str__(self) -> str:
        return f"outside:{self.name}"


Target: TypeAlias = Key | Outside


class UnreadableModuleError(Exception):
    """A module of the project cannot be parsed; the text says where and why."""


class Resolver:
    """Follows names through the modules of one source tree. Modules are parsed once."""

    def __init__(self, tree: SourceTree) -> None:
        self._tree = tree
        self._indexes: dict[str, ModuleIndex | None] = {}
        self._units: dict[Key, list[Unit]] = {}

    def index(self, module: str) -> ModuleIndex | None:
        """The index of a project module; None for everything else.

        Raises:
            UnreadableModuleError: it is no valid Python.
        """
        if module in self._indexes:
            return self._indexes[module]
        source = None if not module or module.partition(".")[0] == "symphony" else self._tree.module(module)
        index = None
        if source is not None:
            try:
                index = ModuleIndex(source)
            except SyntaxError as error:
                raise UnreadableModuleError(
                    f"{source.file}:{error.lineno or 0}: not valid Python: {error.msg}"
                ) from error
            except (ValueError, RecursionError, MemoryError) as error:
                raise UnreadableModuleError(f"{source.file}: cannot be parsed: {error}") from error
        self._indexes[module] = index
        return index

    def targets(self, index: ModuleIndex, reference: Reference) -> list[Target]:
        """Where a reference leads, as seen from a module; empty for builtins and names made at run time."""
        if reference.imported is not None:
            return self._follow_import(reference.imported, reference.chain, frozenset())
        return self.global_targets(index, reference.name, reference.chain)

    def global_targets(
        self, index: ModuleIndex, name: str, chain: tuple[str, ...], seen: frozenset[Key] = frozenset()
    ) -> list[Target]:
        """Where a name at the top level of a module leads, with the attributes that are read from it."""
        key = Key(index.source.name, name)
        if key in seen:  # two modules that import a name from each other
            return []
        seen |= {key}
        found = [t for i in index.imports_of(name) for t in self._follow_import(i, chain, seen)]
        if self.units(key):
            found.append(key)
        if not index.binds(name):
            found += self._star_targets(index, name, chain, seen)
        return list(dict.fromkeys(found))

    def units(self, key: Key) -> list[Unit]:
        """The statements that make up a definition; functions handed to it count unless it comes from outside."""
        found = self._units.get(key)
        if found is None:
            found = self._units[key] = self._units_of(key)
        return found

    def _units_of(self, key: Key) -> list[Unit]:
        index = self.index(key.module)
        if index is None or not key.name:
            return index.units if index else []
        imports = index.imports_of(key.name)
        in_project = not imports or any(self.index(i.module) is not None for i in imports)
        return index.units_of(key.name, with_registrations=in_project)

    def _star_targets(
        self, index: ModuleIndex, name: str, chain: tuple[str, ...], seen: frozenset[Key]
    ) -> Iterator[Target]:
        for module, _ in reversed(index.stars):
            starred = self.index(module)
            if starred is None:
                yield Outside(f"{module}.*")
                continue
            found = [] if name.startswith("__") else self.global_targets(starred, name, chain, seen)
            if found:
                yield from found
                return

    def _follow_import(self, imported: Imported, chain: tuple[str, ...], seen: frozenset[Key]) -> list[Target]:
        if imported.attribute is None:
            return self._follow_module(imported.module, chain, seen)
        found = self._follow_attribute(imported.module, imported.attribute, chain, seen)
        return [Outside(f"{imported.module}.{imported.attribute}")] if found is None else found

    def _follow_module(self, module: str, chain: tuple[str, ...], seen: frozenset[Key]) -> list[Target]:
        if chain:
            found = self._follow_attribute(module, chain[0], chain[1:], seen)
            return [Outside(module)] if found is None else found
        return [Outside(module)] if self.index(module) is None else [Key(module, "")]

    def _follow_attribute(
        self, module: str, name: str, chain: tuple[str, ...], seen: frozenset[Key]
    ) -> list[Target] | None:
        """Follow ``module.name`` and what is read from it; None when it leads out of the project."""
        index = self.index(module)
        if index is None and _is_outside(module):
            return None
        found = [] if index is None else self.global_targets(index, name, chain, seen)
        if found:
            return found
        below = f"{module}.{name}"
        if self.index(below) is not None:
            return self._follow_module(below, chain, seen)
        if index is not None:
            known = name in _MODULE_ATTRIBUTES or Key(module, name) in seen
            return [] if known else [Key(module, "")]  # made at run time: the whole module may have a part in it
        return self._follow_attribute(below, chain[0], chain[1:], seen) if chain else None


def _is_outside(module: str) -> bool:
    """Whether no module of the project can lie below it."""
    top = module.partition(".")[0]
    return not top or top == "symphony" or top in sys.stdlib_module_names
