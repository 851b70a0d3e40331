"""The identity of players: everything that their code reaches in the project, as one digest."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping

from symphony.compiler.identity.definitions import DefinitionContent, DefinitionReader
from symphony.compiler.identity.resolver import Resolver, UnreadableModuleError
from symphony.compiler.identity.values import Identity, Key, Note
from symphony.model.module_source import SourceTree

FORMAT = "symphony code identity 1"
"""Part of every digest: a new way of computing identities never meets an old one by chance."""


class IdentityReader:
    """Computes identities over one snapshot of the project's sources.

    A module is parsed once and a definition read once, however many players reach them. Not for sharing over time:
    make a new one when files may have changed.
    """

    def __init__(self, tree: SourceTree) -> None:
        self._resolver = Resolver(tree)
        self._definitions = DefinitionReader(self._resolver)

    def identity_of(self, module: str, qualname: str, *, version: str = "") -> Identity:
        """Compute the identity of a function or method of a module.

        Args:
            module: the dotted name of the module that defines it.
            qualname: its name there: ``clean``, ``Cleaner.run``.
            version: the declared version; it is part of the identity, and stands for the code where no source is found.

        Returns:
            The identity. Its digest is None, with the reason, where the code cannot be seen and no version is declared,
            or where the function lies inside another one, so that no worker could load it by name.
        """
        if "<locals>" in qualname or "<lambda>" in qualname:
            return Identity(None, f"{module}:{qualname} lies inside another function, so it cannot be loaded by name")
        try:
            roots = self._roots(module, qualname)
            if not roots:
                return self._without_source(module, qualname, version)
            contents = self._closure(roots)
        except UnreadableModuleError as error:
            return Identity(None, str(error))
        return self._identity(module, qualname, version, contents)

    def _roots(self, module: str, qualname: str) -> list[Key]:
        name, _, rest = qualname.partition(".")
        index = self._resolver.index(module)
        if index is None:
            return []
        chain = tuple(rest.split(".")) if rest else ()
        return [t for t in self._resolver.global_targets(index, name, chain) if isinstance(t, Key)]

    def _without_source(self, module: str, qualname: str, version: str) -> Identity:
        known = self._resolver.index(module)
        what = f"{module}:{qualname}" if known is None else f"{qualname} in {known.source.file}"
        if not version:
            hint = "declare a version to turn caching on"
            return Identity(None, f"no source found for {what}; {hint}")
        digest = _digest(["declared", f"{module}:{qualname}", version])
        return Identity(digest, f"no source found for {what}; its version {version} stands for its code")

    def _closure(self, roots: list[Key]) -> dict[Key, DefinitionContent]:
        """Every definition that can be reached; cycles end because each is taken once."""
        found: dict[Key, DefinitionContent] = {}
        waiting = list(roots)
        while waiting:
            key = waiting.pop()
            if key not in found:
                content = found[key] = self._definitions.read(key)
                waiting.extend(content.reaches)
        return found

    def _identity(
        self, module: str, qualname: str, version: str, contents: Mapping[Key, DefinitionContent]
    ) -> Identity:
        all_docstrings = any(c.sees_docstrings for c in contents.values())
        kept = _keeping_docstrings(contents)
        reached = tuple(contents[k].reached(docstrings=all_docstrings or k in kept) for k in sorted(contents))
        head = [f"{module}:{qualname}", version]
        digest = _digest([*head, *(f"{r.module}:{r.qualname} {r.kind} {r.digest}" for r in reached)])
        outside = {o.top for c in contents.values() for o in c.outside if o.is_installed}
        notes: set[Note] = {n for c in contents.values() for n in c.notes}
        return Identity(digest, "", reached, tuple(sorted(outside)), tuple(sorted(notes)))


def identity_of(module: str, qualname: str, tree: SourceTree, *, version: str = "") -> Identity:
    """Compute the identity of one player; see `IdentityReader.identity_of`. For several, share a reader."""
    return IdentityReader(tree).identity_of(module, qualname, version=version)


def _keeping_docstrings(contents: Mapping[Key, DefinitionContent]) -> Collection[Key]:
    """Definitions whose docstrings are handed to installed code by a base or decorator, also through a parent class."""
    kept = {k for k, c in contents.items() if c.keeps_docstrings}
    grows = bool(kept)
    while grows:
        more = {k for k, c in contents.items() if k not in kept and not kept.isdisjoint(c.parents)}
        kept |= more
        grows = bool(more)
    return kept


def _digest(lines: list[str]) -> str:
    return hashlib.sha256("\n".join([FORMAT, *lines]).encode()).hexdigest()
