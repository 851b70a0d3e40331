"""Words of requests: the same for every way to write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symphony.conductor.words import LONGEST, Vocabulary, piece_ids, vocabulary_of, words


@pytest.mark.parametrize(
    ("text", "told"),
    [("Count the Words.", ["count", "the", "words", "."]), ("readCsvFile snake_case", ["read", "csv", "file", "snake", "case"]),
     ("the last 12 of 2024, please", ["the", "last", "##", "of", "####", ",", "please"]),
     ("123456", ["####"]), ("Größe über alles", ["größe", "über", "alles"]), ("报告", ["报", "告"])],
)  # fmt: skip
def test_words_are_split_and_lowered(text: str, told: list[str]) -> None:
    assert words(text) == told


@given(st.text(max_size=300))
def test_any_text_has_words_and_they_have_numbers(text: str) -> None:
    vocabulary = Vocabulary(("count", "words"), buckets=7)

    told = words(text)

    assert len(told) <= LONGEST
    assert all(1 <= number < vocabulary.size for number in vocabulary.ids(told))


def test_words_that_stand_once_share_numbers() -> None:
    vocabulary = vocabulary_of([["count", "words"], ["count", "lines"]])

    assert vocabulary.known == ("count",)
    assert vocabulary.id_of("count") == 1
    assert vocabulary.id_of("words") > 1


def test_a_misspelt_word_shares_most_of_its_pieces() -> None:
    right, wrong, other = (set(piece_ids(word, 1 << 30)) for word in ("repository", "repositroy", "chart"))

    assert len(right & wrong) > len(right) / 2
    assert not right & other
