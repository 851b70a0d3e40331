"""The forms in which values lie in snapshots."""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symphony.errors import UsageError
from symphony.testing.snapshot_forms import Form, form_of


@dataclasses.dataclass
class Point:
    """A record."""

    x: int
    y: float


DIGEST = hashlib.sha256(b"\xff\x00").hexdigest()


@pytest.mark.parametrize(
    ("value", "form"),
    [("a\nb", Form(".txt", "a\nb")), (5, Form(".json", "5\n")),
     ({"b": 1, "a": [True, None]}, Form(".json", '{\n  "a": [\n    true,\n    null\n  ],\n  "b": 1\n}\n')),
     (Point(1, float("nan")), Form(".json", '{\n  "x": 1,\n  "y": "nan"\n}\n')), ({2, 1}, Form(".json", "[\n  1,\n  2\n]\n")),
     (b"\xff\x00", Form(".json", f'{{\n  "bytes": 2,\n  "sha256": "{DIGEST}"\n}}\n')),
     ([{"a": 1, "b": "1"}, {"a": None, "c": 'q"'}], Form(".csv", '"a","b","c"\n1,"1",\n,,"q"""\n')),
     ([{"at": date(2024, 1, 2), "ok": True}], Form(".csv", '"at","ok"\n"2024-01-02",true\n')), ([], Form(".json", "[]\n"))],
)  # fmt: skip
def test_the_form_of(value: Any, form: Form) -> None:
    assert form_of(value) == form


def test_a_file_is_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    (tmp_path / "b.bin").write_bytes(b"\xff\x00")

    assert form_of(tmp_path / "a.txt") == Form(".txt", "text")
    assert form_of(tmp_path / "b.bin") == form_of(b"\xff\x00")
    assert '"a.txt"' in form_of(tmp_path).text


def test_arrow_tables_and_arrays_have_forms() -> None:
    arrow, numpy = pytest.importorskip("pyarrow"), pytest.importorskip("numpy")

    assert form_of(arrow.table({"a": [1, 2]})) == Form(".csv", '"a"\n1\n2\n')
    assert '"shape": [\n    2\n  ]' in form_of(numpy.arange(2)).text


def test_what_would_have_to_be_pickled_is_refused() -> None:
    with pytest.raises(UsageError, match="nothing is ever pickled: turn the object into one of these first"):
        form_of(object())


@settings(max_examples=50)
@given(st.dictionaries(st.text(), st.integers() | st.text()))
def test_the_order_of_keys_counts_for_nothing(data: dict[str, Any]) -> None:
    assert form_of(data) == form_of(dict(reversed(data.items())))
