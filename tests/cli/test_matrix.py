"""Several runs by one command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from symphony.cli.matrix import Row, read_matrix
from symphony.errors import UsageError


@pytest.mark.parametrize(
    ("name", "text", "rows"),
    [
        ("m.yaml", "- {a: 1, b: x}\n- {a: 2}\n", [Row({"a": 1, "b": "x"}, {}), Row({"a": 2}, {})]),
        ("m.json", '{"a": [1, 2], "b": ["x"]}', [Row({"a": 1, "b": "x"}, {}), Row({"a": 2, "b": "x"}, {})]),
        ("m.csv", 'a,b\n1,"x, y"\n\n2,\n', [Row({}, {"a": "1", "b": "x, y"}), Row({}, {"a": "2", "b": ""})]),
    ],
)
def test_rows_are_read_from_lists_combinations_and_tables(tmp_path: Path, name: str, text: str, rows: Any) -> None:
    (tmp_path / name).write_text(text)

    assert read_matrix(tmp_path / name) == rows


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("m.yaml", "a: 1\n", "every combination"),
        ("m.yaml", "[]", "no rows"),
        ("m.yaml", "a: [", "neither JSON nor YAML"),
        ("m.csv", "a,a\n1,2\n", "must name each parameter once"),
        ("m.csv", "a,b\n1\n", "m.csv:2: this row has 1 values"),
    ],
)
def test_a_file_that_is_no_matrix_is_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)

    with pytest.raises(UsageError, match=said):
        read_matrix(tmp_path / name)


def test_a_file_that_is_not_there_is_named_with_what_it_should_hold(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.csv: there is no such file; write a list of mappings"):
        read_matrix(tmp_path / "none.csv")


def test_a_run_per_row_and_the_worst_end_counts(project: Path, symphony: Any) -> None:
    (project / "m.csv").write_text("name\nAda\nnobody\nGrace\n")

    done = symphony("run", "melodies/greetings.py:second", "--matrix", "m.csv", "--json", "--junit", "r.xml")

    runs = done.document()["runs"]
    assert done.code == 1
    assert [run["state"] for run in runs] == ["succeeded", "failed", "succeeded"]
    assert runs[2]["outputs"]["greeting"]["value"] == "Hello, Grace!"
    assert (project / "r.xml").read_text().count("<testsuite ") == 3
    tagged = symphony("runs", "--tag", "row-2", "--json").document()["runs"]
    assert [run["run"] for run in tagged] == [runs[1]["run"]]
