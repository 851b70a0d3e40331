"""Where calls stand in a plan, and what they follow."""

from __future__ import annotations

from pathlib import Path

import pytest

import symphony
from symphony_prefect.task_graph import MOST_PARENTS, TaskGraph

INNER = """melody: inner
version: 1.0.0
params: {x: integer}
tasks:
  first: {player: "graph_players:one", with: {x: "${{ params.x }}"}}
  second: {player: "graph_players:one", with: {x: "${{ tasks.first }}"}}
outputs: {y: "${{ tasks.second }}"}
"""
OUTER = """melody: outer
version: 1.0.0
tasks:
  ns: {player: "graph_players:some"}
  a: {player: "graph_players:one", each: "${{ tasks.ns }}", with: {x: "${{ item }}"}}
  b: {player: "graph_players:one", each: "${{ tasks.a }}", with: {x: "${{ item }}"}}
  cross:
    player: "graph_players:add"
    each: {product: {l: "${{ tasks.a }}", r: "${{ tasks.b }}"}}
    with: {l: "${{ item.l }}", r: "${{ item.r }}"}
  child: {melody: ./inner.yaml, each: "${{ tasks.b }}", with: {x: "${{ item }}"}}
  late: {player: "graph_players:some", needs: [child]}
"""
PLAYERS = """from symphony import operator
@operator
def some() -> list[int]: return [1, 2]
@operator
def one(x: int) -> int: return x
@operator
def add(l: int, r: int) -> int: return l + r
"""


@pytest.fixture
def graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TaskGraph:
    for name, text in {"inner.yaml": INNER, "outer.yaml": OUTER, "graph_players.py": PLAYERS}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "symphony.config.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    return TaskGraph(symphony.compile("outer.yaml"))


COUNTS = {"a": 2, "b": 2, "child": 2}


@pytest.mark.parametrize(
    ("path", "parents"),
    [
        ("ns", {}),
        ("a[1]", {"ns": ["ns"]}),
        ("b[1]", {"a": ["a[1]"]}),
        ("cross[3]", {"a": ["a[0]", "a[1]"], "b": ["b[0]", "b[1]"]}),
        ("child[1].first", {"b": ["b[1]"]}),
        ("child[1].second", {"first": ["child[1].first"]}),
        ("late", {"child": ["child[0].second", "child[1].second"]}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_call_follows_the_calls_whose_ends_it_waits_for(
    graph: TaskGraph, path: str, parents: dict[str, list[str]]
) -> None:
    assert graph.parents(graph.place(path), COUNTS) == parents


def test_of_a_wide_task_only_some_calls_are_named(graph: TaskGraph) -> None:
    parents = graph.parents(graph.place("cross[0]"), {"a": 10_000, "b": 2})

    assert len(parents["a"]) == MOST_PARENTS


@pytest.mark.parametrize(
    ("path", "is_group"),
    [("ns", False), ("a", True), ("a[0]", False), ("child", True), ("child[0]", True), ("child[0].first", False)],
)
def test_lists_and_melodies_are_groups(graph: TaskGraph, path: str, is_group: bool) -> None:
    assert graph.place(path).is_group is is_group


@pytest.mark.parametrize("path", ["nothing", "child[0].nothing"])
def test_an_unknown_call_has_no_place(graph: TaskGraph, path: str) -> None:
    with pytest.raises(KeyError):
        graph.place(path)
