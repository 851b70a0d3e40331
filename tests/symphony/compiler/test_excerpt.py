"""Excerpts with carets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symphony.compiler.excerpt import excerpt_of
from symphony.compiler.text_width import cells
from symphony.model.source import Span


def test_a_place_on_one_line_is_underlined() -> None:
    assert (
        excerpt_of("tasks:\n  a: measur\n", Span(2, 6, 2, 12))
        == """\
  |
2 |   a: measur
  |      ^^^^^^"""
    )


def test_tabs_are_widened_and_the_caret_follows() -> None:
    assert excerpt_of("\tx:\ty", Span(1, 5, 1, 6)).splitlines()[1:] == ["1 |     x:  y", "  |         ^"]


def test_wide_characters_move_the_caret_by_two() -> None:
    assert excerpt_of('k: "日本" x', Span(1, 9, 1, 10)).splitlines()[1:] == ['1 | k: "日本" x', "  |           ^"]


def test_a_wide_place_is_underlined_in_full() -> None:
    assert excerpt_of("日本", Span(1, 1, 1, 3)).splitlines()[2] == "  | ^^^^"


def test_characters_that_move_a_terminal_are_shown_as_escapes() -> None:
    assert excerpt_of("a\x1b[2Jb", Span(1, 6, 1, 7)).splitlines()[1:] == ["1 | a\\x1b[2Jb", "  |         ^"]


def test_a_long_line_is_cut_around_the_place() -> None:
    line = "x" * 500 + "WRONG" + "y" * 500

    _, shown, caret = excerpt_of(line, Span(1, 501, 1, 506), width=60).splitlines()

    assert shown.startswith("1 | …x")
    assert shown.endswith("y…")
    assert len(shown) <= 64
    assert shown[caret.index("^") : caret.rindex("^") + 1] == "WRONG"


def test_a_place_of_no_length_still_gets_a_caret() -> None:
    assert excerpt_of("a: \n", Span(1, 4, 1, 4)).splitlines()[2] == "  |    ^"


def test_a_place_over_lines_has_a_rail_and_ends_under_its_last_character() -> None:
    assert (
        excerpt_of("a: [\n  1,\n]\nb: 2\n", Span(1, 4, 3, 2))
        == """\
  |
1 | / a: [
2 | |   1,
3 | | ]
  | |_^"""
    )


def test_many_lines_are_shown_by_their_first_three_and_the_last() -> None:
    text = "\n".join(f"line {i}" for i in range(1, 101))

    assert (
        excerpt_of(text, Span(8, 1, 99, 5))
        == """\
   |
 8 | / line 8
 9 | | line 9
10 | | line 10
...
99 | | line 99
   | |____^"""
    )


def test_an_end_before_the_first_character_of_a_line_belongs_to_the_line_before() -> None:
    assert excerpt_of("ab\ncd\n", Span(1, 2, 2, 1)) == "  |\n1 | ab\n  |  ^"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_counts(end: str) -> None:
    assert excerpt_of(end.join(["a", "b", "c"]), Span(2, 1, 2, 2)).splitlines()[1] == "2 | b"


@pytest.mark.parametrize("line", [0, 3])
def test_a_line_that_the_file_does_not_have_gives_nothing(line: int) -> None:
    assert excerpt_of("a\nb", Span(line, 1, line, 1)) == ""


@given(
    st.text(max_size=300),
    st.integers(1, 12),
    st.integers(1, 320),
    st.integers(0, 5),
    st.integers(0, 320),
    st.integers(20, 120),
)
def test_any_place_in_any_text_gives_lines_that_fit(
    text: str, line: int, column: int, more: int, end: int, width: int
) -> None:
    excerpt = excerpt_of(text, Span(line, column, line + more, column + end if not more else end + 1), width=width)

    for shown in excerpt.split("\n") if excerpt else []:
        assert cells(shown) <= width + 12
        assert "\x1b" not in shown
