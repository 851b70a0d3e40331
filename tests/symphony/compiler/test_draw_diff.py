"""Pictures of a comparison."""

from __future__ import annotations

from typing import Any

from symphony.compiler.diff import compare
from symphony.compiler.draw_diff import difference_graph, draw_diff_mermaid
from symphony.compiler.graph import Graph
from symphony.model.plan import Plan


def plan(*tasks: dict[str, Any], **outputs: str) -> Plan:
    return Plan.model_validate({"melody": "m", "tasks": tasks, "outputs": outputs})


def step(id: str, *reads: str, run: str = "true") -> dict[str, Any]:
    return {"id": id, "run": run, "with": {f"x{i}": f"${{{{ tasks.{r} }}}}" for i, r in enumerate(reads)}}


def marks(graph: Graph) -> dict[str, str | None]:
    return {n.id: n.state for n in graph.nodes}


BEFORE = plan(
    step("a"), step("gone", "a"), step("old", "a"), step("b", "gone", "old"), step("c", "b"), out="${{ tasks.c }}"
)
AFTER = plan(
    step("a"), step("new", "a"), step("extra"), step("b", "extra", "new"), step("c", "b"), out="${{ tasks.c }}"
)


def test_every_node_is_marked_by_what_became_of_it() -> None:
    graph = difference_graph(BEFORE, AFTER, compare(BEFORE, AFTER))

    assert marks(graph) == {
        "a": None, "new": "renamed", "extra": "added", "b": "changed", "c": "affected", "output:out": "affected",
        "gone": "removed",
    }  # fmt: skip


def test_every_edge_is_marked_and_follows_renames() -> None:
    graph = difference_graph(BEFORE, AFTER, compare(BEFORE, AFTER))

    assert {(e.source, e.target): e.state for e in graph.edges if e.source != "b" and e.source != "c"} == {
        ("a", "new"): None,
        ("extra", "b"): "added",
        ("new", "b"): None,
        ("a", "gone"): "removed",
        ("gone", "b"): "removed",
    }


def test_equal_plans_have_no_marks() -> None:
    graph = difference_graph(BEFORE, BEFORE, compare(BEFORE, BEFORE))

    assert set(marks(graph).values()) == {None}


def test_a_removed_sub_melody_comes_back_as_a_group() -> None:
    before, after = plan(step("child.x"), step("z", run="zz")), plan(step("z", run="zz"))

    graph = difference_graph(before, after, compare(before, after))

    assert [g.id for g in graph.groups] == ["child"]
    assert marks(graph) == {"z": None, "child.x": "removed"}


def test_mermaid_shows_added_green_removed_red_and_changed_amber() -> None:
    text = draw_diff_mermaid(BEFORE, AFTER, compare(BEFORE, AFTER))

    assert '["+ extra' in text or '"+ extra' in text
    assert "classDef added fill:#eafaef,stroke:#1c8240" in text
    assert "classDef removed fill:#fdeeee,stroke:#cf2a2a" in text
    assert "classDef changed fill:#fff6e0,stroke:#b0780b" in text
    assert "linkStyle" in text
