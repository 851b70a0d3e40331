"""One definition of a project: its normal form, its digest, and what it reaches."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from symphony.compiler.identity.module_index import ModuleIndex, Unit
from symphony.compiler.identity.names import Definition, Names, Reference, read_names
from symphony.compiler.identity.normal_form import does_nothing, normal_form
from symphony.compiler.identity.resolver import Outside, Resolver, Target
from symphony.compiler.identity.values import DefinitionKind, Key, Note, NoteKind, Reached

_PLAYER_DECORATORS = frozenset(
    f"{home}.{name}" for home in ("symphony", "symphony.define.player") for name in ("operator", "instrument", "motif")
)
_IDENTITY_OPTIONS = frozenset(("fingerprint", "env", "codec", "outputs", "setup"))


@dataclass(slots=True)
class DefinitionContent:
    """What one definition consists of.

    Attributes:
        body: gives the normal form, without or with docstrings, followed by where each name leads.
        reaches: the definitions it leads to, each once, in order of appearance.
        outside: what it uses from outside the project.
        sees_docstrings: whether it may read docstrings.
        keeps_docstrings: whether its own docstrings are handed to installed code, which may read them.
        parents: classes of the project that it is derived from.
    """

    key: Key
    kind: DefinitionKind
    file: str
    line: int
    end_line: int
    body: Callable[[bool], str]
    reaches: tuple[Key, ...]
    outside: tuple[Outside, ...]
    sees_docstrings: bool
    keeps_docstrings: bool
    parents: tuple[Key, ...]
    notes: tuple[Note, ...]
    _digests: dict[bool, str] = field(default_factory=dict)

    def reached(self, *, docstrings: bool) -> Reached:
        """The definition as a part of an identity."""
        digest = self._digests.get(docstrings)
        if digest is None:
            text = self.body(docstrings).encode()
            digest = self._digests[docstrings] = hashlib.sha256(text).hexdigest()
        return Reached(self.key.module, self.key.name, self.kind, self.file, self.line, self.end_line, digest)


class DefinitionReader:
    """Reads the definitions of one source tree; each is read once."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._read: dict[Key, DefinitionContent] = {}

    def read(self, key: Key) -> DefinitionContent:
        """Read a definition that the resolver found.

        Raises:
            UnreadableModuleError: a module that it names is no valid Python.
        """
        found = self._read.get(key)
        if found is None:
            found = self._read[key] = self._content(key)
        return found

    def units_with_names(self, key: Key) -> Iterator[tuple[Unit, Names]]:
        """The statements of a definition, each with what its names mean."""
        index = self._index(key)
        for unit in self._resolver.units(key):
            nodes = (*(test for test, _ in unit.guards), unit.statement)
            yield unit, read_names(nodes, package=index.package, options_of=lambda d: self._player_options(index, d))

    def _content(self, key: Key) -> DefinitionContent:
        index = self._index(key)
        pairs = list(self.units_with_names(key))
        links = [(r, t) for _, n in pairs for r in n.references for t in self._resolver.targets(index, r)]
        dynamic = any(n.dynamic for _, n in pairs)
        targets = list(dict.fromkeys([*(t for _, t in links), *([Key(key.module, "")] if dynamic else [])]))
        units = [u for u, _ in pairs]
        return DefinitionContent(
            key=key,
            kind=_kind(key, units),
            file=index.source.file,
            line=min((u.first_line for u in units), default=1),
            end_line=max((u.last_line for u in units), default=1),
            body=partial(self._body, index, pairs, links),
            reaches=tuple(t for t in targets if isinstance(t, Key) and t != key),
            outside=tuple(t for t in targets if isinstance(t, Outside)),
            sees_docstrings=any(n.sees_docstrings for _, n in pairs),
            keeps_docstrings=any(
                isinstance(t, Outside) and t.is_installed for u in units for t in self._makers(index, u.statement)
            ),
            parents=tuple(t for u in units for t in self._makers(index, u.statement) if isinstance(t, Key) and t.name),
            notes=tuple(sorted(set(self._notes(index, key, pairs, links)))),
        )

    def _index(self, key: Key) -> ModuleIndex:
        index = self._resolver.index(key.module)
        assert index is not None, f"{key} was resolved, so its module was found"
        return index

    def _body(
        self,
        index: ModuleIndex,
        pairs: Sequence[tuple[Unit, Names]],
        links: Sequence[tuple[Reference, Target]],
        docstrings: bool,
    ) -> str:
        lines = []
        for unit, names in pairs:
            if not docstrings and does_nothing(unit.statement):
                continue
            lines.append("".join(f"{branch:d}" for _, branch in unit.guards) + self._order(index, unit, names))
            nodes = (*(test for test, _ in unit.guards), unit.statement)
            lines.append(
                normal_form(nodes, spelled=names.spelled, kept_options=names.kept_options, docstrings=docstrings)
            )
        return "\n".join((*lines, *sorted({_link(reference, target) for reference, target in links})))

    def _order(self, index: ModuleIndex, unit: Unit, names: Names) -> str:
        """For names that several statements make, how many of those come before this one: moving it may change it."""
        found = []
        for name in sorted({r.name for r in names.references if r.imported is None}):
            units = self._resolver.units(Key(index.source.name, name))
            if len(units) > 1:
                found.append(f" {name}@{sum(u.position < unit.position for u in units)}")
        return "".join(found)

    def _player_options(self, index: ModuleIndex, decorator: ast.expr) -> list[ast.keyword] | None:
        """The options of a player's decorator that belong to its identity; None for other decorators."""
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
        if any(k.arg is None for k in keywords) or not self._is_player_decorator(index, called):
            return None
        return [k for k in keywords if k.arg in _IDENTITY_OPTIONS]

    def _is_player_decorator(self, index: ModuleIndex, called: ast.expr) -> bool:
        chain: list[str] = []
        while isinstance(called, ast.Attribute):
            chain.insert(0, called.attr)
            called = called.value
        if not isinstance(called, ast.Name):
            return False
        targets = self._resolver.global_targets(index, called.id, tuple(chain))
        if len(targets) != 1 or not isinstance(targets[0], Outside):
            return False
        name = targets[0].name
        return name in _PLAYER_DECORATORS or ".".join((name, *chain)) in _PLAYER_DECORATORS

    def _makers(self, index: ModuleIndex, statement: ast.stmt) -> Iterator[Target]:
        """Where the bases and decorators of a function or class lead, those of a player left out."""
        if not isinstance(statement, Definition):
            return
        makers = [d for d in statement.decorator_list if self._player_options(index, d) is None]
        if isinstance(statement, ast.ClassDef):
            makers += [*statement.bases, *(k.value for k in statement.keywords)]
        names = read_names(makers, package=index.package, options_of=lambda _: None)
        for reference in names.references:
            yield from self._resolver.targets(index, reference)

    def _notes(
        self,
        index: ModuleIndex,
        key: Key,
        pairs: Sequence[tuple[Unit, Names]],
        links: Sequence[tuple[Reference, Target]],
    ) -> Iterator[Note]:
        module = index.source.name
        for reference, target in links:
            if isinstance(target, Key) and not target.name:
                message = f"{reference.name} is used as a whole, so all of module {target.module} is included"
                yield Note(module, reference.line, reference.name, NoteKind.DYNAMIC_MODULE, message)
            if reference.imported is None and index.stars and not index.binds(reference.name):
                message = f"{reference.name} comes from a star import; importing it by name says what is meant"
                yield Note(module, reference.line, reference.name, NoteKind.STAR_IMPORT, message)
        for _, names in pairs:
            for name, line in names.dynamic.items():
                message = (
                    f"{name} may reach anything, so all of module {module} is included; other modules are not seen"
                )
                yield Note(module, line, name, NoteKind.DYNAMIC_CODE, message)
            for line in names.unknown_imports:
                message = "the name of the imported module is computed: what it is cannot be seen"
                yield Note(module, line, key.name, NoteKind.DYNAMIC_IMPORT, message)
        changed = index.changed_in_functions.get(key.name) if key.name and index.may_change(key.name) else None
        if changed is not None:
            message = f"{key.name} is changed at line {changed}: a result may depend on calls that no key can see"
            yield Note(module, min(u.first_line for u, _ in pairs), key.name, NoteKind.MUTABLE_GLOBAL, message)


def _kind(key: Key, units: Sequence[Unit]) -> DefinitionKind:
    if not key.name:
        return DefinitionKind.MODULE
    first = next((u.statement for u in units if getattr(u.statement, "name", None) == key.name), None)
    if isinstance(first, ast.ClassDef):
        return DefinitionKind.CLASS
    return DefinitionKind.FUNCTION if isinstance(first, Definition) else DefinitionKind.GLOBAL


def _link(reference: Reference, target: Target) -> str:
    return f"{'.'.join((reference.name, *reference.chain))} -> {target}"
