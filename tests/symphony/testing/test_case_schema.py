"""The JSON Schema of test cases is fresh, and agrees with the reader."""

from __future__ import annotations

import jsonschema
import pytest

from symphony.cli.init_files import CASES
from symphony.define.yaml_splice import plain_data
from symphony.testing.case_schema import case_schema, main

SCHEMA = jsonschema.Draft202012Validator(case_schema())


def test_the_schema_file_is_fresh() -> None:
    assert main(["--check"]) == 0


def test_the_cases_of_a_new_project_are_valid() -> None:
    assert [e.message for e in SCHEMA.iter_errors(plain_data(CASES))] == []


@pytest.mark.parametrize(
    "case",
    ["{}", "{name: ''}", "{name: a, param: {}}", "{name: a, stubs: {x: {}}}", "{name: a, stubs: {x: {returns: 1, raises: a}}}",
     "{name: a, expect: {state: ok}}", "{name: a, expect: {tasks: {x: done}}}", "{name: a, expect: {calls: {x: -1}}}",
     "{name: a, expect: {outputs: {x: {matches: 5}}}}", "{name: a, expect: {outputs: {x: {snapshot: false}}}}"],
)  # fmt: skip
def test_the_schema_refuses(case: str) -> None:
    assert not SCHEMA.is_valid(plain_data(f"cases:\n  - {case}\n"))
