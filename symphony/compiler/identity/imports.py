"""What import statements bind names to."""

from __future__ import annotations

import ast
from typing import NamedTuple


class Imported(NamedTuple):
    """What an import binds a name to: a module, or an attribute of one (or its submodule)."""

    module: str
    attribute: str | None


def imports_of(node: ast.Import | ast.ImportFrom, package: str) -> dict[str, Imported]:
    """The names that an import binds; a star is left out. `package` is where relative imports start."""
    if isinstance(node, ast.Import):
        return {
            a.asname or a.name.partition(".")[0]: Imported(a.name if a.asname else a.name.partition(".")[0], None)
            for a in node.names
        }
    module = absolute_module(node, package)
    return {a.asname or a.name: Imported(module, a.name) for a in node.names if a.name != "*"}


def absolute_module(node: ast.ImportFrom, package: str) -> str:
    """The module that a ``from`` import names, its dots resolved."""
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    start = parts[: len(parts) - (node.level - 1)]
    return ".".join([*start, node.module] if node.module else start)
