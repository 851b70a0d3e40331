"""Durations, sizes and counts: what is written means what was meant, to the last digit."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from symphony.model.policy import Retry
from symphony.model.quantities import counted, format_duration, parse_duration_s, parse_size_bytes

WRITTEN = re.compile(r"\d+(\.\d+)?(ms|s|m|h|d)")


@given(st.floats(min_value=0, allow_nan=False, allow_infinity=False))
@example(0.3000001)
@example(0.1 + 0.2)
@example(1e-9)
@example(1.0000000001)
@example(1e22)
@example(5e-324)
def test_a_duration_is_read_back_as_it_was(seconds: float) -> None:
    text = format_duration(seconds)

    assert WRITTEN.fullmatch(text)
    assert parse_duration_s(text) == seconds


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0ms"), (0.02, "20ms"), (0.3, "300ms"), (1, "1s"), (1.5, "1.5s"), (90, "90s"), (120, "2m"), (3600, "1h"),
     (172800, "2d"), (0.3000001, "300.0001ms"), (-0.0, "0ms")],
)  # fmt: skip
def test_durations_are_written_as_people_write_them(seconds: float, text: str) -> None:
    assert format_duration(parse_duration_s(seconds)) == text


@pytest.mark.parametrize(
    ("text", "seconds"), [("0.1s 0.2s", 0.3), ("1h 30m", 5400.0), ("1.1d", 95040.0), ("0.3000001s", 0.3000001)]
)
def test_sums_and_fractions_are_exact(text: str, seconds: float) -> None:
    assert parse_duration_s(text) == seconds


@pytest.mark.parametrize(
    "value",
    [math.inf, math.nan, pytest.param(10**400, id="int"), pytest.param("9" * 400 + "d", id="text"), -1, "5", True],
)
def test_what_is_no_duration_is_refused(value: float | str) -> None:
    with pytest.raises(ValueError, match=r"duration"):
        parse_duration_s(value)


def test_policies_keep_every_digit() -> None:
    retry = Retry(attempts=2, delay=0.3000001)

    assert Retry.model_validate(retry.model_dump(mode="json")) == retry


def test_sizes_with_fractions_are_exact() -> None:
    assert parse_size_bytes("4.35GB") == 4_350_000_000
    assert parse_size_bytes("1.5KiB") == 1536


def test_counts_are_singular_for_one() -> None:
    assert [counted(n, "task") for n in (0, 1, 2, 1200)] == ["0 tasks", "1 task", "2 tasks", "1,200 tasks"]
