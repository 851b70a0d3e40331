"""The names bound in one function, class or comprehension, and how a name is looked up from there."""

from __future__ import annotations

from enum import Enum, auto

from symphony.compiler.identity.imports import Imported


class ScopeKind(Enum):
    """What a scope belongs to."""

    MODULE = auto()
    CLASS = auto()
    FUNCTION = auto()
    COMPREHENSION = auto()


class Scope:
    """The names bound in one function, class or comprehension."""

    __slots__ = ("bound", "fixed", "imports", "kind", "outside", "parent", "used_imports")

    def __init__(self, kind: ScopeKind, parent: Scope | None) -> None:
        self.kind, self.parent = kind, parent
        self.bound: set[str] = set()
        self.fixed: set[str] = set()  # bound, and to be kept as written: parameters, imports, functions, classes
        self.outside: dict[str, bool] = {}  # declared global (True) or nonlocal (False)
        self.imports: dict[str, list[tuple[Imported, int]]] = {}
        self.used_imports: set[str] = set()

    def bind_fixed(self, name: str) -> None:
        """Bind a name that is to be kept as written."""
        self.bound.add(name)
        self.fixed.add(name)

    def home_of(self, name: str) -> Scope | None:
        """The scope that a name belongs to as seen from here; None for the module or beyond."""
        scope: Scope | None = self
        while scope is not None and scope.kind is not ScopeKind.MODULE:
            if scope.kind is not ScopeKind.CLASS or scope is self:
                declared = scope.outside.get(name)
                if declared:
                    return None
                if declared is None and name in scope.bound:
                    return scope
            scope = scope.parent
        return None
