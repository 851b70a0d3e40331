"""Build hook: puts the ready-made melodies and the JSON Schemas into wheels, not into editable installs."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):
    """Adds `melodies/` and `schemas/` as package data for standard builds only, where no checkout stands beside."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            build_data["force_include"]["melodies"] = "symphony/_melodies"
            build_data["force_include"]["schemas"] = "symphony/_schemas"
