"""The settings that this program reads, each with the place that decided it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from symphony.config.environment import Environment
    from symphony.config.project import Project

MARKS = ("symphony.config.toml", "symphony.config.yaml", "symphony.config.json", "pyproject.toml", ".git")
HIDDEN = "***"
_SENSITIVE = re.compile(r"secret|password|passwd|token|credential|key", re.IGNORECASE)
_USER = re.compile(r"(?<=://)[^/@]*@")
_OPTIONS = ("executor_options", "store_options")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. `origin` is a flag, a variable of the environment, a file with line, or ``default``."""

    name: str
    value: object
    origin: str

    @property
    def text(self) -> str:
        """The value for people."""
        if isinstance(self.value, (list, tuple)):
            return ", ".join(map(str, self.value)) or "none"
        return "none" if self.value is None else str(self.value)


def settings_in_force(project: Project, env: str | None = None) -> list[Setting]:
    """List the settings, as they hold for a command started in the current folder.

    What may be a password (a user in a URL, an option whose name says so) is hidden.

    Raises:
        ConfigurationError: the settings are wrong, or there is no such environment.
    """
    from symphony.config.environment import environment_of  # reads files; kept from --help

    environment = environment_of(project.root, env)
    return [
        Setting("root", str(project.root), _origin_of_root(project)),
        Setting("state", str(project.state), _variable("SYMPHONY_STATE") or "default"),
        Setting("environment", environment.name or None, environment.origin("environment")),
        *_of_environment(environment),
        Setting("colour", _variable("NO_COLOR") is None, _variable("NO_COLOR") or "default"),
        Setting("debug", os.environ.get("SYMPHONY_DEBUG") == "1", _variable("SYMPHONY_DEBUG") or "default"),
    ]


def _of_environment(environment: Environment) -> Iterator[Setting]:
    for key in ("executor", "workers", "processes", "durability", "store", "cache"):
        yield Setting(key, _shown(key, getattr(environment, key)), environment.origin(key))
    yield Setting("secrets", list(environment.secrets), environment.origin("secrets"))
    retry = environment.retry.model_dump(mode="json", exclude_unset=True) if environment.retry is not None else None
    yield Setting("retry", retry, environment.origin("retry"))
    yield Setting("timeout", environment.timeout_s, environment.origin("timeout"))
    for table in ("limits", "params", *_OPTIONS):
        for name, value in getattr(environment, table).items():
            key = f"{table}.{name.replace(':', 's.', 1) if table == 'limits' else name}"
            yield Setting(key, _shown(key, value), environment.origin(key))


def _shown(key: str, value: Any) -> Any:
    """A value as it may be shown."""
    if key.startswith(_OPTIONS) and _SENSITIVE.search(key.partition(".")[2]) and not _names_secret(value):
        return HIDDEN
    if isinstance(value, Mapping):
        return {name: _shown(f"{key}.{name}", inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_shown(key, inner) for inner in value]
    return _USER.sub(f"{HIDDEN}@", value) if isinstance(value, str) else value


def _names_secret(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("secrets.")


def _origin_of_root(project: Project) -> str:
    """What marks the folder as the root of a project."""
    mark = next((m for m in MARKS if (project.root / m).exists()), None)
    return str(project.root / mark) if mark else "the current folder"


def _variable(name: str) -> str | None:
    return f"${name}" if os.environ.get(name) else None
