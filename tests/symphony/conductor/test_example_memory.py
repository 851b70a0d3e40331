"""Accepted examples answer requests that are like theirs."""

from __future__ import annotations

import pytest

from symphony.conductor.example_memory import ExampleMemory
from symphony.conductor.examples import Example, Graph
from symphony.conductor.text_index import TextIndex, terms
from symphony.conductor.tool_catalog import Tool, ToolCatalog

CATALOG = ToolCatalog((Tool("read"), Tool("count"), Tool("chart")))
COUNTED, DRAWN = Graph((0, 1), ((0, 1),)), Graph((0, 2), ((0, 1),))


@pytest.fixture
def memory() -> ExampleMemory:
    return ExampleMemory(
        CATALOG,
        [Example("a", "count the words of a file", COUNTED), Example("b", "draw a chart of the sales", DRAWN),
         Example("c", "how many words are in this file, count them", COUNTED)],
    )  # fmt: skip


def test_the_nearest_answers_and_says_which_it_was(memory: ExampleMemory) -> None:
    proposals = memory.propose("please count the words of my file", CATALOG, count=2)

    assert [p.graph for p in proposals] == [COUNTED, DRAWN]
    assert proposals[0].reasons[0].detail == "a"
    assert 0 < proposals[1].confidence < proposals[0].confidence <= 1


def test_nothing_alike_gives_nothing(memory: ExampleMemory) -> None:
    assert memory.propose("zzz", CATALOG, count=3) == []
    assert ExampleMemory(CATALOG).propose("count", CATALOG, count=3) == []


def test_what_is_added_counts_at_once(memory: ExampleMemory) -> None:
    memory.add(Example("d", "book a flight", Graph((2,))))

    assert memory.propose("book a flight", CATALOG, count=1)[0].graph == Graph((2,))


def test_an_example_is_no_witness_for_itself(memory: ExampleMemory) -> None:
    assert 0 not in [at for at, _ in memory.near("count the words of a file", without=0)]


def test_graphs_are_carried_to_a_catalog_of_another_order(memory: ExampleMemory) -> None:
    turned = ToolCatalog(tuple(reversed(CATALOG.tools)))
    smaller = ToolCatalog(CATALOG.tools[:2])

    assert memory.propose("draw the chart of sales", turned, count=1)[0].graph == Graph((2, 0), ((0, 1),))
    assert DRAWN not in [p.graph for p in memory.propose("draw the chart of sales", smaller, count=3)]


def test_votes_are_shares(memory: ExampleMemory) -> None:
    votes = memory.votes(memory.near("count the words"))

    assert votes[0] == pytest.approx(1.0)  # all of them read
    assert votes[1] > votes[2]


def test_rare_words_count_more() -> None:
    index = TextIndex([terms("the file"), terms("the chart"), terms("the page")])

    assert list(index.likeness(terms("the chart")).argsort()[::-1][:1]) == [1]
    assert index.rarity("chart") > index.rarity("the")
    assert index.likeness(terms("the chart"))[1] == pytest.approx(1.0)
