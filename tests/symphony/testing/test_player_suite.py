"""The suite for players: good players pass it, and each of its tests can fail."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any
from unittest import SkipTest

import pytest

from symphony.define.context import Context
from symphony.define.player import Player, operator
from symphony.players import archive, text
from symphony.testing import PlayerSuite

_numbers = count()


class TestTextSplit(PlayerSuite):
    player = text.split
    inputs = {"text": "to be or"}


class TestArchiveZip(PlayerSuite):
    player = archive.zip

    def make_inputs(self, folder: Path) -> dict[str, Any]:
        (folder / "page.txt").write_text("to be")
        return {"paths": [folder / "page.txt"]}


@operator
def untold(word, ctx: Context):  # type: ignore[no-untyped-def]
    return word


@operator
def counting() -> int:
    """Count."""
    return next(_numbers)


@operator(cache=False)
def fresh() -> int:
    """Count, and say so."""
    return next(_numbers)


@operator
def sorting(words: list[str]) -> list[str]:
    """Sort in place."""
    words.sort()
    return words


@operator
def overwriting(file: Path) -> int:
    """Write into an input."""
    return file.write_text("other")


def _suite(tested: Player[..., Any], **given: Any) -> PlayerSuite:
    class Suite(PlayerSuite):
        player = tested
        inputs = given

    return Suite()


def test_a_missing_docstring_fails() -> None:
    with pytest.raises(AssertionError, match="has no docstring"):
        _suite(untold).test_docstring_has_a_summary()


def test_missing_annotations_fail_by_name() -> None:
    with pytest.raises(AssertionError, match="lacks annotations: word, return"):
        _suite(untold).test_annotations_are_given()


def test_a_result_that_differs_fails(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="gave two results for the same inputs"):
        _suite(counting).test_same_inputs_give_equal_results(tmp_path)


def test_a_result_that_is_never_served_may_differ(tmp_path: Path) -> None:
    with pytest.raises(SkipTest, match="never served"):
        _suite(fresh).test_same_inputs_give_equal_results(tmp_path)


def test_a_changed_value_fails(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="changed its inputs words"):
        _suite(sorting, words=["b", "a"]).test_inputs_stay_unchanged(tmp_path)


def test_a_changed_file_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("first")

    with pytest.raises(AssertionError, match="changed its inputs file"):
        _suite(overwriting, file=tmp_path / "file").test_inputs_stay_unchanged(tmp_path)
