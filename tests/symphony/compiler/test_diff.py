"""Differences of plans by meaning."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symphony.compiler.diff import ABSENT, Change, Rename, compare
from symphony.model.plan import Plan

Document = dict[str, Any]


def pin(name: str, **facts: Any) -> Document:
    return {"name": name, "kind": "operator", "module": "m", "qualname": name, "identity": f"id-{name}", **facts}


def document() -> Document:
    """``files -> stats -> page``, ``lint`` before ``page``, a region ``child``, two parameters, two outputs."""
    body = {
        "melody": "child",
        "params": {"row": {}},
        "tasks": [
            {"id": "x", "player": "p.x", "with": {"row": "${{ params.row }}"}},
            {"id": "y", "player": "p.y", "with": {"x": "${{ tasks.x }}"}},
        ],
        "players": {n: pin(n) for n in ("p.x", "p.y")},
        "outputs": {"out": "${{ tasks.y }}"},
    }
    return {
        "melody": "demo",
        "params": {"repo": {"type": "path", "default": "."}, "top": {"type": "integer", "default": 20}},
        "tasks": [
            {"id": "files", "player": "git.files", "with": {"repo": "${{ params.repo }}"}},
            {"id": "lint", "run": "ruff check"},
            {"id": "stats", "player": "code.measure", "each": "${{ tasks.files }}", "with": {"file": "${{ item }}"}},
            {"id": "child", "body": body, "each": "${{ tasks.stats }}", "with": {"row": "${{ item }}"}},
            {"id": "page", "player": "html.report", "needs": ["lint"], "retry": {"attempts": 3},
             "with": {"rows": "${{ tasks.stats }}", "top": "${{ params.top }}", "title": "Health"}},
        ],
        "players": {n: pin(n) for n in ("git.files", "code.measure", "html.report")},
        "outputs": {"page": "${{ tasks.page }}", "rows": "${{ tasks.child.out }}"},
        "output_types": {"page": "text/html", "rows": "list[any]"},
    }  # fmt: skip


def edited(edit: Callable[[Document], object]) -> tuple[Plan, Plan]:
    after = document()
    edit(after)
    return Plan.model_validate(document()), Plan.model_validate(after)


def task(plan: Document, id: str) -> Document:
    return next(t for t in plan["tasks"] if t["id"] == id)


def test_a_plan_equals_itself() -> None:
    before, after = edited(lambda d: None)

    difference = compare(before, after)

    assert difference.equal
    assert (difference.changes, difference.added, difference.removed, difference.renamed) == ((), (), (), ())
    assert difference.affected == ()


def test_labels_are_told_and_leave_the_plans_equal() -> None:
    """Semantics 29: name, version and description are no part of the hash."""
    difference = compare(*edited(lambda d: d.update(melody="other", version="2.0.0")))

    assert difference.equal
    assert difference.labels == (
        Change("melody", "", "name", "demo", "other"),
        Change("melody", "", "version", "0.0.0", "2.0.0"),
    )


def test_an_added_and_a_removed_task_are_named() -> None:
    def edit(d: Document) -> None:
        d["tasks"] = [t for t in d["tasks"] if t["id"] != "lint"] + [{"id": "send", "run": "mail"}]
        del task(d, "page")["needs"]

    difference = compare(*edited(edit))

    assert (difference.added, difference.removed) == (("send",), ("lint",))
    assert difference.rewired == (Change("task", "page", "needs", ["lint"], ABSENT),)
    assert difference.affected == ()


def test_a_renamed_task_is_one_rename_and_its_readers_follow() -> None:
    def edit(d: Document) -> None:
        task(d, "stats")["id"] = "measures"
        task(d, "child")["each"] = "${{ tasks.measures }}"
        task(d, "page")["with"]["rows"] = "${{ tasks.measures }}"

    difference = compare(*edited(edit))

    assert difference.renamed == (Rename("stats", "measures"),)
    assert (difference.added, difference.removed, difference.changes) == ((), (), ())
    assert (difference.downstream, difference.affected) == ((), ())
    assert not difference.equal


def test_a_link_to_another_source_is_rewired_and_its_outputs_are_affected() -> None:
    difference = compare(*edited(lambda d: task(d, "page")["with"].update(rows="${{ tasks.files }}")))

    assert difference.rewired == (Change("task", "page", "with.rows", "${{ tasks.stats }}", "${{ tasks.files }}"),)
    assert difference.inputs == ()
    assert difference.affected == ("page",)


def test_another_step_into_the_same_source_is_an_input_and_no_rewiring() -> None:
    difference = compare(*edited(lambda d: task(d, "page")["with"].update(rows="${{ tasks.stats[0] }}")))

    assert difference.inputs == (Change("task", "page", "with.rows", "${{ tasks.stats }}", "${{ tasks.stats[0] }}"),)
    assert difference.rewired == ()


def test_a_changed_value_is_an_input_with_both_values() -> None:
    difference = compare(*edited(lambda d: task(d, "page")["with"].update(title="Report")))

    assert difference.inputs == (Change("task", "page", "with.title", "Health", "Report"),)


@pytest.mark.parametrize(("before", "after"), [(1, True), (1, 1.0), (0, False), ("1", 1), (None, "")])
def test_values_of_different_types_differ(before: object, after: object) -> None:
    plans = []
    for value in (before, after):
        d = document()
        task(d, "page")["with"]["title"] = value
        plans.append(Plan.model_validate(d))

    assert [(c.before, c.after) for c in compare(*plans).inputs] == [(before, after)]


def test_a_value_set_to_null_is_not_a_value_left_out() -> None:
    difference = compare(*edited(lambda d: task(d, "page")["with"].update(more=None)))

    assert difference.inputs == (Change("task", "page", "with.more", ABSENT, None),)


def test_what_a_failure_means_is_a_policy_of_the_melody() -> None:
    difference = compare(*edited(lambda plan: plan.update(on_failure="stop")))

    assert difference.policies == (Change("melody", "", "on_failure", "continue", "stop"),)
    assert difference.affected == ()
    assert not difference.equal


def test_policies_are_told_and_affect_no_output() -> None:
    def edit(d: Document) -> None:
        task(d, "page").update(retry={"attempts": 5}, timeout="30s", priority=2)

    difference = compare(*edited(edit))

    assert [(c.path, c.after) for c in difference.policies] == [
        ("retry.attempts", 5),
        ("timeout", "30s"),
        ("priority", 2),
    ]
    assert (difference.affected, difference.downstream) == ((), ())


def test_other_code_affects_everything_below_every_call() -> None:
    def edit(d: Document) -> None:
        d["players"]["git.files"].update(version="2.0.0", identity="new")

    difference = compare(*edited(edit))

    assert difference.code == (
        Change("player", "git.files", "version", "", "2.0.0"),
        Change("player", "git.files", "identity", "id-git.files", "new"),
    )
    assert difference.downstream == ("stats", "child.x", "child.y", "page")
    assert difference.affected == ("page", "rows")


def test_another_player_or_script_is_code() -> None:
    def edit(d: Document) -> None:
        task(d, "lint")["run"] = "ruff check ."
        task(d, "page")["player"] = "git.files"

    assert [(c.subject, c.path) for c in compare(*edited(edit)).code] == [("lint", "run"), ("page", "player")]


def test_port_types_are_retyped() -> None:
    def edit(d: Document) -> None:
        d["players"]["html.report"]["outputs"] = {"out": "string"}
        d["output_types"]["page"] = "string"

    assert compare(*edited(edit)).retyped == (
        Change("player", "html.report", "outputs.out", ABSENT, "string"),
        Change("output", "page", "type", "text/html", "string"),
    )


def test_a_new_default_affects_what_reads_it_and_a_new_bound_does_not() -> None:
    default = compare(*edited(lambda d: d["params"]["top"].update(default=30)))
    bound = compare(*edited(lambda d: d["params"]["top"].update(minimum=1)))

    assert default.parameters == (Change("param", "top", "default", 20, 30),)
    assert default.affected == ("page",)
    assert bound.parameters == (Change("param", "top", "minimum", ABSENT, 1),)
    assert bound.affected == ()


def test_parameters_and_environment_variables_come_and_go() -> None:
    def edit(d: Document) -> None:
        d["params"]["new"] = {"type": "string"}
        d["env"] = ["API_URL"]

    assert compare(*edited(edit)).parameters == (
        Change("param", "new", "", ABSENT, {}), Change("env", "API_URL", "", ABSENT, "API_URL")
    )  # fmt: skip


def test_outputs_are_compared_with_renames_followed() -> None:
    def edit(d: Document) -> None:
        task(d, "page")["id"] = "site"
        d["outputs"] = {"page": "${{ tasks.site }}", "files": "${{ tasks.files }}"}

    difference = compare(*edited(edit))

    assert difference.outputs == (
        Change("output", "rows", "", "${{ tasks.child.out }}", ABSENT),
        Change("output", "files", "", ABSENT, "${{ tasks.files }}"),
    )
    assert difference.affected == ("files",)


def test_tasks_inside_a_sub_melody_are_named_with_it() -> None:
    def edit(d: Document) -> None:
        body = task(d, "child")["body"]
        body["tasks"][0]["with"]["limit"] = 3
        body["tasks"][1]["id"] = "z"
        body["outputs"]["out"] = "${{ tasks.z }}"

    difference = compare(*edited(edit))

    assert difference.inputs == (Change("task", "child.x", "with.limit", ABSENT, 3),)
    assert difference.renamed == (Rename("child.y", "child.z"),)
    assert difference.downstream == ("child.z",)
    assert difference.affected == ("rows",)


def test_only_another_order_is_told_as_such() -> None:
    def edit(d: Document) -> None:
        d["tasks"][0], d["tasks"][1] = d["tasks"][1], d["tasks"][0]

    difference = compare(*edited(edit))

    assert difference.reordered
    assert not difference.equal


# Plans of up to eight tasks: each calls one of two players and reads some of the tasks before it.
shapes = st.integers(1, 8).flatmap(
    lambda n: st.tuples(
        *(st.tuples(st.sampled_from("ab"), st.sets(st.integers(0, max(i - 1, 0)), max_size=3)) for i in range(n))
    )
)


def shaped(shape: tuple[tuple[str, set[int]], ...], names: list[str]) -> Plan:
    tasks = []
    for i, (player, reads) in enumerate(shape):
        inputs = {f"in{j}": f"${{{{ tasks.{names[j]} }}}}" for j in sorted(reads) if j < i}
        tasks.append({"id": names[i], "player": player, "with": inputs})
    last = {"last": f"${{{{ tasks.{names[len(shape) - 1]} }}}}"}
    return Plan.model_validate({"melody": "m", "tasks": tasks, "players": {p: pin(p) for p in "ab"}, "outputs": last})


@given(shapes)
@settings(max_examples=40, deadline=None)
def test_any_plan_equals_itself_and_its_copy_from_text(shape: tuple[tuple[str, set[int]], ...]) -> None:
    plan = shaped(shape, [f"t{i}" for i in range(8)])

    difference = compare(plan, Plan.from_text(plan.to_text()))

    assert difference.equal
    assert difference == compare(plan, plan)
    assert not difference.changes


@given(shapes, st.integers(0, 7))
@settings(max_examples=60, deadline=None)
def test_renaming_a_task_is_one_rename_and_nothing_else(shape: tuple[tuple[str, set[int]], ...], which: int) -> None:
    names = [f"t{i}" for i in range(8)]
    which %= len(shape)

    difference = compare(shaped(shape, names), shaped(shape, [*names[:which], "renamed", *names[which + 1 :]]))

    assert difference.renamed == (Rename(f"t{which}", "renamed"),)
    assert (difference.added, difference.removed, difference.changes) == ((), (), ())
    assert (difference.affected, difference.downstream, difference.reordered) == ((), (), False)


@given(shapes, shapes)
@settings(max_examples=60, deadline=None)
def test_plans_with_another_hash_always_differ_in_something_named(
    one: tuple[tuple[str, set[int]], ...], two: tuple[tuple[str, set[int]], ...]
) -> None:
    names = [f"t{i}" for i in range(8)]
    before, after = shaped(one, names), shaped(two, names)

    difference = compare(before, after)

    found = bool(
        difference.changes or difference.added or difference.removed or difference.renamed or difference.reordered
    )
    assert found == (before.hash != after.hash)
    assert difference.equal == (json.loads(before.to_text()) == json.loads(after.to_text()))
