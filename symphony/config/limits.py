"""Reads how much of each resource a project's runs may use: the section ``limits`` of its configuration."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from symphony.config.project import CONFIG_FILES
from symphony.errors import UsageError
from symphony.model.names import did_you_mean
from symphony.model.quantities import parse_size_bytes
from symphony.model.resources import TOKEN

KEYS = ("cpus", "memory", "gpus", "tokens")


def limits_of(root: Path) -> dict[str, float]:
    """The configured amounts by resource, tokens as ``token:NAME``; empty when nothing is configured.

    Raises:
        UsageError: the configuration cannot be read, or a limit is none.
    """
    for name in (*CONFIG_FILES, "pyproject.toml"):
        file = root / name
        if file.is_file():
            section = _content(file)
            section = section.get("tool", {}).get("symphony", {}) if name == "pyproject.toml" else section
            if "limits" in section:
                return read_limits(section["limits"], name)
    return {}


def read_limits(section: Any, file: str) -> dict[str, float]:
    """The amounts of one section ``limits``.

    Raises:
        UsageError: an unknown key, or an amount that is none; names file and key.
    """
    if not isinstance(section, Mapping):
        raise UsageError(f"{file}: limits must be a table such as cpus = 4, tokens.api = 2; it is {section!r}")
    found: dict[str, float] = {}
    for key, value in section.items():
        if key not in KEYS:
            raise UsageError(f"{file}: limits has no key {key!r}: {did_you_mean(key, KEYS, what='keys')}")
        if key != "tokens":
            found[key] = _amount(value, f"{file}: limits.{key}", size=key == "memory")
            continue
        if not isinstance(value, Mapping):
            raise UsageError(f"{file}: limits.tokens must be a table such as api = 2; it is {value!r}")
        for token, count in value.items():
            found[f"{TOKEN}{token}"] = _amount(count, f"{file}: limits.tokens.{token}")
    return found


def _amount(value: Any, where: str, *, size: bool = False) -> float:
    try:
        amount = parse_size_bytes(value) if size else value
    except ValueError as error:
        raise UsageError(f"{where}: {error}") from error
    if isinstance(amount, bool) or not isinstance(amount, (int, float)) or amount < 0:
        raise UsageError(f"{where}: {value!r} is no amount: write a number from 0")
    return float(amount)


def _content(file: Path) -> Mapping[str, Any]:
    try:
        text = file.read_text("utf-8")
        data = tomllib.loads(text) if file.suffix == ".toml" else _plain(text, file.suffix)
    except (OSError, ValueError) as error:
        raise UsageError(f"{file.name} cannot be read: {error}") from error
    return data if isinstance(data, Mapping) else {}


def _plain(text: str, suffix: str) -> Any:
    if suffix == ".json":
        return json.loads(text or "{}")
    import yaml  # only projects configured in YAML need the parser

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
