"""Finds the melodies below a folder. Files are read, never run."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from symphony.config.project import CASE_SUFFIXES
from symphony.errors import UsageError

_PASSED_BY = frozenset({"__pycache__", "node_modules", "site-packages", "venv"})
_YAML = re.compile(r"^melody\s*:", re.MULTILINE)
_LARGEST_BYTES = 64 << 20


def gathered(places: Iterable[str]) -> list[str]:
    """Places as they are, folders as the melodies below them, in the order of their names.

    Raises:
        UsageError: a folder holds no melody.
    """
    found: dict[str, None] = {}
    for place in places:
        if not Path(place).is_dir():
            found[place] = None
            continue
        below = list(melodies_below(Path(place)))
        if not below:
            raise UsageError(f"there is no melody below {place}: looked for YAML files with melody: and for @melody")
        found.update(dict.fromkeys(below))
    return list(found)


def melodies_below(folder: Path) -> Iterator[str]:
    """The melodies below a folder: YAML files that begin with ``melody:``, and functions marked ``@melody``."""
    for parent, names, files in os.walk(folder):
        names[:] = sorted(n for n in names if not n.startswith(".") and n not in _PASSED_BY)
        for file in sorted(files):
            path = Path(parent, file)
            if file.endswith(CASE_SUFFIXES):
                continue
            if path.suffix in (".yaml", ".yml") and _YAML.search(_text(path)):
                yield str(path)
            elif path.suffix == ".py":
                names_here = list(_marked(_text(path)))
                yield from [str(path)] if len(names_here) == 1 else (f"{path}:{name}" for name in names_here)


def tests_below(folder: Path) -> Iterator[Path]:
    """The files of tests below a folder: ``*.test.yaml``, ``test_*.py`` and ``*_test.py``, in the order of their names."""
    for parent, names, files in os.walk(folder):
        names[:] = sorted(n for n in names if not n.startswith(".") and n not in _PASSED_BY)
        for file in sorted(files):
            if file.endswith((*CASE_SUFFIXES, "_test.py")) or (file.startswith("test_") and file.endswith(".py")):
                yield Path(parent, file)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _marked(text: str) -> Iterator[str]:
    """The functions of a module that are marked ``@melody``."""
    if "@melody" not in text:
        return
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and any(_is_melody(mark) for mark in node.decorator_list):
            yield node.name


def _is_melody(mark: ast.expr) -> bool:
    called = mark.func if isinstance(mark, ast.Call) else mark
    return (called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")) == "melody"
