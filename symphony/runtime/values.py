"""A value on its way between calls: in memory, in the store, or both; loaded when first needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symphony.model.artifact import Artifact

MISSING: Any = type("Missing", (), {"__repr__": lambda self: "MISSING", "__slots__": ()})()
"""Stands for a value that is not in memory."""


class Held:
    """A value that may be in memory, in the store, or both.

    Attributes:
        artifact: the reference, when the value is in the store.
        secret: the name of the secret it is; such a value enters keys by this name only and is never kept.
        identity: what stands for the value in keys, once known: (identity, what to show).
    """

    __slots__ = ("_load", "_value", "artifact", "identity", "secret")

    def __init__(
        self,
        value: Any = MISSING,
        artifact: Artifact | None = None,
        load: Callable[[], Any] | None = None,
        secret: str = "",
    ) -> None:
        self._value, self.artifact, self._load, self.secret = value, artifact, load, secret
        self.identity: tuple[str, str] | None = None

    @property
    def value(self) -> Any:
        """The value; loaded or computed on first use."""
        if self._value is MISSING:
            assert self._load is not None
            self._value = self._load()
        return self._value

    @property
    def in_memory(self) -> bool:
        """Whether asking for the value costs nothing."""
        return self._value is not MISSING


def follow(value: Any, path: tuple[str | int, ...]) -> Any:
    """Follow a field path through a Python value: keys of maps, fields of records, elements of lists.

    Raises:
        KeyError: the path leads nowhere; the message shows how far it came.
    """
    for i, step in enumerate(path):
        try:
            value = value[step] if isinstance(step, int) or isinstance(value, dict) else getattr(value, step)
        except (KeyError, IndexError, AttributeError, TypeError):
            done = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path[:i])
            raise KeyError(
                f"there is no {step!r} in a {type(value).__qualname__} (after {done or 'nothing'})"
            ) from None
    return value
