"""What code identity gives back: the digest, what was included, and what deserves a second look."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Key(NamedTuple):
    """The name of a definition: a module and a name at its top level. An empty name means the whole module."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}:{self.name}" if self.name else self.module


class DefinitionKind(StrEnum):
    """What a definition is."""

    FUNCTION = "function"
    CLASS = "class"
    GLOBAL = "global"
    MODULE = "module"


@dataclass(frozen=True, slots=True, order=True)
class Reached:
    """A definition that an identity includes.

    Attributes:
        kind: function, class, global (all statements that bind one name) or module (the whole of it).
        qualname: the name at the top level of the module; empty for a whole module.
        file: the path from the project root.
        line, end_line: where it stands, from 1, both included.
        digest: SHA-256 of its own normal form; what it reaches has digests of its own.
    """

    module: str
    qualname: str
    kind: DefinitionKind
    file: str
    line: int
    end_line: int
    digest: str

    def label(self) -> str:
        """The definition as people call it: ``tasks.clean()``, ``class tasks.Stats``, ``tasks.LIMIT``."""
        dotted = f"{self.module}.{self.qualname}"
        return {
            DefinitionKind.FUNCTION: f"{dotted}()",
            DefinitionKind.CLASS: f"class {dotted}",
            DefinitionKind.GLOBAL: dotted,
            DefinitionKind.MODULE: f"module {self.module}",
        }[self.kind]


class NoteKind(StrEnum):
    """What deserves a second look."""

    MUTABLE_GLOBAL = "mutable-global"
    DYNAMIC_MODULE = "dynamic-module"
    DYNAMIC_CODE = "dynamic-code"
    DYNAMIC_IMPORT = "dynamic-import"
    STAR_IMPORT = "star-import"


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """A lint about code that an identity includes."""

    module: str
    line: int
    name: str
    kind: NoteKind
    message: str


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity of a player's code.

    Attributes:
        digest: SHA-256 as 64 hexadecimal digits, equal on every machine and supported Python; None: caching is off.
        reason: why there is no digest, or why it rests on the declared version alone; else empty.
        reached: what was included, by module and name.
        imports: top-level names of the installed modules that included code uses; their versions enter keys.
        notes: lints, by module and line.
    """

    digest: str | None
    reason: str = ""
    reached: tuple[Reached, ...] = ()
    imports: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
