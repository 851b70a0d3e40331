"""Writes the JSON Schema of files of test cases, from their models: what editors check them against."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from symphony.define.generated_files import write_or_check
from symphony.testing.case_models import CaseFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"
NAME = "test.schema.json"


def case_schema() -> dict[str, Any]:
    """The schema of a file of test cases."""
    schema = CaseFile.model_json_schema()
    head = {"$schema": DIALECT, "title": "Test cases of a melody"}
    return {**head, **{key: value for key, value in _plain(schema).items() if key != "title"}}


def _plain(schema: Any) -> Any:
    """A schema without what editors have no use for: titles made of names, defaults that mean nothing."""
    if isinstance(schema, list):
        return [_plain(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {}
    for key, value in schema.items():
        if (key == "title" and isinstance(value, str)) or key == "default":
            continue
        found[key] = _plain(value)
    return found


def text() -> str:
    """The text of the schema file."""
    return json.dumps(case_schema(), indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """``python -m symphony.testing.case_schema [--check]``: write the schema, or say whether it is fresh."""
    file = Path(__file__).resolve().parents[2] / "schemas" / NAME
    return write_or_check({file: text()}, arguments, command="symphony.testing.case_schema")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
