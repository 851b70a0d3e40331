"""What a player takes and gives, as a value: the compiler's view of a player."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from symphony.model.frozen import EMPTY, FrozenMap
from symphony.model.policy import Isolation, Resources, Retry
from symphony.model.port_type import ANY, PortType


class PlayerKind(StrEnum):
    """The three kinds of player."""

    INSTRUMENT = "instrument"
    OPERATOR = "operator"
    MOTIF = "motif"


@dataclass(frozen=True, slots=True)
class Port:
    """One input or output.

    Attributes:
        by_name: a path that enters a key by its name only (``Annotated[Path, ByName]``).
        doc: one line for people, from the docstring's ``Args``.
    """

    name: str
    type: PortType = ANY
    required: bool = True
    default: object = field(default=None, compare=False)
    by_name: bool = False
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Signature:
    """A player without its body.

    Attributes:
        name: the registered name (``text.split``) or ``module:qualname``.
        module, qualname: where the function is found.
        version: the declared version; empty when none was declared.
        outputs: one port ``out``, or one per field when the player declares several.
        several: whether outputs are read by name.
        effect: the return annotation is None: it always runs.
        cache: whether results may be served.
        fingerprint: whether it declares a fingerprint of the world it reads.
        env: environment variables that enter its key.
        in_project: whether identity follows the source text (True) or name and version (False).
    """

    name: str
    module: str
    qualname: str
    kind: PlayerKind = PlayerKind.OPERATOR
    version: str = ""
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = (Port("out"),)
    several: bool = False
    summary: str = ""
    doc: str = ""
    tags: tuple[str, ...] = ()
    effect: bool = False
    cache: bool = True
    fingerprint: bool = False
    env: tuple[str, ...] = ()
    codec: str | None = None
    is_async: bool = False
    takes_context: bool = False
    retry: Retry | None = None
    timeout_s: float | None = None
    isolation: Isolation | None = None
    resources: Resources | None = None
    tokens: FrozenMap[str, int] = EMPTY
    in_project: bool = True

    def input(self, name: str) -> Port | None:
        """Find an input by name; returns None when there is none."""
        return next((p for p in self.inputs if p.name == name), None)

    def output(self, name: str) -> Port | None:
        """Find an output by name; returns None when there is none."""
        return next((p for p in self.outputs if p.name == name), None)


class Catalog(Protocol):
    """Where the compiler finds players. Looking up the same name twice gives equal signatures."""

    def find(self, name: str) -> Signature | None:
        """Find a player by the name a melody uses.

        Raises:
            PlayerDefinitionError: the name leads to something that cannot be a player; says what it is.
        """

    def names(self) -> Iterable[str]:
        """Names that could be meant, for suggestions."""


class FixedCatalog:
    """A catalog of given signatures."""

    def __init__(self, signatures: Iterable[Signature]) -> None:
        self._by_name: Mapping[str, Signature] = {s.name: s for s in signatures}

    def find(self, name: str) -> Signature | None:
        """Find a player by name; returns None when there is none."""
        return self._by_name.get(name)

    def names(self) -> Iterable[str]:
        """All names."""
        return self._by_name
