"""Formats by name."""

from __future__ import annotations

import pytest

from symphony.compiler.report_formats import FORMATS, Surroundings, report
from symphony.errors import UsageError
from symphony.model.diagnostic import Diagnostic


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_format_reports_the_problem(name: str) -> None:
    text = report(name, [Diagnostic("SYM120", "unknown", file="m.yaml")], Surroundings(files=["m.yaml"]))

    assert "SYM120" in text
    assert "unknown" in text
    assert text.endswith("\n")


def test_the_formats_of_the_interface_are_there() -> None:
    assert list(FORMATS) == ["text", "json", "github", "sarif", "junit"]


def test_an_unknown_format_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"^unknown format 'jsn': did you mean 'json'\?$"):
        report("jsn", [])
