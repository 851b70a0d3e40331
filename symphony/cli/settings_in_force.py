"""The settings that this program reads, each with the place that decided it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from symphony.config.project import Project

MARKS = ("symphony.config.toml", "symphony.config.yaml", "symphony.config.json", "pyproject.toml", ".git")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. `origin` is a variable of the environment, a file, or ``default``."""

    name: str
    value: object
    origin: str


def settings_in_force(project: Project) -> list[Setting]:
    """List the settings, as they hold for a command started in the current folder."""
    return [
        Setting("root", str(project.root), _origin_of_root(project)),
        Setting("state", str(project.state), _variable("SYMPHONY_STATE") or "default"),
        Setting("executor", "pit", "default"),
        Setting("durability", "process", "default"),
        Setting("colour", _variable("NO_COLOR") is None, _variable("NO_COLOR") or "default"),
        Setting("debug", os.environ.get("SYMPHONY_DEBUG") == "1", _variable("SYMPHONY_DEBUG") or "default"),
    ]


def _origin_of_root(project: Project) -> str:
    """What marks the folder as the root of a project."""
    mark = next((m for m in MARKS if (project.root / m).exists()), None)
    return str(project.root / mark) if mark else "the current folder"


def _variable(name: str) -> str | None:
    return f"${name}" if os.environ.get(name) else None
