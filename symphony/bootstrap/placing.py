"""Gives problems their excerpts, and files the names that people at the current folder would type."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from symphony.config.project import find_project
from symphony.model.diagnostic import Diagnostic

if TYPE_CHECKING:
    pass


def finished(found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The problems with excerpts, each file named by its path from the current folder."""
    shown = lru_cache(maxsize=None)(_shown)
    root = find_project(Path.cwd()).root
    return tuple(replace(_with_excerpt(d, _text_of(d.file)), file=shown(d.file, root)) for d in found)


def _shown(file: str, root: Path) -> str:
    """A file of the project by its path from the current folder, another as it is.

    Tools that place problems in a review know files by their path in the checkout, not by one of this machine.
    """
    if not os.path.isabs(file):
        return file
    path = Path(file).resolve()
    return os.path.relpath(path, Path.cwd()) if path.is_relative_to(root) else file


@lru_cache(maxsize=32)
def _text_of(file: str) -> str:
    try:
        return Path(file).read_text("utf-8", errors="replace")
    except OSError:
        return ""


def _with_excerpt(found: Diagnostic, text: str) -> Diagnostic:
    if found.excerpt or found.span is None or not text:
        return found
    from symphony.compiler.excerpt import excerpt_of  # only where something is wrong

    return Diagnostic(found.code, found.message, found.severity, found.hint, found.file, found.span, found.task,
                      excerpt_of(text, found.span))  # fmt: skip


def forget_texts() -> None:
    """Read files anew: they may have changed since the last check."""
    _text_of.cache_clear()
