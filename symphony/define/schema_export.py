"""Writes the JSON Schemas of melodies and plans, from the models: what editors and other tools check files against.

A schema accepts every file that the reader accepts. What only a parser can tell (whether an expression or a nested type
is well formed, whether an integer is written as one) is left to the reader.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from symphony.define.generated_files import write_or_check
from symphony.define.yaml_document import MELODY_ORDER
from symphony.define.yaml_task import COMMON, KEYS_OF_KIND, KINDS, PRODUCT, SHELL_NAMES
from symphony.model.melody import Melody
from symphony.model.names import IDENTIFIER, LONGEST, MELODY_NAME, RESERVED, VERSION
from symphony.model.param import Param
from symphony.model.plan import FORMAT, Plan, PlannedTask, PlayerPin
from symphony.model.policy import OnFailure, Resources, Retry
from symphony.model.port_type import ALIASES, CONTAINERS, SCALARS
from symphony.model.task import ShellOutput, Task

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]

_VALUE: Schema = {"description": "Plain data; text that holds ${{ }} is an expression."}
_SOLE_EXPRESSION = r"^\s*\$\{\{[\s\S]*\}\}\s*$"
_FIXED_TEXT: Schema = {"type": "string", "pattern": r"^(?![\s\S]*\$\{\{)[\s\S]*\S"}
"""Text with something in it and no expression."""
_INSIDE = r"^(?!/)(?!(?:[\s\S]*/)?\.\.(?:/|$))(?![\s\S]*\$\{\{)[\s\S]*\S"
"""A path that stays in the work folder."""
_TYPE_WORDS = "|".join(sorted({*SCALARS, *ALIASES, *CONTAINERS} - {"union"}))
_TYPE = (
    rf"^(?:(?:{_TYPE_WORDS})(?![A-Za-z0-9_/])|[a-z]+/[A-Za-z0-9.+*_-]+(?![A-Za-z0-9.+*_-])"
    r"|[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_.<>]*(?![A-Za-z0-9_.<>])"
    r'|"[^"]*"|-?[0-9]+(?:\.[0-9]+)?(?![0-9])|true|false|\.\.\.|[\[\]|,\s])+$'
)
"""The words of port types in any order; their nesting is the reader's to check."""
_POSITIVE = r"(?=[^1-9]*[1-9])"

_OF_PLANS: dict[type[BaseModel], dict[str, str]] = {
    Plan: {
        "symphony": "The format of the plan file.",
        "hash": "The hash of the plan: what will run, not its name, version or description.",
        "melody": "The name of the melody.",
        "version": "The version of the melody.",
        "description": "What the melody is for.",
        "params": "What a run may be given.",
        "env": "Environment variables that expressions may read.",
        "on_failure": "What a failed task means for tasks that do not need it; continue where it is left out.",
        "players": "Every player that is called, pinned.",
        "tasks": "The tasks, each after those it waits for.",
        "outputs": "What a run gives.",
        "output_types": "The type of each output.",
    },
    PlayerPin: {
        "name": "The name that melodies use.",
        "kind": "instrument, operator or motif.",
        "version": "The declared version.",
        "module": "The module of the function.",
        "qualname": "The function in its module.",
        "identity": "A hash of everything that the player's code reaches; null where no source was found.",
        "imports": "Third-party modules that reached code imports.",
        "inputs": "The type of each input.",
        "outputs": "The type of each output.",
        "several": "Whether outputs are read by name.",
        "effect": "Whether it gives nothing and so always runs.",
        "cache": "Whether results may be served.",
        "fingerprint": "Whether it describes the world that it reads.",
        "env": "Environment variables that enter its key.",
        "codec": "The codec of its result, where it asks for one.",
        "is_async": "Whether it is a coroutine.",
        "takes_context": "Whether it takes a context.",
    },
    PlannedTask: {
        "id": "The full id; child.x for a task of a sub-melody.",
        "player": "The player to call.",
        "run": "A bash script.",
        "body": "A sub-melody that is run once per element.",
    },
}


def melody_schema() -> Schema:
    """The schema of a melody in YAML, short forms included."""
    definitions = _definitions(Param, Task, Retry, Resources, ShellOutput)
    _refine_policies(definitions)
    definitions["Task"] = _task(definitions["Task"])
    definitions["Param"] = _param(definitions["Param"])
    described = {n: Schema(description=Melody.model_fields[n].description) for n in MELODY_ORDER}
    forms: dict[str, Schema] = {
        "melody": {"type": "string", "pattern": _whole(MELODY_NAME.pattern), "maxLength": LONGEST},
        "version": {"type": "string", "pattern": _whole(VERSION.pattern), "default": "0.0.0"},
        "description": {"type": "string"},
        "params": _named({"anyOf": [{"$ref": "#/$defs/Type"}, {"$ref": "#/$defs/Param"}]}),
        "env": {"type": "array", "items": {"type": "string", "pattern": _whole(IDENTIFIER.pattern)}},
        "on_failure": {"enum": [str(word) for word in OnFailure], "default": str(OnFailure.CONTINUE)},
        "tasks": _named({"$ref": "#/$defs/Task"}),
        "outputs": _named(_VALUE),
    }
    return {
        "$schema": DIALECT,
        "title": "A melody",
        "description": "A workflow: parameters, tasks and outputs.",
        "type": "object",
        "properties": {n: described[n] | forms[n] for n in MELODY_ORDER},
        "required": ["melody"],
        "additionalProperties": False,
        "$defs": {n: definitions[n] for n in sorted(definitions)},
    }


def plan_schema() -> Schema:
    """The schema of a plan file."""
    definitions = _definitions(Plan, PlayerPin, PlannedTask, Param, Retry, Resources, ShellOutput)
    described: dict[type[BaseModel], dict[str, str]] = {**_OF_PLANS, PlannedTask: _planned_task_descriptions()}
    for model, descriptions in described.items():
        properties = definitions[model.__name__]["properties"]
        for name, text in descriptions.items():
            properties.setdefault(name, {})["description"] = text
    plan, task = definitions["Plan"], definitions["PlannedTask"]
    plan["properties"]["hash"] |= {"type": "string", "pattern": "^[0-9a-f]{64}$"}
    plan["properties"]["symphony"] |= {"const": FORMAT}
    plan["required"] = ["symphony", "hash", "melody"]
    nested = {**plan, "required": ["melody"]}  # a sub-melody inside a task carries no hash of its own
    task["properties"]["each"] = _each(task["properties"]["each"]["description"], strict=False)
    definitions["Plan"] = nested
    definitions = {n: definitions[n] for n in sorted(definitions)}
    return {
        "$schema": DIALECT,
        "title": "A plan",
        "description": "A compiled melody, like a lock file.",
        **plan,
        "$defs": definitions,
    }


def _planned_task_descriptions() -> dict[str, str]:
    """What a task says of its keys holds for a planned one as well."""
    own = {f.alias or n: f.description or "" for n, f in Task.model_fields.items()}
    planned = {f.alias or n for n, f in PlannedTask.model_fields.items()}
    return {n: text for n, text in own.items() if n in planned} | _OF_PLANS[PlannedTask]


# the parts of a melody -----------------------------------------------------------------------------------------------


def _definitions(*models: type[BaseModel]) -> dict[str, Schema]:
    """The schemas of models by name, without the titles that say the name once more."""
    _, whole = models_json_schema([(m, "validation") for m in models], by_alias=True, ref_template="#/$defs/{model}")
    definitions: dict[str, Schema] = {n: d for n, d in whole["$defs"].items() if n != "Each"}
    for definition in definitions.values():
        definition.pop("title", None)
        if "description" in definition:
            definition["description"] = definition["description"].partition("\n\n")[0]
        for entry in definition.get("properties", {}).values():
            entry.pop("title", None)
    return definitions


def _refine_policies(definitions: dict[str, Schema]) -> None:
    retry, output = definitions["Retry"]["properties"], definitions["ShellOutput"]["properties"]
    retry["on"]["items"] = _FIXED_TEXT
    memory = definitions["Resources"]["properties"]["memory"]
    for entry in (memory, retry["max_time"]):
        entry |= _without_null(entry)
        del entry["default"]
    output["path"] |= {"pattern": _INSIDE}
    output["type"] = {"$ref": "#/$defs/Type", "description": output["type"]["description"]}
    definitions["Type"] = {
        "type": "string",
        "pattern": _TYPE,
        "description": "A port type: string integer number boolean bytes path json datetime duration, list[T], map[T], "
        "or a media type.",
        "examples": ["string", "integer", "list[path]", "text/html"],
    }


def _param(schema: Schema) -> Schema:
    properties = schema["properties"]
    properties["type"] = {"$ref": "#/$defs/Type", "description": properties["type"]["description"], "default": "string"}
    forms: dict[str, Schema] = {
        "required": {"type": "boolean"},
        "choices": {"type": "array", "minItems": 1},
        "minimum": {"type": "number"},
        "maximum": {"type": "number"},
        "pattern": _FIXED_TEXT,
    }
    for name, form in forms.items():
        properties[name] = {"description": properties[name]["description"], **form}
    return schema


def _task(schema: Schema) -> Schema:
    properties = schema["properties"]
    for name, form in _task_forms(properties).items():
        properties[name] = {"description": properties[name]["description"], **form}
    properties["each"] = _each(properties["each"]["description"])
    only_melodies: Schema = {k: False for k in properties if k not in KEYS_OF_KIND["melody"] and k not in KINDS}
    shell_inputs: Schema = {"with": {"propertyNames": {"not": {"pattern": _whole(SHELL_NAMES.pattern)}}}}
    return {
        **schema,
        "oneOf": [{"required": [kind]} for kind in KINDS],
        "allOf": [
            {
                "if": {"required": ["run"]},
                "then": {"properties": shell_inputs},
                "else": {"properties": {"outputs": False}},
            },
            {"if": {"required": ["melody"]}, "then": {"properties": only_melodies}},
        ],
        "$comment": f"A task that runs a melody takes {', '.join(COMMON)}.",
    }


def _task_forms(properties: dict[str, Schema]) -> dict[str, Schema]:
    durations = [{**form, **_positive(form)} for form in _without_null(properties["timeout"])["anyOf"]]
    return {
        "player": _FIXED_TEXT,
        "run": {**_FIXED_TEXT, "examples": ['ruff check "$repo" > out.txt']},
        "melody": _FIXED_TEXT,
        "with": _named(_VALUE),
        "when": {"anyOf": [{"type": "boolean"}, {"type": "string", "pattern": _SOLE_EXPRESSION}]},
        "needs": {"type": "array", "items": _FIXED_TEXT},
        "retry": {"anyOf": [{"type": "integer", "minimum": 1}, {"$ref": "#/$defs/Retry"}]},
        "timeout": {"anyOf": durations},
        "isolation": {"$ref": "#/$defs/Isolation"},
        "resources": {"$ref": "#/$defs/Resources"},
        "tokens": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 1}},
        "priority": {"type": "integer"},
        "cache": {"type": "boolean"},
        "outputs": _named(
            {"anyOf": [{"type": "string", "pattern": _INSIDE}, {"$ref": "#/$defs/ShellOutput"}]}, "stdout", "stderr"
        ),
    }


def _positive(form: Schema) -> Schema:
    if form["type"] == "string":
        return {"pattern": "^" + _POSITIVE + form["pattern"].removeprefix("^")}
    return {"exclusiveMinimum": 0}


def _without_null(schema: Schema) -> Schema:
    """The forms of a key that may be left out, without the null that stands for leaving it out."""
    forms = [f for f in schema["anyOf"] if f.get("type") != "null"]
    return forms[0] if len(forms) == 1 and "anyOf" in forms[0] else {"anyOf": forms}


def _each(description: str, *, strict: bool = True) -> Schema:
    source: Schema = {"anyOf": [{"type": "array"}, {"type": "string", "pattern": _SOLE_EXPRESSION}]} if strict else {}
    zipped: Schema = {**_named(source, PRODUCT), "type": "object", "minProperties": 1}
    lists: Schema = {**_named(source), "type": "object", "minProperties": 1}
    crossed = {"type": "object", "properties": {PRODUCT: lists}, "required": [PRODUCT], "additionalProperties": False}
    forms = source["anyOf"] if strict else [{"type": "array"}, {"type": "string"}]
    return {"description": description, "anyOf": [*forms, zipped, crossed]}


def _named(value: Schema, *taken: str) -> Schema:
    """A map from names to `value`; a key with nothing behind it is an empty one."""
    words = "|".join(sorted({*RESERVED, *taken}))
    return {
        "type": ["object", "null"],
        "propertyNames": {"pattern": f"^(?!(?:{words})$){IDENTIFIER.pattern}$", "maxLength": LONGEST},
        "additionalProperties": value,
    }


def _whole(pattern: str) -> str:
    return f"^(?:{pattern})$"


# files ---------------------------------------------------------------------------------------------------------------


def texts() -> dict[str, str]:
    """The text of each schema file, by its name."""
    found = {"melody.schema.json": melody_schema(), "plan.schema.json": plan_schema()}
    return {name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for name, schema in found.items()}


def main(arguments: list[str]) -> int:
    """``python -m symphony.define.schema_export [--check]``: write the schemas, or say whether they are fresh."""
    folder = Path(__file__).resolve().parents[2] / "schemas"
    files = {folder / name: text for name, text in texts().items()}
    return write_or_check(files, arguments, command="symphony.define.schema_export")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
