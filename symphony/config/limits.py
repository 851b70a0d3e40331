"""Reads how much of each resource a project's runs may use: the section ``limits`` of its configuration."""

from __future__ import annotations

from pathlib import Path

from symphony.config.environment import environment_of


def limits_of(root: Path) -> dict[str, float]:
    """The configured amounts by resource, tokens as ``token:NAME``; empty when nothing is configured.

    Raises:
        ConfigurationError: the configuration cannot be read, or a limit is none.
    """
    return dict(environment_of(root).limits)
