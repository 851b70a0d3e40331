"""Where in a Python file a call stands, and which variable its result is assigned to."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType

from symphony.model.source import Span

CHAIN_METHODS = frozenset({"when", "after", "options", "named", "described"})


@dataclass(frozen=True, slots=True)
class CallSite:
    """One call in a file.

    Attributes:
        assigned: the variable that the result (or what a chain of `.when()`, `.options()` … makes of it) is assigned to.
        span: the call.
        arguments: the spans of keyword arguments by name and of positional ones by position.
    """

    assigned: str
    span: Span
    arguments: dict[str | int, Span]


class CallSites:
    """Finds call sites by code object and instruction. Each file is parsed once."""

    def __init__(self) -> None:
        self._codes: dict[int, CodeType] = {}  # by identity: hashing a code object reads all of its instructions
        self._positions: dict[int, list[tuple[int | None, int | None, int | None, int | None]]] = {}
        self._files: dict[str, dict[tuple[int, int], CallSite]] = {}
        self._found: dict[tuple[int, int], CallSite | None] = {}

    def find(self, code: CodeType, instruction: int) -> CallSite | None:
        """Find the call that the instruction at a byte offset makes; None where the source is not to be had."""
        marked = (id(code), instruction)
        if marked not in self._found:
            self._codes[id(code)] = code  # kept, so that no other code takes its identity
            self._found[marked] = self._look_up(code, instruction)
        return self._found[marked]

    def _look_up(self, code: CodeType, instruction: int) -> CallSite | None:
        positions = self._positions.get(id(code))
        if positions is None:
            positions = self._positions[id(code)] = list(code.co_positions())
        index = instruction // 2
        if index >= len(positions):
            return None
        _, end_line, _, end_column = positions[index]
        if end_line is None or end_column is None:
            return None
        if code.co_filename not in self._files:
            self._files[code.co_filename] = _calls_of(code.co_filename)
        return self._files[code.co_filename].get((end_line, end_column))


def _calls_of(filename: str) -> dict[tuple[int, int], CallSite]:
    lines = linecache.getlines(filename)
    try:
        tree = ast.parse("".join(lines))
    except SyntaxError:
        return {}
    assigned = dict(_assigned_calls(tree))
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.end_lineno is not None and node.end_col_offset is not None:
            arguments: dict[str | int, Span] = {
                k.arg: span_of(k.value, lines) for k in node.keywords if k.arg is not None
            }
            arguments.update({i: span_of(a, lines) for i, a in enumerate(node.args)})
            site = CallSite(assigned.get(id(node), ""), span_of(node, lines), arguments)
            found[(node.end_lineno, node.end_col_offset)] = site
    return found


def _assigned_calls(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            yield from _pairs(node.targets[0], node.value)
        elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
            yield from _pairs(node.target, node.value)


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[int, str]]:
    if isinstance(target, ast.Name):
        for call in _chain(value):
            yield id(call), target.id
    elif isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, (ast.Tuple, ast.List)):
        for one_target, one_value in zip(target.elts, value.elts, strict=False):
            yield from _pairs(one_target, one_value)


def _chain(value: ast.expr) -> Iterator[ast.Call]:
    """The calls whose result, possibly through `.when()` and the like, is `value`."""
    while isinstance(value, ast.Call):
        yield value
        function = value.func
        if not (isinstance(function, ast.Attribute) and function.attr in CHAIN_METHODS):
            return
        value = function.value


def span_of(node: ast.AST, lines: list[str]) -> Span:
    """The span of a node, columns counted in characters."""
    line, end_line = node.lineno, node.end_lineno or node.lineno  # type: ignore[attr-defined]
    return Span(
        line,
        _character(lines, line, node.col_offset),  # type: ignore[attr-defined]
        end_line,
        _character(lines, end_line, node.end_col_offset or 0),  # type: ignore[attr-defined]
    )


def _character(lines: list[str], line: int, byte_offset: int) -> int:
    """The column, from 1, of a byte offset in a line."""
    if line > len(lines):
        return byte_offset + 1
    text = lines[line - 1]
    return byte_offset + 1 if text.isascii() else len(text.encode()[:byte_offset].decode(errors="ignore")) + 1


@lru_cache(maxsize=64)
def source_text(filename: str) -> str:
    """The text of a file as Python sees it."""
    return "".join(linecache.getlines(filename))
