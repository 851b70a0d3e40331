"""Finding renamed tasks."""

from __future__ import annotations

from typing import Any

from symphony.compiler.diff_renames import find_renames, rename_in
from symphony.model.plan import Plan
from symphony.model.template import parse_value


def plan(*tasks: dict[str, Any], **outputs: str) -> Plan:
    return Plan.model_validate({"melody": "m", "tasks": tasks, "outputs": outputs})


def step(id: str, *reads: str) -> dict[str, Any]:
    return {"id": id, "run": "true", "with": {f"x{i}": f"${{{{ tasks.{r} }}}}" for i, r in enumerate(reads)}}


def test_a_whole_chain_can_be_renamed() -> None:
    before, after = plan(step("a"), step("b", "a"), step("c", "b")), plan(step("x"), step("y", "x"), step("z", "y"))

    assert find_renames(before, after) == {"a": "x", "b": "y", "c": "z"}


def test_other_content_is_no_rename() -> None:
    assert find_renames(plan({"id": "a", "run": "true"}), plan({"id": "b", "run": "false"})) == {}


def test_of_equal_tasks_the_one_with_the_same_reader_is_taken() -> None:
    before = plan(step("a"), step("b"), step("reads_a", "a"), step("reads_b", "b", "b"))
    after = plan(step("y"), step("x"), step("reads_a", "x"), step("reads_b", "y", "y"))

    assert find_renames(before, after) == {"a": "x", "b": "y"}


def test_a_copy_beside_the_original_is_no_rename() -> None:
    assert find_renames(plan(step("a")), plan(step("a"), step("copy"))) == {}


def test_needs_and_conditions_follow_a_rename() -> None:
    before = plan(step("a"), {"id": "b", "run": "x", "needs": ["a"], "when": "${{ tasks.a == 1 }}"})
    after = plan(step("z"), {"id": "y", "run": "x", "needs": ["z"], "when": "${{ tasks.z == 1 }}"})

    assert find_renames(before, after) == {"a": "z", "b": "y"}


def test_only_references_are_renamed_in_a_value() -> None:
    value = parse_value({"a": "a", "x": ["${{ tasks.?a.b + tasks['a'].a + params.a + size([1].map(a, a)) }}"]})

    renamed = rename_in(value, {"a": "child.z"})

    assert renamed["a"] == "a"
    assert str(renamed["x"][0]) == ('${{ tasks[?"child.z"].b + tasks["child.z"].a + params.a + size([1].map(a, a)) }}')


def test_a_removed_task_does_not_take_the_new_name_of_its_twin() -> None:
    before = plan(step("gone"), step("old"), step("reads", "gone", "old"))
    after = plan(step("new"), step("reads", "new2", "new"), {"id": "new2", "run": "other"})

    assert find_renames(before, after) == {"old": "new"}
