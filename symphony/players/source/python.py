"""Measures Python by its syntax tree: functions, their length and complexity, docstrings. Nothing is run."""

from __future__ import annotations

import ast
import gc
import warnings
from typing import Any, NamedTuple

_NAME = "<measured>"
# The parser warns about odd escapes in the file it reads, which is not the business of whoever measures it.
for _category in (SyntaxWarning, DeprecationWarning):
    warnings.filterwarnings("ignore", category=_category, module=_NAME)

_LEAVES = frozenset(
    (
        type(None),
        str,
        bool,
        ast.Constant,
        ast.Name,
        ast.Pass,
        ast.Break,
        ast.Continue,
        ast.Global,
        ast.Nonlocal,
        ast.Import,
        ast.ImportFrom,
        ast.alias,
    )
)
_DECISIONS = frozenset((ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler))
_SKIPPED = frozenset(
    {
        "ctx",
        "op",
        "ops",
        "annotation",
        "returns",
        "type_comment",
        "type_params",
        "name",
        "names",
        "attr",
        "arg",
        "id",
        "decorator_list",
        "level",
        "module",
        "conversion",
        "is_async",
        "simple",
        "kind",
    }
)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_fields: dict[type, tuple[str, ...]] = {}


class Function(NamedTuple):
    """One function. `complexity` is 1 and its decisions; those of functions inside it are their own."""

    name: str
    line: int
    lines: int
    complexity: int
    parameters: int


class Measured(NamedTuple):
    """What the syntax tree says of a file. `docstrings` holds the numbers of lines, from 1."""

    complexity: int
    functions: list[Function]
    docstrings: set[int]


def measure_python(text: str) -> Measured:
    """Measure a module.

    A decision is an ``if``, a loop, an ``except``, a conditional expression, each further operand of ``and`` and
    ``or``, each ``for`` and ``if`` of a comprehension, and each ``case`` with a pattern. The complexity of the file is
    the sum over its functions, and the decisions outside of them.

    Raises:
        SyntaxError: it is no Python of this version, or nests too deep to be read.
    """
    tree = _parse(text)
    functions: list[Function] = []
    docstrings: set[int] = set()
    pending: list[tuple[Any, str]] = [(tree, "")]
    total = 0
    while pending:
        unit, prefix = pending.pop()
        _note_docstring(unit, docstrings)
        decisions = _decisions(unit, prefix, pending)
        if isinstance(unit, _FUNCTIONS):
            lines = (unit.end_lineno or unit.lineno) - unit.lineno + 1
            functions.append(Function(prefix[:-1], unit.lineno, lines, decisions + 1, _parameters(unit.args)))
            decisions += 1
        total += decisions
    functions.sort(key=lambda f: f.line)
    return Measured(total, functions, docstrings)


def _parse(text: str) -> ast.Module:
    # A tree is many small objects without cycles: collecting while it grows takes as long as the parsing itself.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(text, _NAME)
    except (ValueError, RecursionError, MemoryError) as error:
        raise SyntaxError(str(error) or "it nests too deep") from error
    finally:
        if collecting:
            gc.enable()


def _decisions(unit: Any, prefix: str, pending: list[tuple[Any, str]]) -> int:
    """Count the decisions of one unit; classes and functions inside it become units of their own."""
    count = 0
    stack: list[Any] = list(unit.body)
    if isinstance(unit, _FUNCTIONS):
        stack.append(unit.args)
    while stack:
        node = stack.pop()
        kind = node.__class__
        if kind in _LEAVES:
            continue
        if kind is ast.FunctionDef or kind is ast.AsyncFunctionDef or kind is ast.ClassDef:
            pending.append((node, f"{prefix}{node.name}."))
            continue
        if kind in _DECISIONS:
            count += 1
        elif kind is ast.BoolOp:
            count += len(node.values) - 1
        elif kind is ast.comprehension:
            count += 1 + len(node.ifs)
        elif kind is ast.match_case:
            count += not (isinstance(node.pattern, ast.MatchAs) and node.pattern.pattern is None and node.guard is None)
        names = _fields.get(kind)
        if names is None:
            names = _fields[kind] = tuple(f for f in getattr(kind, "_fields", ()) if f not in _SKIPPED)
        for name in names:
            value = getattr(node, name)
            if value.__class__ is list:
                stack.extend(value)
            else:
                stack.append(value)
    return count


def _note_docstring(unit: Any, lines: set[int]) -> None:
    first = unit.body[0] if unit.body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        lines.update(range(first.lineno, (first.end_lineno or first.lineno) + 1))


def _parameters(arguments: ast.arguments) -> int:
    return (
        len(arguments.posonlyargs)
        + len(arguments.args)
        + len(arguments.kwonlyargs)
        + (arguments.vararg is not None)
        + (arguments.kwarg is not None)
    )
