"""Writes the JSON Schemas of melodies and plans, from the models: what editors and other tools check against."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from symphony.model.melody import Melody
from symphony.model.names import IDENTIFIER, LONGEST, MELODY_NAME, VERSION
from symphony.model.plan import Plan

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ANY_VALUE = {"description": "Plain data; text that holds ${{ }} is an expression."}


def melody_schema() -> dict[str, Any]:
    """The schema of a melody in YAML, short forms included."""
    schema = Melody.model_json_schema(by_alias=True, mode="validation")
    definitions = schema["$defs"]
    for model in (schema, definitions["Task"], definitions["Param"]):
        _drop_titles(model)
    definitions["Task"] |= _one_of(("player",), ("run",), ("melody",))
    definitions["Task"]["properties"]["each"] = _each()
    definitions["Task"]["properties"]["retry"] = {
        "anyOf": [{"type": "integer", "minimum": 1}, {"$ref": "#/$defs/Retry"}],
        "description": "When a failed call is tried again; a number is short for attempts.",
    }
    output = {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/ShellOutput"}]}
    definitions["Task"]["properties"]["outputs"] = _named(output, "Files that a shell step leaves.")
    definitions["Task"]["properties"]["with"] = _named(ANY_VALUE, "Values and references for the inputs.")
    for name in ("children", "source"):
        schema["properties"].pop(name, None)
    properties = schema["properties"]
    properties["melody"]["pattern"] = f"^{MELODY_NAME.pattern}$"
    properties["version"]["pattern"] = f"^{VERSION.pattern}$"
    param = {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/Param"}]}
    properties["params"] = _named(param, "What a run may be given; a type alone is short for a parameter of it.")
    properties["tasks"] = _named({"$ref": "#/$defs/Task"}, "The steps.")
    properties["outputs"] = _named(ANY_VALUE, "What a run gives.")
    used = json.dumps(schema)
    schema["$defs"] = {n: d for n, d in definitions.items() if f"#/$defs/{n}" in used and n not in ("Each", "Source", "Span")}
    return {"$schema": DIALECT, "title": "A melody", **{k: v for k, v in schema.items() if k != "title"}}


def plan_schema() -> dict[str, Any]:
    """The schema of a plan file."""
    schema = Plan.model_json_schema(by_alias=True, mode="validation")
    definitions = schema["$defs"]
    root = definitions.get("Plan", schema)
    root["properties"]["hash"] = {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "The hash of the plan."}
    definitions["PlannedTask"]["properties"]["each"] = _each()
    definitions["PlannedTask"]["properties"]["retry"] = {"$ref": "#/$defs/Retry"}
    definitions.pop("Each", None)
    return {"$schema": DIALECT, "title": "A plan", **{k: v for k, v in schema.items() if k != "title"}}


def _one_of(*keys: tuple[str, ...]) -> dict[str, Any]:
    return {"oneOf": [{"required": list(k)} for k in keys]}


def _named(value: dict[str, Any], description: str) -> dict[str, Any]:
    pattern = f"^(?!(in|true|false|null)$){IDENTIFIER.pattern}$"
    return {
        "type": ["object", "null"],
        "propertyNames": {"pattern": pattern, "maxLength": LONGEST},
        "additionalProperties": value,
        "description": description,
    }


def _each() -> dict[str, Any]:
    lists = {"type": "object", "additionalProperties": ANY_VALUE, "minProperties": 1}
    crossed = {"type": "object", "properties": {"product": lists}, "required": ["product"], "additionalProperties": False}
    return {
        "anyOf": [{"type": "string"}, {"type": "array"}, crossed, {**lists, "not": {"required": ["product"]}}],
        "description": "One call per element: a list or a reference, a map of lists to zip, or product: lists to cross.",
    }


def _drop_titles(model: dict[str, Any]) -> None:
    for entry in model.get("properties", {}).values():
        entry.pop("title", None)


def write_schemas(folder: Path) -> None:
    """Write both schemas into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts().items():
        (folder / name).write_text(text, "utf-8")


def texts() -> dict[str, str]:
    """The text of each schema file."""
    found = {"melody.schema.json": melody_schema(), "plan.schema.json": plan_schema()}
    return {name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for name, schema in found.items()}


def main(arguments: list[str]) -> int:
    """``python -m symphony.define.schema_export [--check]``: write the schemas, or say whether they are fresh."""
    folder = Path(__file__).resolve().parents[2] / "schemas"
    if "--check" not in arguments:
        write_schemas(folder)
        return 0
    stale = [n for n, text in texts().items() if not (folder / n).is_file() or (folder / n).read_text("utf-8") != text]
    if stale:
        sys.stderr.write(f"out of date: {', '.join(stale)}; run python -m symphony.define.schema_export\n")
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
