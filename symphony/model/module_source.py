"""The source text of a project's modules, as a value: what code identity is computed from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ModuleSource:
    """One module of the project.

    Attributes:
        name: the dotted name it is imported by.
        file: the path from the project root, with ``/``.
        text: the source text.
        is_package: whether it is an ``__init__.py``; relative imports start there.
    """

    name: str
    file: str
    text: str
    is_package: bool = False


class SourceTree(Protocol):
    """Where the source of the project's modules comes from."""

    def module(self, name: str) -> ModuleSource | None:
        """Find a module of the project; None for everything else (standard library, installed, shipped)."""


class FixedSources:
    """A source tree of given modules."""

    def __init__(self, *modules: ModuleSource) -> None:
        self._by_name = {m.name: m for m in modules}

    def module(self, name: str) -> ModuleSource | None:
        """Find a module by name; returns None when there is none."""
        return self._by_name.get(name)
