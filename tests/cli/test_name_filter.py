"""The expressions of ``symphony test -k``."""

from __future__ import annotations

import pytest

from symphony.cli.name_filter import name_filter
from symphony.errors import UsageError


@pytest.mark.parametrize(
    ("text", "chosen"),
    [("", ["report fast", "report slow", "page"]), ("REPORT", ["report fast", "report slow"]),
     ("report and not slow", ["report fast"]),
     ("page or fast", ["report fast", "page"]), ("not (page or fast)", ["report slow"]), ("not not page", ["page"])],
)  # fmt: skip
def test_an_expression_chooses(text: str, chosen: list[str]) -> None:
    assert [name for name in ("report fast", "report slow", "page") if name_filter(text)(name)] == chosen


@pytest.mark.parametrize(
    ("text", "at"), [("and", "'and'"), ("a or", "its end"), ("(a", "its end"), ("a b", "'b'"), ("a )", r"'\)'")]
)
def test_what_is_no_expression_is_told(text: str, at: str) -> None:
    with pytest.raises(UsageError, match=f"makes no sense at {at}: write parts of names with and, or, not"):
        name_filter(text)
