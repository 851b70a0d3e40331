"""Where secrets come from: environment variables, files, and providers that others install."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from symphony.errors import ConfigurationError, SurroundingsError
from symphony.model.names import did_you_mean

PREFIX = "SYMPHONY_SECRET_"
GROUP = "symphony.secret_providers"
"""The group of entry points; each is called with what stands behind the colon and gives a `SecretProvider`."""
BUILT_IN = ("env", "file")


class SecretProvider(Protocol):
    """Gives secrets by name."""

    def get(self, name: str) -> str | None:
        """The value of a secret; None where this provider has none of the name."""


class EnvironmentSecrets:
    """Secrets in environment variables: ``SYMPHONY_SECRET_NAME``."""

    def get(self, name: str) -> str | None:
        """The value of the variable."""
        return os.environ.get(PREFIX + name)


class FileSecrets:
    """Secrets in a folder with a file for each, or in one file with a line ``NAME=value`` for each.

    Of a file of a folder one line end at its end is left out, as editors and ``echo`` put one there. In one file empty
    lines and those that begin with ``#`` say nothing, ``export`` before a name too, and quotes around a whole value are
    taken off. Nothing in it is expanded.
    """

    def __init__(self, path: str) -> None:
        if not path:
            raise ConfigurationError("the provider of secrets 'file' needs a path: file:secrets, or file:.env")
        self._path = Path(path)

    def get(self, name: str) -> str | None:
        """The content of the file, or the value of the line.

        Raises:
            SurroundingsError: it is there and cannot be read.
        """
        try:
            if not self._path.is_dir():
                return self._lines(self._path.read_text("utf-8")).get(name)
            file = self._path / name
            return file.read_text("utf-8").removesuffix("\n").removesuffix("\r") if file.is_file() else None
        except FileNotFoundError as error:
            raise SurroundingsError(f"the secrets of {self._path} cannot be read: there is no such file") from error
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise SurroundingsError(f"the secrets of {self._path} cannot be read: {reason}") from None

    @staticmethod
    def _lines(text: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for line in map(str.strip, text.splitlines()):
            name, sign, value = line.removeprefix("export ").partition("=")
            if sign and not line.startswith("#"):
                value = value.strip()
                quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
                found[name.strip()] = value[1:-1] if quoted else value
        return found


def provider_named(spec: str) -> SecretProvider:
    """Make a provider: ``env``, ``file:PATH``, or ``NAME`` or ``NAME:ARGUMENT`` of an installed one.

    Raises:
        ConfigurationError: there is no such provider.
        SurroundingsError: it is installed and cannot be loaded.
    """
    name, _, argument = spec.partition(":")
    if name == "env":
        return EnvironmentSecrets()
    if name == "file":
        return FileSecrets(argument)
    from importlib.metadata import entry_points  # slow to load; only for providers of others

    found = {point.name: point for point in entry_points(group=GROUP)}
    if name not in found:
        hint = did_you_mean(name, (*BUILT_IN, *found), what="providers")
        raise ConfigurationError(f"there is no provider of secrets {name!r}: {hint}")
    try:
        make: Callable[[str], SecretProvider] = found[name].load()
        return make(argument)
    except Exception as error:  # noqa: BLE001  its message is left out: it may have read a secret already
        raise SurroundingsError(f"the provider of secrets {name!r} cannot be made: {type(error).__name__}") from None


def place_of(spec: str, name: str) -> str:
    """Where a provider looks for a secret, for people."""
    kind, _, argument = spec.partition(":")
    if kind == "env":
        return f"the environment variable {PREFIX}{name}"
    return argument if kind == "file" else spec
