"""Graphs in a terminal."""

from __future__ import annotations

from symphony.compiler.draw_text import draw_text
from symphony.compiler.graph import EdgeKind, Graph, GraphEdge, GraphNode, NodeKind


def graph(text: str, *edges: str, **states: str) -> Graph:
    nodes = tuple(GraphNode(n, n, NodeKind.OPERATOR, state=states.get(n)) for n in text.split())
    return Graph("demo", nodes, tuple(GraphEdge(e.partition(">")[0], e.partition(">")[2]) for e in edges))


def test_a_chain_is_one_column() -> None:
    assert draw_text(graph("a b c", "a>b", "b>c")) == "demo\n●  a\n●  b\n●  c\n"


def test_a_diamond_opens_and_closes() -> None:
    assert draw_text(graph("a b c d", "a>b", "a>c", "b>d", "c>d")) == "demo\n●    a\n├─●  b\n● │  c\n●─╯  d\n"


def test_a_rail_that_is_only_passed_stays_unbroken() -> None:
    lines = draw_text(graph("a b c d e", "a>c", "b>e", "a>e", "c>d", "c>e", "b>d", "d>e")).splitlines()

    assert lines[1:] == ["●        a", "│ ●      b", "├─│─●    c", "│ ├─┼─●  d", "●─┴─┴─╯  e"]


def test_unlinked_nodes_never_seem_to_hang_on_each_other() -> None:
    assert draw_text(graph("a b c")) == "demo\n●    a\n  ●  b\n●    c\n"


def test_order_without_data_is_dotted() -> None:
    nodes = tuple(GraphNode(n, n, NodeKind.OPERATOR) for n in "ab")
    text = draw_text(Graph("demo", nodes, (GraphEdge("a", "b", EdgeKind.ORDER),)))

    assert text == "demo\n●    a\n╰┄●  b\n"


def test_sources_come_before_their_readers_whatever_the_definition_says() -> None:
    assert [line[-1] for line in draw_text(graph("c b a", "a>b", "b>c")).splitlines()[1:]] == ["a", "b", "c"]


def test_a_cycle_is_still_drawn() -> None:
    lines = draw_text(graph("a b", "a>b", "b>a")).splitlines()

    assert len(lines) == 3


def test_states_have_a_symbol_a_word_and_colour_only_when_asked() -> None:
    assert draw_text(graph("a b", a="failed", b="x")) == "demo\n●    a  × failed\n  ●  b  ? x\n"
    assert "\x1b[31m× failed\x1b[0m" in draw_text(graph("a", a="failed"), colour=True)


def test_control_characters_of_names_do_not_reach_the_terminal() -> None:
    assert "\x1b" not in draw_text(
        Graph("a\x1b[2J", (GraphNode("x\x1b", "x\x1b", NodeKind.SHELL, detail="$ \x1b[0m"),))
    )


def test_too_many_rails_become_names() -> None:
    names = [f"s{i}" for i in range(60)]
    text = draw_text(graph(" ".join([*names, "end"]), *(f"{n}>end" for n in names)))

    assert "●  end" in text
    assert "← s0, s1, s2" in text
    assert "│" not in text
