"""Build hook: puts the ready-made melodies and the JSON Schemas into wheels, not into editable installs."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):
    """Adds `melodies/` and `schemas/` as package data for standard builds only, where no checkout stands beside."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "standard":
            return
        for folder in ("melodies", "schemas"):
            if Path(self.root, folder).is_dir():  # a checkout holds no empty folders
                build_data["force_include"][folder] = f"symphony/_{folder}"
