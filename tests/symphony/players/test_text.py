"""Players that take text apart and put it together."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symphony.players import text


def test_split_and_join() -> None:
    assert text.split(" one  two\nthree ") == ["one", "two", "three"]
    assert text.split("a,b,c", ",", limit=2) == ["a", "b,c"]
    assert text.join(["a", "b"], "-") == "a-b"


def test_replace_text_and_regular_expression() -> None:
    assert text.replace("a.b.c", ".", "-") == "a-b-c"
    assert text.replace("a1b22", r"(\d+)", r"<\1>", regex=True) == "a<1>b<22>"
    with pytest.raises(ValueError, match="'\\('"):
        text.replace("a", "(", "", regex=True)


def test_lines_head_and_tail() -> None:
    page = "one\n\ntwo\r\nthree"

    assert text.lines(page) == ["one", "", "two", "three"]
    assert text.lines(page, keep_blank=False) == ["one", "two", "three"]
    assert text.head(page, 2) == "one\n\n"
    assert text.tail(page, 1) == "three"
    assert text.tail(page, 0) == text.head(page, 0) == ""


def test_case_and_blanks() -> None:
    assert text.upper("é") == "É"
    assert text.lower("É") == "é"
    assert text.trim(" \n a ") == "a"


def test_words_are_counted_in_any_script() -> None:
    assert text.count_words("it's a well-known naïve 東京 test, 42!") == 7
    assert text.word_frequencies("The the THE cat") == {"the": 3, "cat": 1}
    assert text.word_frequencies("The the", lower=False) == {"The": 1, "the": 1}
    assert text.word_frequencies("a bb ccc", least_length=2) == {"bb": 1, "ccc": 1}


def test_merged_counts_are_ordered_by_count_then_word() -> None:
    merged = text.merge_counts([{"b": 1, "a": 1}, {"c": 5}])

    assert list(merged.items()) == [("c", 5), ("a", 1), ("b", 1)]
    assert text.merge_counts([{"b": 1, "a": 1}, {"c": 5}], top=1) == {"c": 5}
    assert text.merge_counts([]) == {}


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(alphabet="ab c\n", max_size=30), max_size=6))
def test_map_and_reduce_equal_counting_the_whole(texts: list[str]) -> None:
    merged = text.merge_counts([text.word_frequencies(t) for t in texts])

    assert merged == Counter(w for t in texts for w in t.split())


def test_grep_finds_lines() -> None:
    log = "ok\nError: a\nwarn\nerror: b"

    assert text.grep(log, "error", ignore_case=True) == ["Error: a", "error: b"]
    assert text.grep(log, "error", ignore_case=True, limit=1) == ["Error: a"]
    assert text.grep(log, "(?i)error", invert=True) == ["ok", "warn"]
    with pytest.raises(ValueError, match="cannot be read"):
        text.grep(log, "[")


def test_extract_gives_matches_or_their_first_group() -> None:
    assert text.extract("closes #12, see #7", r"#(\d+)") == ["12", "7"]
    assert text.extract("a1 b2", r"\w\d") == ["a1", "b2"]


def test_render_fills_a_template() -> None:
    assert (
        text.render("Dear {{ name }}{% for n in ns %} {{ n }}{% endfor %}!\n", {"name": "Ada", "ns": [1, 2]})
        == "Dear Ada 1 2!\n"
    )


def test_render_escapes_only_when_asked() -> None:
    values = {"name": "<script>"}

    assert text.render("{{ name }}", values) == "<script>"
    assert text.render("{{ name }}", values, escape=True) == "&lt;script&gt;"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("a\n{{ missing }}", "line 2: 'missing' is undefined"),
        ("{% if %}", "line 1"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ values.append(1) }}", "not safely callable|unsafe"),
        ("{% include 'x' %}", "cannot be filled"),
        ("{{ 'x' * 100000000 }}", "too long"),
        ("{{ 9 ** 9 ** 9 }}", "too large"),
        ("{{ range(10000000) | list }}", "cannot be filled"),
    ],
)
def test_render_says_what_is_wrong(template: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        text.render(template, {"values": [1]})
