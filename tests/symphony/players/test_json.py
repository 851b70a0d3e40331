"""Players that read, write and question JSON data."""

from __future__ import annotations

import json as standard
from pathlib import Path
from typing import Any

import pytest

from symphony.players import json

DATA: Any = {"rows": [{"name": "a", "n": 1}, {"name": "b", "n": 2}], "a.b": {"c": None}, "deep": {"x": {"y": 3}}}


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("rows[0].name", "a"),
        ("rows[-1].n", 2),
        ("rows[*].name", ["a", "b"]),
        ("deep.*.y", [3]),
        ('["a.b"].c', None),
        ("['a.b']", {"c": None}),
        ("$.deep.x", {"y": 3}),
        ("", DATA),
    ],
)
def test_query_follows_a_path(path: str, wanted: Any) -> None:
    assert json.query(DATA, path) == wanted


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("rows[7]", "no \\[7\\] in a list of 2"),
        ("rows.name", "'name' needs a map, and this is list"),
        ("deep.z", "there is no 'z'; there is 'x'"),
        ("deep[0]", "needs a list"),
        ("deep.x.y[*]", "needs a list or map"),
    ],
)
def test_query_names_the_step_that_leads_nowhere(path: str, message: str) -> None:
    with pytest.raises(LookupError, match=message):
        json.query(DATA, path)
    assert json.query(DATA, path, optional=True) is None


def test_path_that_cannot_be_read_is_an_error_also_when_optional() -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        json.query(DATA, "rows[x]", optional=True)


def test_parse_and_dump_are_inverse() -> None:
    assert json.parse(json.dump(DATA)) == DATA
    assert json.dump({"b": "ä", "a": 1}, indent=0, sort_keys=True) == '{"a": 1, "b": "ä"}'


@pytest.mark.parametrize(
    ("text", "message"), [("{\n  'a': 1}", "line 2, column 3"), ("[" * 100_000, "too deep|line 1")]
)
def test_text_that_is_no_json_is_located(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        json.parse(text)


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, object()])
def test_data_without_a_json_form_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="cannot be written as JSON"):
        json.dump(value)


def test_files_are_written_and_read(ctx: Any, tmp_path: Path) -> None:
    file = json.write(DATA, ctx, name="d.json")

    assert standard.loads(file.read_text()) == DATA
    assert json.read(file) == DATA
    (tmp_path / "bad.json").write_text("nope")
    with pytest.raises(ValueError, match=r"bad\.json: the text is no JSON, line 1"):
        json.read(tmp_path / "bad.json")


def test_merge_goes_deep_and_leaves_its_inputs_alone() -> None:
    """Semantics 8: inputs are read-only."""
    first, second = {"a": 1, "b": {"c": 2}}, {"b": {"d": 3}}

    assert json.merge([first, second]) == {"a": 1, "b": {"c": 2, "d": 3}}
    assert json.merge([first, second], deep=False) == {"a": 1, "b": {"d": 3}}
    assert first == {"a": 1, "b": {"c": 2}}
    with pytest.raises(TypeError, match=r"values\[1\] is list"):
        json.merge([first, []])
