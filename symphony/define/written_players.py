"""Finds the names of players in the files of a folder, without importing them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

_DECORATORS = frozenset({"operator", "instrument", "motif"})
_MOST_FILES = 200
"""A folder with more files is no place where names are guessed."""


def written_players(folder: Path) -> Iterator[str]:
    """Yield ``module:function`` for each decorated function at the top level of the modules right in a folder."""
    for file in sorted(folder.glob("*.py"))[:_MOST_FILES]:
        try:
            tree = ast.parse(file.read_bytes())
        except (OSError, ValueError, SyntaxError, RecursionError):
            continue
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and any(map(_is_player, node.decorator_list)):
                yield f"{file.stem}:{node.name}"


def _is_player(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
    return name in _DECORATORS
