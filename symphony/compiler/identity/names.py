"""Which names of a piece of code are its own, and which it takes from its module."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from symphony.compiler.identity.imports import Imported, imports_of
from symphony.compiler.identity.scope import Scope, ScopeKind

Definition = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
OptionsOf: TypeAlias = Callable[[ast.expr], "Sequence[ast.keyword] | None"]
"""Tells a player's decorator: gives the options that belong to its identity, or None for any other decorator."""

_WORD = re.compile(r"\w+")
_SEES_LOCALS = frozenset({"locals", "vars", "eval", "exec", "dir", "globals"})
_SEES_MODULE = frozenset({"eval", "exec", "globals"})
_SEES_FRAMES = frozenset({"f_locals", "_getframe", "currentframe", "co_varnames", "__code__"})
_ATTRIBUTE_READERS = frozenset({"getattr", "hasattr", "attrgetter"})
_DYNAMIC_IMPORTS = frozenset({"import_module", "__import__"})
_PLAIN_CALLS = frozenset({
    "print", "len", "str", "repr", "int", "float", "sorted", "set", "list", "tuple", "dict", "isinstance", "getattr",
    "hasattr", "setattr", "open", "Path", "get", "pop", "setdefault", "join", "split", "rsplit", "splitlines",
    "replace", "startswith", "endswith", "strip", "lstrip", "rstrip", "removeprefix", "removesuffix", "partition",
    "rpartition", "encode", "decode", "format", "find", "index", "count", "append", "add", "extend", "update",
    "write", "debug", "info", "warning", "error", "exception", "critical", "log", "progress", "group", "strftime",
    "strptime",
})  # fmt: skip
"""Calls that never read a caller's locals, so that a text given to them is only a text. A fixed list: the same
everywhere."""
_SEES_DOCSTRINGS = frozenset({"__doc__", "getdoc"})


class Reference(NamedTuple):
    """A name taken from outside: from the module (`imported` is None) or from an import inside the code itself."""

    name: str
    chain: tuple[str, ...]
    imported: Imported | None
    line: int


@dataclass(slots=True)
class Names:
    """What the names of a piece of code mean.

    Attributes:
        spelled: nodes that hold a renamed local, with its new name: ``$0``, ``$1`` in order of appearance.
        references: what is taken from outside.
        kept_options: the decorators that make a player, each with the options that belong to its identity.
        sees_docstrings: whether it may read docstrings.
        dynamic: names such as ``eval`` through which it may reach anything in its module, with their lines.
        unknown_imports: lines of imports whose module is computed.
    """

    spelled: dict[ast.AST, str] = field(default_factory=dict)
    references: list[Reference] = field(default_factory=list)
    kept_options: dict[ast.expr, Sequence[ast.keyword]] = field(default_factory=dict)
    sees_docstrings: bool = False
    dynamic: dict[str, int] = field(default_factory=dict)
    unknown_imports: list[int] = field(default_factory=list)


def is_docstring(body: Sequence[ast.stmt]) -> bool:
    """Whether a body starts with a docstring."""
    first = body[0] if body else None
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)


class _Use(NamedTuple):
    node: ast.AST
    name: str
    scope: Scope
    chain: tuple[str, ...]
    loads: bool
    line: int


_Work: TypeAlias = tuple[ast.AST, Scope]


class _Reader:
    """One walk over a piece of code; scopes are complete only at its end, so uses are noted and settled then."""

    def __init__(self, package: str, options_of: OptionsOf) -> None:
        self.package, self.options_of = package, options_of
        self.names = Names()
        self.stack: list[_Work] = []
        self.uses: list[_Use] = []
        self.scopes: list[Scope] = []
        self.words: set[str] = set()
        self.numbers: dict[tuple[int, str], str] = {}
        self.keeps_all = False

    def read(self, nodes: Iterable[ast.AST]) -> Names:
        """Walk, then settle every use of a name."""
        module = Scope(ScopeKind.MODULE, None)
        self.push(nodes, module)
        while self.stack:
            node, scope = self.stack.pop()
            visit = _VISITORS.get(type(node))
            if visit is None:
                self.push(ast.iter_child_nodes(node), scope)
            else:
                visit(self, node, scope)
        for use in self.uses:
            self.settle(use)
        self.unused_imports()
        return self.names

    def push(self, nodes: Iterable[ast.AST], scope: Scope) -> None:
        """Put nodes on the stack so that the first is taken first."""
        self.stack.extend([(node, scope) for node in nodes][::-1])

    def scope(self, kind: ScopeKind, parent: Scope) -> Scope:
        scope = Scope(kind, parent)
        self.scopes.append(scope)
        return scope

    # -- names

    def name(self, node: ast.Name, scope: Scope) -> None:
        self.use(node, scope, ())

    def attribute(self, node: ast.Attribute, scope: Scope) -> None:
        chain: list[str] = []
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            chain.append(inner.attr)
            self.special(inner.attr, inner.lineno)
            inner = inner.value
        if isinstance(inner, ast.Name):
            if inner.id == "sys" and chain[-1] == "modules":
                self.names.dynamic.setdefault("sys.modules", inner.lineno)
            elif inner.id == "builtins":
                self.builtin(chain[-1], inner.lineno)
            self.use(inner, scope, tuple(reversed(chain)))
        else:
            self.push((inner,), scope)

    def use(self, node: ast.Name, scope: Scope, chain: tuple[str, ...]) -> None:
        loads = isinstance(node.ctx, ast.Load)
        if not loads:
            scope.bound.add(node.id)
        self.builtin(node.id, node.lineno)
        self.uses.append(_Use(node, node.id, scope, chain, loads, node.lineno))

    def bind_text(self, node: ast.AST, name: str | None, scope: Scope) -> None:
        """A name that a node holds as text: ``except … as name``, ``case name``."""
        if name is not None:
            scope.bound.add(name)
            self.uses.append(_Use(node, name, scope, (), False, getattr(node, "lineno", 0)))

    def builtin(self, name: str, line: int) -> None:
        """A bare name may be the builtin that looks at locals, at the module or at docstrings."""
        if name in _SEES_LOCALS:
            self.keeps_all = True
        if name in _SEES_MODULE:
            self.names.dynamic.setdefault(name, line)
        if name == "help":
            self.names.sees_docstrings = True
        self.special(name, line)

    def special(self, name: str, line: int) -> None:
        """A name or attribute that looks at frames, subclasses or docstrings."""
        if name in _SEES_FRAMES:
            self.keeps_all = True
        if name == "__subclasses__":
            self.names.dynamic.setdefault(name, line)
        if name in _SEES_DOCSTRINGS:
            self.names.sees_docstrings = True

    # -- texts that may name locals

    def constant(self, node: ast.Constant, _: Scope) -> None:
        """A text may name locals, as in ``frame.query("x > @limit")``: those keep their names."""
        if isinstance(node.value, str):
            self.words.update(_WORD.findall(node.value))

    def plain_texts(self, nodes: Iterable[ast.expr | None], scope: Scope) -> None:
        """Push expressions where a text that stands there is only a text."""
        for node in nodes:
            if isinstance(node, ast.JoinedStr):
                self.push([v for v in node.values if not isinstance(v, ast.Constant)], scope)
            elif node is not None and not isinstance(node, ast.Constant):
                self.push((node,), scope)

    def dict_(self, node: ast.Dict, scope: Scope) -> None:
        self.push(node.values, scope)
        self.plain_texts(node.keys, scope)

    def subscript(self, node: ast.Subscript, scope: Scope) -> None:
        self.plain_texts((node.slice,), scope)
        self.push((node.value,), scope)

    def compare(self, node: ast.Compare, scope: Scope) -> None:
        self.plain_texts((node.left, *node.comparators), scope)

    def call(self, node: ast.Call, scope: Scope) -> None:
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called in _DYNAMIC_IMPORTS:
            self.dynamic_import(node)
        if called in _ATTRIBUTE_READERS:
            for text in node.args:
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    self.builtin(text.value, text.lineno)
        arguments = [*node.args, *(k.value for k in node.keywords)]
        if called in _PLAIN_CALLS or called.endswith(("Error", "Exception", "Warning")):
            self.plain_texts(arguments, scope)
        else:
            self.push(arguments, scope)
        self.push((node.func,), scope)

    def dynamic_import(self, node: ast.Call) -> None:
        first = node.args[0] if node.args else None
        if isinstance(first, ast.Constant) and isinstance(first.value, str) and not first.value.startswith("."):
            imported = Imported(first.value, None)
            self.names.references.append(Reference(first.value, (), imported, node.lineno))
        else:
            self.names.unknown_imports.append(node.lineno)

    # -- statements and expressions that bind

    def function(self, node: FunctionNode, scope: Scope) -> None:
        scope.bind_fixed(node.name)
        self.decorators(node.decorator_list, scope)
        outer = self.type_parameters(node, scope)
        inner = self.scope(ScopeKind.FUNCTION, outer)
        body = node.body[1:] if is_docstring(node.body) else node.body
        self.push(body, inner)
        self.annotation(node.returns, outer)
        self.parameters(node.args, inner, outer)

    def lambda_(self, node: ast.Lambda, scope: Scope) -> None:
        inner = self.scope(ScopeKind.FUNCTION, scope)
        self.push((node.body,), inner)
        self.parameters(node.args, inner, scope)

    def parameters(self, arguments: ast.arguments, inner: Scope, outer: Scope) -> None:
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        every += [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
        for argument in every:
            inner.bind_fixed(argument.arg)
            self.annotation(argument.annotation, outer)
        self.push([d for d in (*arguments.defaults, *arguments.kw_defaults) if d is not None], outer)

    def class_(self, node: ast.ClassDef, scope: Scope) -> None:
        scope.bind_fixed(node.name)
        self.decorators(node.decorator_list, scope)
        outer = self.type_parameters(node, scope)
        body = node.body[1:] if is_docstring(node.body) else node.body
        self.push(body, self.scope(ScopeKind.CLASS, outer))
        self.push([*node.bases, *node.keywords], outer)

    def decorators(self, decorators: Sequence[ast.expr], scope: Scope) -> None:
        for decorator in decorators:
            kept = self.options_of(decorator)
            if kept is None:
                self.push((decorator,), scope)
            else:
                self.names.kept_options[decorator] = kept
                self.push(kept, scope)

    def type_parameters(self, node: ast.AST, scope: Scope) -> Scope:
        parameters: list[ast.AST] = getattr(node, "type_params", None) or []
        if not parameters:
            return scope
        inner = self.scope(ScopeKind.FUNCTION, scope)
        for parameter in parameters:
            inner.bind_fixed(parameter.name)  # type: ignore[attr-defined]
            self.push(ast.iter_child_nodes(parameter), inner)
        return inner

    def type_alias(self, node: ast.AST, scope: Scope) -> None:
        inner = self.type_parameters(node, scope)
        self.push((node.value,), inner)  # type: ignore[attr-defined]
        self.push((node.name,), scope)  # type: ignore[attr-defined]

    def annotation(self, node: ast.expr | None, scope: Scope) -> None:
        """Annotations may be texts: ``x: "Stats"``."""
        if node is None:
            return
        self.push((node,), scope)
        if isinstance(node, ast.Name):
            return
        for part in ast.walk(node):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                try:
                    self.push((ast.parse(part.value.strip(), mode="eval"),), scope)
                except (SyntaxError, ValueError, RecursionError, MemoryError):
                    continue  # a text that is no annotation, as in Literal["a b"]

    def annotated(self, node: ast.AnnAssign, scope: Scope) -> None:
        self.push([n for n in (node.target, node.value) if n is not None], scope)
        self.annotation(node.annotation, scope)

    def comprehension(self, node: ast.AST, scope: Scope) -> None:
        inner = self.scope(ScopeKind.COMPREHENSION, scope)
        generators: list[ast.comprehension] = node.generators  # type: ignore[attr-defined]
        first = generators[0]
        self.push([n for n in ast.iter_child_nodes(node) if n is not first], inner)
        self.push((first.target, *first.ifs), inner)
        self.push((first.iter,), scope)  # evaluated outside, before the comprehension's own names exist

    def walrus(self, node: ast.NamedExpr, scope: Scope) -> None:
        self.push((node.value,), scope)
        home: Scope = scope
        while home.kind is ScopeKind.COMPREHENSION and home.parent is not None:
            home = home.parent
        self.use(node.target, home, ())

    def import_(self, node: ast.Import | ast.ImportFrom, scope: Scope) -> None:
        for name, imported in imports_of(node, self.package).items():
            scope.bind_fixed(name)
            scope.imports.setdefault(name, []).append((imported, node.lineno))

    def global_(self, node: ast.Global, scope: Scope) -> None:
        for name in node.names:
            scope.outside[name] = True
            self.uses.append(_Use(node, name, scope, (), False, node.lineno))

    def nonlocal_(self, node: ast.Nonlocal, scope: Scope) -> None:
        for name in node.names:
            scope.outside[name] = False
            self.words.add(name)  # written in the statement as text: kept everywhere

    def handler(self, node: ast.ExceptHandler, scope: Scope) -> None:
        self.bind_text(node, node.name, scope)
        self.push(ast.iter_child_nodes(node), scope)

    def capture(self, node: ast.MatchAs | ast.MatchStar, scope: Scope) -> None:
        self.bind_text(node, node.name, scope)
        self.push(ast.iter_child_nodes(node), scope)

    def mapping_rest(self, node: ast.MatchMapping, scope: Scope) -> None:
        self.bind_text(node, node.rest, scope)
        self.push(ast.iter_child_nodes(node), scope)

    # -- after the walk

    def settle(self, use: _Use) -> None:
        home = use.scope.home_of(use.name)
        if home is None and not use.loads and use.scope.kind is ScopeKind.MODULE:
            return  # the statement is itself one of those that bind the name
        if home is None or (home.kind is ScopeKind.CLASS and use.loads):
            # A class body that binds a name may still read the module's before it does.
            self.names.references.append(Reference(use.name, use.chain, None, use.line))
        elif use.name not in home.fixed and home.kind is not ScopeKind.CLASS:
            if not self.keeps_all and use.name not in self.words:
                self.names.spelled[use.node] = self.number(home, use.name)
            return
        if home is not None and use.loads and use.name in home.imports:
            home.used_imports.add(use.name)
            for imported, _ in home.imports[use.name]:
                self.names.references.append(Reference(use.name, use.chain, imported, use.line))

    def number(self, home: Scope, name: str) -> str:
        return self.numbers.setdefault((id(home), name), f"${len(self.numbers)}")

    def unused_imports(self) -> None:
        """An import inside code that nothing names is there for what it does: it counts whole."""
        for scope in self.scopes:
            for name, targets in scope.imports.items():
                if name not in scope.used_imports:
                    self.names.references += [Reference(name, (), imported, line) for imported, line in targets]


_VISITORS: dict[type[ast.AST], Callable[[_Reader, Any, Scope], None]] = {
    ast.Name: _Reader.name,
    ast.Attribute: _Reader.attribute,
    ast.Constant: _Reader.constant,
    ast.Dict: _Reader.dict_,
    ast.Subscript: _Reader.subscript,
    ast.Compare: _Reader.compare,
    ast.Call: _Reader.call,
    ast.FunctionDef: _Reader.function,
    ast.AsyncFunctionDef: _Reader.function,
    ast.Lambda: _Reader.lambda_,
    ast.ClassDef: _Reader.class_,
    ast.AnnAssign: _Reader.annotated,
    ast.ListComp: _Reader.comprehension,
    ast.SetComp: _Reader.comprehension,
    ast.DictComp: _Reader.comprehension,
    ast.GeneratorExp: _Reader.comprehension,
    ast.NamedExpr: _Reader.walrus,
    ast.Import: _Reader.import_,
    ast.ImportFrom: _Reader.import_,
    ast.Global: _Reader.global_,
    ast.Nonlocal: _Reader.nonlocal_,
    ast.ExceptHandler: _Reader.handler,
    ast.MatchAs: _Reader.capture,
    ast.MatchStar: _Reader.capture,
    ast.MatchMapping: _Reader.mapping_rest,
}
if hasattr(ast, "TypeAlias"):
    _VISITORS[ast.TypeAlias] = _Reader.type_alias


def read_names(nodes: Iterable[ast.AST], *, package: str, options_of: OptionsOf) -> Names:
    """Find out what the names of a piece of code mean.

    Locals that are no parameters, imports, functions or classes are renamed in order of appearance, unless the code can
    look at its locals by name, or a text in it holds the name.

    Args:
        package: where relative imports start.
        options_of: tells the decorators that make a player.
    """
    return _Reader(package, options_of).read(nodes)
