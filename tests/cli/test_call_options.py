"""Parameters as the command line gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from symphony.cli.call_options import parse_params, read_params
from symphony.errors import UsageError


def test_parameters_stay_text_and_keep_further_equal_signs() -> None:
    assert parse_params(["top=20", "query=a=b", "empty="]) == {"top": "20", "query": "a=b", "empty": ""}


@pytest.mark.parametrize("text", ["top", "=20"])
def test_parameter_without_a_name_or_sign_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not NAME=VALUE"):
        parse_params([text])


def test_parameter_given_twice_is_refused_with_both_values() -> None:
    with pytest.raises(UsageError, match="-p top is given twice: '1' and '2'"):
        parse_params(["top=1", "top=2"])


@pytest.mark.parametrize("text", ["top: 3\nnames: [a, b]\n", '{"top": 3, "names": ["a", "b"]}'], ids=["yaml", "json"])
def test_file_of_parameters_is_json_or_yaml(text: str, tmp_path: Path) -> None:
    (tmp_path / "params").write_text(text)

    assert read_params(tmp_path / "params") == {"top": 3, "names": ["a", "b"]}


@pytest.mark.parametrize(
    ("text", "message"),
    [("- a\n", "expected a mapping .*found a list"), ("a: [", "neither JSON nor YAML"), ("1: x", "expected a mapping")],
)
def test_file_that_is_no_mapping_is_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "params").write_text(text)

    with pytest.raises(UsageError, match=message):
        read_params(tmp_path / "params")


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"absent\.yaml: there is no such file"):
        read_params(tmp_path / "absent.yaml")
