"""Room that text takes."""

from __future__ import annotations

import pytest

from symphony.compiler.text_width import cells, pixels, printable, shorten


@pytest.mark.parametrize(
    ("text", "width"), [("abc", 3), ("日本", 4), ("e\u0301", 1), ("", 0), ("ａ", 2), ("\u200bx", 1)]
)
def test_cells_count_wide_characters_twice_and_combining_ones_not(text: str, width: int) -> None:
    assert cells(text) == width


def test_pixels_grow_with_text_size_and_weight() -> None:
    assert pixels("iii") < pixels("mmm")
    assert pixels("a", 11) < pixels("a", 13) < pixels("a", 13, bold=True)


@pytest.mark.parametrize(
    ("text", "most", "short"), [("abc", 3, "abc"), ("abcdefgh", 5, "ab…gh"), ("abcd", 2, "a…"), ("abcd", 1, "…")]
)
def test_long_text_loses_its_middle(text: str, most: int, short: str) -> None:
    assert shorten(text, most) == short


@pytest.mark.parametrize("most", range(1, 12))
def test_shortened_text_is_never_longer_than_asked(most: int) -> None:
    assert len(shorten("abcdefghij", most)) <= most


def test_what_moves_a_terminal_becomes_an_escape() -> None:
    assert printable("a\x1b[31m\x07b\tc\nd\u202e é 日") == "a\\x1b[31m\\x07b c d\\u202e é 日"
