"""The page on effects promises only what a test shows."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "concepts" / "effects.md").read_text("utf-8")
_TEST = re.compile(r"`(test_\w+)`")


def rows() -> list[list[str]]:
    """The cells of every row of the two tables, without heads."""
    lines = [
        line for line in PAGE.splitlines() if line.startswith("|") and not line.startswith(("| what is lost", "|---"))
    ]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def names_of_tests() -> set[str]:
    modules = [*(ROOT / "tests" / "reliability").glob("test_*.py"), *(ROOT / "tests" / "cli").glob("test_*.py")]
    trees = [ast.parse(module.read_text("utf-8")) for module in modules]
    return {node.name for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_cell_names_a_test() -> None:
    table = rows()

    assert len(table) == 6
    assert [cell for _, *cells in table for cell in cells if not _TEST.search(cell)] == []


def test_every_test_that_the_page_names_exists() -> None:
    named = set(_TEST.findall(PAGE))

    assert named
    assert named - names_of_tests() == set()
