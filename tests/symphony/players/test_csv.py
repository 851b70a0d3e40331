"""Players for comma-separated files and for the tables read from them."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symphony.players import csv

PEOPLE: list[dict[str, Any]] = [
    {"name": "Ada", "team": "a", "age": 36},
    {"name": "Bob", "team": "b", "age": None},
    {"name": "Cy", "team": "a", "age": 20},
]


def test_columns_get_one_type_each() -> None:
    rows = csv.parse("id,price,ok,code,note\n1,2.5,true,007,\n2,3,false,042,x\n")

    assert rows == [
        {"id": 1, "price": 2.5, "ok": True, "code": "007", "note": None},
        {"id": 2, "price": 3.0, "ok": False, "code": "042", "note": "x"},
    ]


def test_types_can_be_left_alone() -> None:
    assert csv.parse("a\n1\n", types=False) == [{"a": "1"}]


def test_missing_values_do_not_spoil_a_number_column() -> None:
    assert csv.parse("a,b\n1,NA\nn/a,2.5\n") == [{"a": 1, "b": None}, {"a": None, "b": 2.5}]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_found_out(delimiter: str) -> None:
    text = "\n".join(delimiter.join(row) for row in (["a", "b", "c"], ["1", "2", "3"]))

    assert csv.parse(text) == [{"a": 1, "b": 2, "c": 3}]


def test_quotes_line_ends_and_blank_lines() -> None:
    assert csv.parse('a,b\r\n"x, ""y""\nz",1\r\n\r\n') == [{"a": 'x, "y"\nz', "b": 1}]


def test_names_of_columns_are_made_unique() -> None:
    assert csv.parse("a,a,,a_2\n1,2,3,4\n") == [{"a": 1, "a_2": 2, "column_3": 3, "a_2_2": 4}]
    assert csv.parse("1,2\n", header=False) == [{"column_1": 1, "column_2": 2}]


def test_short_lines_are_filled_and_long_ones_refused() -> None:
    assert csv.parse("a,b\n1\n") == [{"a": 1, "b": None}]
    with pytest.raises(ValueError, match="line 3 has 3 fields, and there are 2 columns"):
        csv.parse("a,b\n1,2\n1,2,3\n")


def test_file_is_read_in_its_encoding(tmp_path: Path) -> None:
    file = tmp_path / "p.csv"
    file.write_bytes("name\nJosé\n".encode("latin-1"))

    assert csv.read(file) == [{"name": "José"}]
    file.write_bytes(b"a\0\xff")
    with pytest.raises(ValueError, match="binary"):
        csv.read(file)
    with pytest.raises(ValueError, match="max_bytes=1"):
        csv.read(file, max_bytes=1)


def test_empty_text_is_an_empty_table() -> None:
    assert csv.parse("") == []
    assert csv.parse("a,b\n") == []


def test_written_table_comes_back(ctx: Any) -> None:
    file = csv.write(PEOPLE, ctx, name="p.csv")

    assert csv.read(file) == PEOPLE
    assert csv.dump([{"a": True, "b": 'x"y'}]) == 'a,b\ntrue,"x""y"\n'
    with pytest.raises(LookupError, match="did you mean 'name'"):
        csv.dump(PEOPLE, columns=["nam"])


_cell = st.one_of(st.integers(-1000, 1000), st.text(alphabet='ab,;"\n xyz', min_size=1).map(lambda t: f"v{t}v"))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.fixed_dictionaries({"one": _cell, "two": _cell}), min_size=1, max_size=8))
def test_any_table_comes_back_as_text(rows: list[dict[str, Any]]) -> None:
    wanted = [{k: str(v) for k, v in row.items()} for row in rows]

    assert csv.parse(csv.dump(rows), delimiter=",", types=False) == wanted


def test_select_keeps_the_order_asked_for() -> None:
    assert [list(r) for r in csv.select(PEOPLE, ["age", "name"])] == [["age", "name"]] * 3
    with pytest.raises(LookupError, match="no column 'size'"):
        csv.select(PEOPLE, ["size"])


@pytest.mark.parametrize(
    ("column", "compare", "value", "names"),
    [
        ("team", "==", "a", ["Ada", "Cy"]),
        ("team", "!=", "a", ["Bob"]),
        ("age", ">=", 36, ["Ada"]),
        ("age", "<", 36, ["Cy"]),
        ("age", "missing", None, ["Bob"]),
        ("age", "present", None, ["Ada", "Cy"]),
        ("name", "contains", "b", ["Bob"]),
        ("name", "starts", "A", ["Ada"]),
        ("name", "in", ["Cy", "Ada"], ["Ada", "Cy"]),
        ("age", "<", "x", []),
    ],
)
def test_filter_keeps_rows(column: str, compare: Any, value: Any, names: list[str]) -> None:
    assert [r["name"] for r in csv.filter(PEOPLE, column, compare, value)] == names


def test_sort_puts_missing_values_last_both_ways() -> None:
    assert [r["name"] for r in csv.sort(PEOPLE, ["age"])] == ["Cy", "Ada", "Bob"]
    assert [r["name"] for r in csv.sort(PEOPLE, ["age"], descending=True)] == ["Ada", "Cy", "Bob"]
    assert [r["name"] for r in csv.sort(PEOPLE, ["team", "name"], limit=2)] == ["Ada", "Cy"]


def test_group_counts_and_measures() -> None:
    measures = {
        "mean": "mean age",
        "sum": "sum age",
        "names": "list name",
        "different": "distinct name",
        "most": "max age",
    }

    assert csv.group(PEOPLE, ["team"], measures) == [
        {"team": "a", "count": 2, "mean": 28.0, "sum": 56, "names": ["Ada", "Cy"], "different": 2, "most": 36},
        {"team": "b", "count": 1, "mean": None, "sum": 0, "names": ["Bob"], "different": 1, "most": None},
    ]
    with pytest.raises(ValueError, match="is no measure"):
        csv.group(PEOPLE, ["team"], {"x": "age"})


def test_join_inner_left_and_outer() -> None:
    cities = [{"name": "Ada", "city": "London", "age": 1}, {"name": "Dan", "city": "Rome", "age": 2}]

    inner = csv.join(PEOPLE, cities, ["name"])
    left = csv.join(PEOPLE, cities, ["name"], how="left")
    outer = csv.join(PEOPLE, cities, ["name"], how="outer")

    assert inner == [{"name": "Ada", "team": "a", "age": 36, "city": "London", "right_age": 1}]
    assert [(r["name"], r["city"]) for r in left] == [("Ada", "London"), ("Bob", None), ("Cy", None)]
    assert outer[-1] == {"name": "Dan", "team": None, "age": None, "city": "Rome", "right_age": 2}


def test_profile_describes_every_column() -> None:
    rows = csv.parse("n,t,d,e\n1,x,2024-01-01,\n2,x,2024-02-01,\n2,y,2024-02-01,\n,x,2024-03-01,\n")

    profile = csv.profile(rows, bins=5, top=1)

    n, t, d, e = profile["columns"]
    assert (profile["rows"], profile["duplicates"]) == (4, 0)
    assert (n["type"], n["missing"], n["distinct"], n["min"], n["max"]) == ("integer", 1, 2, 1, 2)
    assert n["quantiles"]["p50"] == 2
    assert [b["count"] for b in n["histogram"]] == [1, 2]
    assert (t["type"], t["top"], t["longest"]) == ("text", [{"value": "x", "count": 3}], 1)
    assert (d["type"], d["min"][:10], d["max"][:10]) == ("date", "2024-01-01", "2024-03-01")
    assert (e["type"], e["missing"]) == ("empty", 4)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6) | st.integers(-50, 50), min_size=1, max_size=60), st.integers(1, 30))
def test_histogram_counts_every_value_once(values: list[float], bins: int) -> None:
    column = csv.profile([{"v": float(v)} for v in values], bins=bins)["columns"][0]

    assert sum(b["count"] for b in column["histogram"]) == len(values)
    assert column["min"] <= column["quantiles"]["p50"] <= column["max"]


def test_inputs_are_left_alone() -> None:
    """Semantics 8: inputs are read-only."""
    before = copy.deepcopy(PEOPLE)

    csv.sort(PEOPLE, ["age"], descending=True)
    csv.filter(PEOPLE, "team", "==", "a")
    csv.group(PEOPLE, ["team"], {"names": "list name"})[0]["names"].append("x")
    csv.join(PEOPLE, PEOPLE, ["name"])
    csv.profile(PEOPLE)

    assert before == PEOPLE
