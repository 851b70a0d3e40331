"""Finds and reads the files that settings stand in: the project's and the user's."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symphony.config.project import CONFIG_FILES
from symphony.errors import ConfigurationError, MelodyError

if TYPE_CHECKING:
    from symphony.define.yaml_locate import YamlPlaces

PYPROJECT = "pyproject.toml"
USER_FILES = ("config.toml", "config.yaml", "config.json")
_BARE = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_DOTTED = rf"{_BARE}(?:\s*\.\s*{_BARE})*"
_HEAD = re.compile(rf"\s*\[\s*({_DOTTED})\s*\]\s*(?:#.*)?")
_KEY = re.compile(rf"\s*({_DOTTED})\s*=")


@dataclass(frozen=True, slots=True)
class Source:
    """One file of settings.

    Attributes:
        file: where it lies.
        name: what people call it.
        data: the settings in it, as plain data.
    """

    file: Path
    name: str
    data: Mapping[str, Any]
    text: str = field(repr=False, compare=False, default="")

    def place(self, path: tuple[str | int, ...]) -> str:
        """Where a setting stands: ``pyproject.toml:12``; without a line where that is not known."""
        line = self._line(tuple(map(str, path)))
        return f"{self.name}:{line}" if line else self.name

    def _line(self, path: tuple[str, ...]) -> int | None:
        if self.file.suffix != ".toml":
            return _line_of_yaml(self.text, path)
        path = ("tool", "symphony", *path) if self.file.name == PYPROJECT else path
        lines = _lines_of_toml(self.text)
        return next((lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in lines), None)


def project_source(root: Path) -> Source | None:
    """The file of a project's settings; None where it has none.

    Raises:
        ConfigurationError: it cannot be read, or settings stand in more than one file.
    """
    found = [root / name for name in CONFIG_FILES if (root / name).is_file()]
    sources = [_read(file, file.name) for file in found]
    pyproject = root / PYPROJECT
    if pyproject.is_file():
        section = _read(pyproject, PYPROJECT)
        if section.data:
            sources.append(section)
    if len(sources) > 1:
        names = " and ".join(source.name for source in sources)
        raise ConfigurationError(f"the settings of {root} stand in {names}: keep them in one file")
    return sources[0] if sources else None


def user_source(variables: Mapping[str, str] | None = None) -> Source | None:
    """The file of the user's own settings, below ``$XDG_CONFIG_HOME`` or ``~/.config``; None where there is none.

    Raises:
        ConfigurationError: it cannot be read.
    """
    given = os.environ if variables is None else variables
    home = given.get("XDG_CONFIG_HOME") or (f"{given['HOME']}/.config" if given.get("HOME") else "")
    if not home:
        return None
    folder = Path(home) / "symphony"
    file = next((f for f in (folder / name for name in USER_FILES) if os.access(f, os.R_OK) and f.is_file()), None)
    return _read(file, str(file)) if file is not None else None


def named_environments(root: Path) -> dict[str, str]:
    """The environments that the project's and the user's file name, each with the executor that it names, if any.

    Raises:
        ConfigurationError: a file cannot be read.
    """
    found: dict[str, str] = {}
    for source in (project_source(root), user_source()):
        table = source.data.get("environments") if source is not None else None
        for name, section in table.items() if isinstance(table, Mapping) else ():
            executor = section.get("executor") if isinstance(section, Mapping) else None
            found.setdefault(str(name), executor if isinstance(executor, str) else "")
    return found


def _read(file: Path, name: str) -> Source:
    try:
        text = file.read_text("utf-8")
        if file.name == PYPROJECT and "symphony" not in text:
            return Source(file, name, {})  # most have nothing to say; parsing takes longer than looking
        data = _plain(text, file.suffix)
    except (OSError, ValueError, MelodyError) as error:
        raise ConfigurationError(f"{name} cannot be read: {error}") from error
    if file.name == PYPROJECT:
        data = data.get("tool", {}).get("symphony", {})
    if not isinstance(data, Mapping):
        raise ConfigurationError(f"{name} must hold a table of settings, such as executor = 'pit'; it is {data!r:.60}")
    return Source(file, name, data, text)


def _plain(text: str, suffix: str) -> Any:
    if suffix == ".toml":
        return tomllib.loads(text)
    if suffix == ".json":
        return json.loads(text or "{}", object_pairs_hook=_once)
    from symphony.define.yaml_splice import plain_data  # only for settings in YAML

    data = plain_data(text)
    return {} if data is None else data


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(n for n in names if names.count(n) > 1)!r} stands twice")
    return found


@lru_cache(maxsize=4)
def _lines_of_toml(text: str) -> Mapping[tuple[str, ...], int]:
    """The line of each table and key that begins a line. Keys inside braces have the line of what holds them."""
    return dict(_heads_of_toml(text))


def _heads_of_toml(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if head := _HEAD.fullmatch(line):
            table = _parts(head[1])
            yield table, number
        elif key := _KEY.match(line):
            yield table + _parts(key[1]), number


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_BARE, dotted))


def _line_of_yaml(text: str, path: tuple[str, ...]) -> int | None:
    found = _places_of_yaml(text).walk(path)[1:]
    if not found:
        return None
    key, value = found[-1]
    return int((key or value).start_mark.line) + 1


@lru_cache(maxsize=4)
def _places_of_yaml(text: str) -> YamlPlaces:
    from symphony.define.yaml_locate import YamlPlaces  # only where a place in YAML or JSON is asked for

    return YamlPlaces(text)
