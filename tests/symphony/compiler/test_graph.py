"""Graphs of plans and melodies."""

from __future__ import annotations

from typing import Any

import pytest

from symphony.compiler.graph import EdgeKind, GraphEdge, Group, NodeKind, graph_of
from symphony.model.melody import Melody
from symphony.model.plan import Plan, PlayerPin


def plan(*tasks: dict[str, Any], kinds: dict[str, str] | None = None, **rest: Any) -> Plan:
    names = {t["player"] for t in tasks if "player" in t}
    pins = {
        n: PlayerPin(name=n, kind=(kinds or {}).get(n, "operator"), module="m", qualname=n, identity="0") for n in names
    }
    return Plan.model_validate({"melody": "demo", "tasks": tasks, "players": pins, **rest})


def test_parameters_tasks_and_outputs_are_nodes_of_their_kind() -> None:
    p = plan(
        {"id": "a", "player": "p.a", "with": {"n": "${{ params.n }}"}},
        {"id": "b", "player": "ml.b", "with": {"x": "${{ tasks.a }}"}},
        {"id": "c", "run": "\n  echo hi\n  ls", "with": {"x": "${{ tasks.b }}"}},
        kinds={"ml.b": "instrument"},
        params={"n": {"type": "integer"}},
        outputs={"log": "${{ tasks.c.stdout }}"},
        output_types={"log": "text/plain"},
    )

    graph = graph_of(p)

    assert [(n.id, n.kind, n.detail) for n in graph.nodes] == [
        ("param:n", NodeKind.PARAM, "integer"),
        ("a", NodeKind.OPERATOR, "p.a"),
        ("b", NodeKind.INSTRUMENT, "ml.b"),
        ("c", NodeKind.SHELL, "$ echo hi …"),
        ("output:log", NodeKind.OUTPUT, "text/plain"),
    ]
    assert [(e.source, e.target, e.label) for e in graph.edges] == [
        ("param:n", "a", "n"), ("a", "b", "x"), ("b", "c", "x"), ("c", "output:log", "")
    ]  # fmt: skip


def test_needs_is_an_order_edge_and_when_a_condition_edge() -> None:
    p = plan(
        {"id": "a", "player": "p"},
        {"id": "b", "player": "p"},
        {"id": "c", "player": "p", "needs": ["a"], "when": "${{ size(tasks.b) > 0 && tasks.a == 1 }}"},
    )

    assert set(graph_of(p).edges) == {
        GraphEdge("a", "c", EdgeKind.ORDER),
        GraphEdge("a", "c", EdgeKind.CONDITION, "when"),
        GraphEdge("b", "c", EdgeKind.CONDITION, "when"),
    }


def test_an_item_leads_to_the_list_it_comes_from() -> None:
    p = plan(
        {"id": "l", "player": "p"},
        {"id": "r", "player": "p"},
        {"id": "pair", "player": "p", "each": {"a": "${{ tasks.l }}", "b": "${{ tasks.r }}"},
         "with": {"x": "${{ item.a }}", "y": "${{ item.b.name }}"}},
        {"id": "many", "player": "p", "each": "${{ tasks.pair }}", "with": {"row": "${{ item }}"}},
    )  # fmt: skip

    graph = graph_of(p)

    assert [(e.source, e.target, e.label) for e in graph.edges] == [
        ("l", "pair", "x"), ("r", "pair", "y"), ("pair", "many", "row")
    ]  # fmt: skip
    assert [n.each for n in graph.nodes] == [False, False, True, True]


def test_a_list_that_only_counts_is_still_an_edge() -> None:
    p = plan(
        {"id": "l", "player": "p"}, {"id": "n", "player": "p", "each": "${{ tasks.l }}", "with": {"i": "${{ index }}"}}
    )

    assert [(e.source, e.target, e.label) for e in graph_of(p).edges] == [("l", "n", "each")]


def test_several_ports_fed_by_one_source_are_one_edge_naming_both() -> None:
    p = plan(
        {"id": "a", "player": "p"},
        {"id": "b", "player": "p", "with": {"x": "${{ tasks.a }}", "y": ["${{ tasks.a[0] }}"]}},
    )

    assert [e.label for e in graph_of(p).edges] == ["x, y"]


def test_inlined_tasks_stand_in_groups_listed_after_their_parents() -> None:
    p = plan(
        {"id": "child.deep.x", "player": "p"},
        {"id": "child.y", "player": "p", "with": {"v": '${{ tasks["child.deep.x"] }}'}},
    )

    graph = graph_of(p)

    assert graph.groups == (Group("child"), Group("child.deep"))
    assert [(n.label, n.group) for n in graph.nodes] == [("x", "child.deep"), ("y", "child")]
    assert [(e.source, e.target) for e in graph.edges] == [("child.deep.x", "child.y")]


def test_a_sub_melody_run_per_element_is_opened() -> None:
    body = plan(
        {"id": "get", "player": "p", "with": {"url": "${{ params.url }}"}},
        {"id": "parse", "player": "p", "with": {"page": "${{ tasks.get }}"}},
        params={"url": {}},
        outputs={"row": "${{ tasks.parse }}"},
    )
    p = plan(
        {"id": "urls", "player": "p"},
        {"id": "gate", "player": "p"},
        {"id": "site", "body": body, "each": "${{ tasks.urls }}", "needs": ["gate"], "with": {"url": "${{ item }}"}},
        {"id": "table", "player": "p", "with": {"rows": "${{ tasks.site.row }}"}},
        {"id": "last", "player": "p", "needs": ["site"]},
    )

    graph = graph_of(p)

    assert graph.groups == (Group("site", each=True),)
    assert [(e.source, e.target, str(e.kind), e.label) for e in graph.edges] == [
        ("urls", "site.get", "data", "url"),
        ("site.get", "site.parse", "data", "page"),
        ("gate", "site.get", "order", ""),
        ("site.parse", "table", "data", "rows"),
        ("site.parse", "last", "order", ""),
    ]


def test_states_are_taken_by_task_and_fall_back_to_the_group() -> None:
    p = plan({"id": "child.x", "player": "p"}, {"id": "child.y", "player": "p"}, {"id": "z", "player": "p"})

    states = [n.state for n in graph_of(p, {"child": "failed", "child.y": "cached"}).nodes]

    assert states == ["failed", "cached", None]


def test_a_melody_that_does_not_compile_can_be_drawn() -> None:
    melody = Melody.model_validate({
        "melody": "broken",
        "tasks": {
            "a": {"player": "p", "with": {"x": "${{ tasks.b }}", "y": "${{ tasks.nowhere }}"}},
            "b": {"player": "p", "with": {"x": "${{ tasks.a }}"}, "needs": ["nobody"]},
            "c": {"melody": "./other.yaml", "with": {"x": "${{ params.gone }}"}},
        },
    })  # fmt: skip

    graph = graph_of(melody)

    assert [(e.source, e.target) for e in graph.edges] == [("b", "a"), ("a", "b")]
    assert [(n.kind, n.detail) for n in graph.nodes][2] == (NodeKind.MELODY, "./other.yaml")


@pytest.mark.parametrize("name", ["a", "zz"])
def test_a_node_is_found_by_id_or_not_at_all(name: str) -> None:
    found = graph_of(plan({"id": "a", "player": "p"})).node(name)

    assert (found.id if found else None) == (name if name == "a" else None)
