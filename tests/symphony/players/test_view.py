"""Motifs: pages and pictures that stand alone."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symphony.model.signature import PlayerKind
from symphony.players import view
from symphony.players.page.axis import log_ticks, ticks
from symphony.players.page.wording import day, number, percent, short, size, span

EVIL = "<script>alert(1)</script>\"'&"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
ROWS: list[dict[str, Any]] = [{"x": i, "y": i * i - 3, "name": f"{EVIL}{i}"} for i in range(9)]


@pytest.mark.parametrize("player", [view.table, view.chart, view.markdown, view.image])
def test_views_are_motifs(player: Any) -> None:
    assert player.signature.kind is PlayerKind.MOTIF


def test_table_page_stands_alone(check_page: Any) -> None:
    page = check_page(view.table(ROWS, title=EVIL))

    assert len(page.named("tr")) == 10


@pytest.mark.parametrize("kind", ["bar", "line", "histogram", "scatter"])
def test_chart_is_a_well_formed_picture(kind: Any) -> None:
    svg = view.chart(ROWS, y="y", x="x" if kind == "scatter" else "name", kind=kind, title=EVIL)

    root = ElementTree.fromstring(svg)
    assert root.tag.endswith("svg")
    assert not any(e.tag.endswith("script") for e in root.iter())
    assert "var(--c1)" in svg
    assert "prefers-color-scheme:dark" in svg


@pytest.mark.parametrize("kind", ["bar", "line", "histogram", "scatter"])
@pytest.mark.parametrize(
    "rows", [[], [{"x": 1, "y": None}], [{"x": 1, "y": 5}], [{"x": 0, "y": -2.5}, {"x": 1, "y": -1}]]
)
def test_chart_of_few_values_is_drawn(kind: Any, rows: Any) -> None:
    svg = view.chart(rows, y="y", x="x" if rows else "", kind=kind)

    assert "nan" not in svg.lower().replace("nand", "")
    ElementTree.fromstring(svg)


def test_negative_bars_hang_below_zero() -> None:
    svg = ElementTree.fromstring(view.chart([{"y": 4}, {"y": -4}], y="y"))

    up, down = (e for e in svg.iter() if e.get("class") == "bar")
    assert float(up.get("y", "")) + float(up.get("height", "")) == pytest.approx(float(down.get("y", "")))


def test_chart_of_a_column_that_is_none_is_refused() -> None:
    with pytest.raises(LookupError, match="no column 'z'"):
        view.chart(ROWS, y="z")
    with pytest.raises(ValueError, match="'name' holds"):
        view.chart(ROWS, y="name")


def test_markdown_takes_its_title_from_the_text(check_page: Any) -> None:
    page = check_page(view.markdown("# Notes & more\n\n- one"))

    assert page.text.count("Notes & more") == 2
    assert "One" in view.markdown("x", title="One")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBP", "image/webp"),
        (b"<?xml?><svg/>", "image/svg+xml"),
    ],
)
def test_image_is_put_into_the_page(check_page: Any, data: bytes, kind: str) -> None:
    page = check_page(view.image(data, title=EVIL, note=EVIL))

    (picture,) = page.named("img")
    assert (picture["src"] or "").startswith(f"data:{kind};base64,")
    assert picture["alt"] == EVIL


def test_bytes_that_are_no_picture_are_refused() -> None:
    with pytest.raises(ValueError, match=r"start with b'%PDF-1\.7'"):
        view.image(b"%PDF-1.7")


@settings(max_examples=80, deadline=None)
@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_ticks_enclose_what_they_are_for(a: float, b: float) -> None:
    low, high = min(a, b), max(a, b)
    marks = ticks(low, high)

    assert marks[0] <= low + (high - low) * 1e-6
    assert marks[-1] >= high - (high - low) * 1e-6
    assert 2 <= len(marks) <= 8


@pytest.mark.parametrize(
    ("high", "wanted"),
    [
        (1, [1, 2, 5, 10]),
        (40, [1, 2, 5, 10, 20, 50]),
        (900, [1, 3, 10, 30, 100, 300, 1000]),
        (20_000, [1, 10, 100, 1000, 10_000, 100_000]),
    ],
)
def test_logarithmic_ticks(high: float, wanted: list[float]) -> None:
    assert log_ticks(high) == wanted


def test_wording() -> None:
    assert [number(v) for v in (1234, 1234.0, 0.01234, 12.345, 1e-9, None, True, "x", float("inf"))] == [
        "1,234",
        "1,234",
        "0.0123",
        "12.3",
        "1e-09",
        "",
        "yes",
        "x",
        "inf",
    ]
    assert [short(v) for v in (0, 950, 1234, 2_500_000)] == ["0", "950", "1.23k", "2.5M"]
    assert [size(v) for v in (12, 1500, 2_345_678)] == ["12 B", "1.5 kB", "2.35 MB"]
    assert [percent(v) for v in (0, 0.001, 0.456, 0.998, 1)] == ["0%", "<1%", "46%", ">99%", "100%"]
    assert day("2024-01-31T10:00:00+00:00") == "31 Jan 2024"
    assert [span("2024-01-01", e) for e in ("2024-01-02", "2024-02-15", "2024-06-01", "2025-01-05", "2031-07-01")] == [
        "1 day",
        "45 days",
        "5 months",
        "1 year",
        "7.5 years",
    ]
    assert span("", "2024-01-01") == "-"
