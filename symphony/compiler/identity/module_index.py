"""Which statements of a module make each of its names what it is."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from symphony.compiler.identity.imports import Imported, absolute_module, imports_of
from symphony.compiler.identity.names import Definition, is_docstring
from symphony.model.module_source import ModuleSource

Guards: TypeAlias = tuple[tuple[ast.expr, bool], ...]
"""The conditions under which a statement runs, with the branch taken, outermost first."""

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_MUTATORS = frozenset({
    "append", "add", "update", "extend", "insert", "setdefault", "pop", "popitem", "clear", "remove", "discard",
    "sort", "reverse", "appendleft", "extendleft", "popleft", "difference_update", "intersection_update",
    "symmetric_difference_update"
})  # fmt: skip
_CONTAINERS = frozenset({"list", "dict", "set", "defaultdict", "deque", "OrderedDict", "Counter", "bytearray"})


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """A statement at the top level of a module, or in an ``if`` there.

    Attributes:
        position: its rank in the module.
        guards: the conditions it stands under.
    """

    statement: ast.stmt
    position: int
    guards: Guards = ()

    @property
    def first_line(self) -> int:
        """The line it starts on, decorators included."""
        decorators = self.statement.decorator_list if isinstance(self.statement, Definition) else []
        return min([self.statement.lineno, *(d.lineno for d in decorators)])

    @property
    def last_line(self) -> int:
        """The line it ends on."""
        return self.statement.end_lineno or self.statement.lineno

    @property
    def is_plain_import(self) -> bool:
        """Whether it does nothing but bind imported names, in every case."""
        return not self.guards and isinstance(self.statement, (ast.Import, ast.ImportFrom))


@dataclass(slots=True)
class _Bindings:
    """What is known of one name of a module."""

    units: list[Unit] = field(default_factory=list)
    registrations: list[Unit] = field(default_factory=list)
    imports: list[Imported] = field(default_factory=list)
    is_bound: bool = False


class ModuleIndex:
    """The names of one module.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: the text cannot be parsed.
    """

    def __init__(self, source: ModuleSource) -> None:
        self.source = source
        self.package = source.name if source.is_package else source.name.rpartition(".")[0]
        self.tree = ast.parse(source.text, filename=source.file)
        self.stars: list[tuple[str, int]] = []
        self.units: list[Unit] = []
        self._names: dict[str, _Bindings] = {}
        if is_docstring(self.tree.body):
            self._add("__doc__", Unit(self.tree.body[0], -1), binds=True)
        self._read_body(self.tree.body, ())
        self._read_globals()

    def binds(self, name: str) -> bool:
        """Whether a statement of the module binds the name; a star import does not count."""
        found = self._names.get(name)
        return found is not None and (found.is_bound or bool(found.imports))

    def units_of(self, name: str, *, with_registrations: bool) -> list[Unit]:
        """The statements that bind or change a name, plain imports left out, in the order of the text.

        Args:
            with_registrations: include functions and classes that are decorated with the name (``@name.register``).
        """
        found = self._names.get(name)
        if found is None:
            return []
        units = [*found.units, *found.registrations] if with_registrations else found.units
        return sorted(dict.fromkeys(units), key=lambda u: u.position)

    def imports_of(self, name: str) -> Sequence[Imported]:
        """What imports at the top level bind the name to."""
        found = self._names.get(name)
        return found.imports if found else ()

    # -- reading the body

    def _add(self, name: str, unit: Unit, *, binds: bool) -> None:
        found = self._names.setdefault(name, _Bindings())
        found.is_bound |= binds
        if unit not in found.units:
            found.units.append(unit)

    def _read_body(self, body: Iterable[ast.stmt], guards: Guards) -> None:
        for statement in body:
            if isinstance(statement, ast.If) and not _binds_in(statement.test):
                self._read_if(statement, guards)
            else:
                self._read_statement(statement, guards)

    def _read_if(self, node: ast.If, guards: Guards) -> None:
        if _is_main_guard(node.test):  # players are loaded by name: this block never runs
            self._read_body(node.orelse, guards)
        elif _is_type_checking(node.test):
            self._read_body((*node.body, *node.orelse), guards)
        else:
            self._read_body(node.body, (*guards, (node.test, True)))
            self._read_body(node.orelse, (*guards, (node.test, False)))

    def _read_statement(self, statement: ast.stmt, guards: Guards) -> None:
        unit = Unit(statement, len(self.units), guards)
        self.units.append(unit)
        for node in _imports_in(statement):
            self._read_import(node)
        if not unit.is_plain_import:
            for name in _bound_by(statement):
                self._add(name, unit, binds=True)
            for name in _changed_by(statement):
                self._add(name, unit, binds=False)
        for name in _registered_with(statement):
            self._names.setdefault(name, _Bindings()).registrations.append(unit)

    def _read_import(self, node: ast.Import | ast.ImportFrom) -> None:
        for name, imported in imports_of(node, self.package).items():
            self._names.setdefault(name, _Bindings()).imports.append(imported)
        if isinstance(node, ast.ImportFrom) and any(a.name == "*" for a in node.names):
            self.stars.append((absolute_module(node, self.package), node.lineno))

    def _read_globals(self) -> None:
        """A function that declares ``global NAME`` is one of the statements that bind NAME."""
        if "global " not in self.source.text:
            return
        for unit in self.units:
            for node in ast.walk(unit.statement):
                if isinstance(node, ast.Global):
                    for name in node.names:
                        self._add(name, unit, binds=True)

    # -- lints

    @cached_property
    def changed_in_functions(self) -> dict[str, int]:
        """Names of the module that its functions change in place or rebind, with the first line where they do."""
        found: dict[str, int] = {}
        for unit in self.units:
            for node in ast.walk(unit.statement):
                if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    for name, line in _changes_in(node):
                        found[name] = min(line, found.get(name, line))
        return found

    def may_change(self, name: str) -> bool:
        """Whether a name is bound to a list, dict or set that the module makes, or rebound by a function."""
        statements = [u.statement for u in self.units_of(name, with_registrations=False)]
        rebinds = any(isinstance(s, Definition) and s.name != name for s in statements)
        return rebinds or any(_makes_container(getattr(s, "value", None)) for s in statements)


def _makes_container(value: ast.AST | None) -> bool:
    if isinstance(value, ast.Call):
        called = value.func.attr if isinstance(value.func, ast.Attribute) else getattr(value.func, "id", "")
        return called in _CONTAINERS
    return isinstance(value, (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.SetComp, ast.DictComp))


def _changes_in(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[str, int]]:
    arguments = function.args
    own = {a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    outside: dict[str, int] = {}
    changes: list[tuple[str | None, int]] = []
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            own.add(node.id)
        elif isinstance(node, ast.Global):
            outside.update(dict.fromkeys(node.names, node.lineno))
        elif isinstance(node, (ast.Subscript, ast.Attribute)) and not isinstance(node.ctx, ast.Load):
            changes.append((_root(node), node.lineno))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _MUTATORS:
            changes.append((_root(node.func), node.lineno))
    yield from outside.items()
    yield from ((name, line) for name, line in changes if name and (name not in own or name in outside))


def _root(node: ast.AST) -> str | None:
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _at_top_level(statement: ast.AST) -> Iterator[ast.AST]:
    """The parts of a statement that run with it; what lies in functions, classes and lambdas is left out."""
    stack = [statement]
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, (*Definition, ast.Lambda)):
            continue
        if isinstance(node, _COMPREHENSIONS):
            stack.extend(n for n in ast.walk(node) if isinstance(n, ast.NamedExpr))
        else:
            stack.extend(ast.iter_child_nodes(node))


def _binds_in(expression: ast.expr) -> bool:
    return any(isinstance(n, ast.NamedExpr) for n in ast.walk(expression))


def _bound_by(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, Definition):
        yield statement.name
        return
    for node in _at_top_level(statement):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, Definition):
            yield node.name
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from (a.asname or a.name.partition(".")[0] for a in node.names if a.name != "*")
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            yield node.name
        elif isinstance(node, ast.MatchMapping) and node.rest:
            yield node.rest


def _changed_by(statement: ast.stmt) -> Iterator[str]:
    """Names whose values a statement changes in place: ``X[k] = v``, ``X.append(v)``, ``fill(X)``."""
    if isinstance(statement, Definition):
        return
    for node in _at_top_level(statement):
        if isinstance(node, (ast.Subscript, ast.Attribute)) and not isinstance(node.ctx, ast.Load):
            names = [_root(node)]
        elif isinstance(node, ast.Expr):
            names = [n for call in _at_top_level(node) if isinstance(call, ast.Call) for n in _touched(call)]
        else:
            continue
        yield from (n for n in names if n is not None)


def _touched(call: ast.Call) -> Iterator[str | None]:
    if isinstance(call.func, ast.Attribute):
        yield _root(call.func)
    for argument in (*call.args, *(k.value for k in call.keywords)):
        yield _root(argument)


def _registered_with(statement: ast.stmt) -> Iterator[str]:
    """Names that a definition is handed to by a decorator: ``@name.register``, ``@name.task(…)``."""
    if isinstance(statement, Definition):
        for decorator in statement.decorator_list:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            root = _root(called) if isinstance(called, ast.Attribute) else None
            if root is not None:
                yield root


def _imports_in(statement: ast.stmt) -> Iterator[ast.Import | ast.ImportFrom]:
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        yield statement
    elif isinstance(statement, (ast.Try, ast.TryStar, ast.For, ast.While, ast.With, ast.If, ast.Match)):
        yield from (n for n in _at_top_level(statement) if isinstance(n, (ast.Import, ast.ImportFrom)))


def _is_main_guard(test: ast.expr) -> bool:
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq)):
        return False
    sides = (test.left, test.comparators[0])
    return any(isinstance(s, ast.Name) and s.id == "__name__" for s in sides) and any(
        isinstance(s, ast.Constant) and s.value == "__main__" for s in sides
    )


def _is_type_checking(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return name == "TYPE_CHECKING"
