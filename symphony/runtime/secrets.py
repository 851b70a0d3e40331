"""Secrets by name, from the environment; remembered only so that they can be taken out of what is written."""

from __future__ import annotations

import os

from symphony.errors import SurroundingsError

PREFIX = "SYMPHONY_SECRET_"
_SHORTEST = 4


class Secrets:
    """Gives secrets and redacts their exact values. Thread-safe."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def get(self, name: str) -> str:
        """The value of a secret.

        Raises:
            SurroundingsError: it is not set; names the variable, never a value.
        """
        value = os.environ.get(PREFIX + name)
        if value is None:
            raise SurroundingsError(f"the secret {name!r} is not set: set the environment variable {PREFIX}{name}")
        if len(value) >= _SHORTEST:
            self._seen.add(value)
        return value

    def redact(self, text: str) -> str:
        """Replace every secret that was handed out."""
        for value in sorted(self._seen, key=len, reverse=True):
            text = text.replace(value, "***")
        return text
