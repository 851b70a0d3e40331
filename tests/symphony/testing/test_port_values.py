"""Which Python values fit which port types."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from symphony.define.annotations import Html, to_port_type
from symphony.model.port_type import parse_port_type
from symphony.testing.port_values import unfit


class Named(dict[str, int]):
    """A class of a player's own."""


@pytest.mark.parametrize(
    ("value", "wanted"),
    [("a", "string"), (1, "integer"), (1, "number"), (1.5, "number"), (True, "boolean"), (b"a", "bytes"), (None, "null"),
     (Path("a"), "path"), (Path("a"), "file[text/csv]"), ("<p>", "text/html"), (b"%PDF", "application/pdf"), ([1], "list[integer]"),
     ((1, "a"), "tuple[integer, string]"), ({1}, "set[integer]"), ({"a": 1}, "map[integer]"), (None, "string | null"),
     ("a", 'literal["a", "b"]'), ({"a": [1]}, "json"), (object(), "any"), (timedelta(1), "duration")],
)  # fmt: skip
def test_values_that_fit(value: Any, wanted: str) -> None:
    assert unfit(value, parse_port_type(wanted)) is None


@pytest.mark.parametrize(
    ("value", "wanted", "says"),
    [(1, "string", "1 (int) does not fit string"), (True, "integer", "True (bool) does not fit integer"),
     (1.0, "integer", "1.0 (float) does not fit integer"), ("a", "path", "'a' (str) does not fit path"),
     (b"a", "text/html", "b'a' (bytes) does not fit text/html"), ([1, "a"], "list[integer]", "[1]: 'a' (str) does not fit integer"),
     ({"a": "b"}, "map[integer]", "['a']: 'b' (str) does not fit integer"), ({1}, "json", "{1} (set) does not fit json"),
     ("c", 'literal["a", "b"]', "'c' (str) does not fit literal[\"a\", \"b\"]"),
     ([1], "tuple[integer]", "[1] (list) does not fit tuple[integer]"),
     (1, "string | null", "1 (int) does not fit string | null")],
)  # fmt: skip
def test_values_that_do_not_fit(value: Any, wanted: str, says: str) -> None:
    assert unfit(value, parse_port_type(wanted)) == says


def test_classes_are_asked_themselves() -> None:
    assert unfit(Named(), to_port_type(Named)) is None
    assert unfit({}, to_port_type(Named)) is not None
    assert unfit("<p>", to_port_type(Html)) is None
