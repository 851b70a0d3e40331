"""Writes the JSON Schema of the files of settings, from the models: what editors and other tools check them against."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from symphony.config.sections import Configuration
from symphony.define.generated_files import write_or_check

FILE = Path(__file__).resolve().parents[2] / "schemas" / "config.schema.json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def config_schema() -> dict[str, Any]:
    """The schema of ``symphony.config.*``, and of ``[tool.symphony]`` in ``pyproject.toml``."""
    schema = Configuration.model_json_schema()
    parts = schema.pop("$defs")
    for part in (schema, *parts.values()):
        part.pop("title", None)
        part["description"] = part.get("description", "").partition("\n\n")[0]
        for name, entry in part.get("properties", {}).items():
            part["properties"][name] = _entry(entry)
    retry = schema["properties"]["retry"]
    parts["Retry"]["additionalProperties"] = False
    for part in (schema, parts["EnvironmentSection"]):
        part["properties"]["retry"] = {**retry, "anyOf": [{"type": "integer", "minimum": 1}, *retry["anyOf"]]}
    head = {"$schema": DIALECT, "title": "Settings of Symphony"}
    return {**head, **schema, "$defs": {name: parts[name] for name in sorted(parts)}}


def _entry(entry: dict[str, Any]) -> dict[str, Any]:
    """A key without the title that says its name once more, and without a default that only means left out."""
    return {k: v for k, v in entry.items() if k != "title" and not (k == "default" and v in (None, {}))}


def text() -> str:
    """The schema as it stands in its file."""
    return json.dumps(config_schema(), indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """``python -m symphony.config.schema_export [--check]``: write the schema, or say whether it is fresh."""
    return write_or_check({FILE: text()}, arguments, command="symphony.config.schema_export")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
