"""Plans: what the file and the hash say is what the values say, and never changes."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from symphony.model.canonical import digest_of
from symphony.model.expression import Expression
from symphony.model.frozen import FrozenMap
from symphony.model.plan import Plan, PlannedTask, PlayerPin
from symphony.model.policy import Isolation, Retry
from symphony.model.task import Each

PLAIN = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8) | st.sampled_from(["${{ x", "ends }}", '"', "\\", "é\u2028", "\x7f"])
)  # fmt: skip
REFERENCES = st.sampled_from(["a", "child.x", "in", "_b"]).map(lambda name: Expression.reference("tasks", name))
VALUES = st.recursive(PLAIN | REFERENCES, lambda inner: st.lists(inner, max_size=2).map(tuple), max_leaves=3)
INPUTS = st.dictionaries(st.text(min_size=1, max_size=4), VALUES, max_size=3).map(FrozenMap)
MORE: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "needs": st.just(("z",)),
        "cache": st.booleans(),
        "priority": st.integers(0, 2),
        "retry": st.just(Retry(attempts=3)),
        "isolation": st.sampled_from(Isolation),
        "each": st.just(Each(over=FrozenMap({"": (1, 2)}))),
        "when": st.booleans(),
    },
)


@st.composite
def tasks(draw: st.DrawFn) -> PlannedTask:
    kind = draw(st.sampled_from(["player", "run"]))
    fields = {
        "id": draw(st.text(min_size=1, max_size=4)),
        kind: draw(st.sampled_from(["x", "", None])),
        "inputs": draw(INPUTS),
        **draw(MORE),
    }
    return PlannedTask.model_construct(**fields)


def dumped(value: Any) -> Any:
    return value.model_dump(mode="json", by_alias=True, exclude_defaults=True)


@settings(max_examples=150)
@given(tasks())
def test_a_task_stands_in_a_plan_as_its_model_says(task: PlannedTask) -> None:
    assert task.document() == dumped(task)
    assert list(task.document()) == list(dumped(task))


@settings(max_examples=150)
@given(tasks())
def test_a_task_is_written_as_json_writes_its_document(task: PlannedTask) -> None:
    for colon, comma in ((":", ","), (": ", ", ")):
        wanted = json.dumps(task.document(), ensure_ascii=False, separators=(comma, colon))
        assert task.written(colon, comma) == wanted


@settings(max_examples=40)
@given(st.lists(tasks(), max_size=3), st.integers(1, 3))
def test_the_hash_is_that_of_the_whole_document_without_its_labels(some: list[PlannedTask], times: int) -> None:
    """Semantics 29: the hash covers neither name nor version nor description."""
    plan = Plan.model_construct(
        melody="m", version="1.2.3", description="d", env=("A",), tasks=tuple(some * times * 40)
    )

    document = dumped(plan)
    content = {k: document[k] for k in sorted(document) if k not in ("melody", "version", "description")}
    assert plan.hash == digest_of(content)


def test_a_plan_of_nothing_has_the_hash_of_nothing() -> None:
    assert Plan(melody="m").hash == digest_of({})


PLAN = Plan(
    melody="golden", version="1.0.0", description="Never changes.",
    players=FrozenMap({"text.split": PlayerPin(
        name="text.split", kind="operator", version="1.0.0", module="symphony.players.text", qualname="split", identity="ab",
        inputs=FrozenMap({"text": "string"}), outputs=FrozenMap({"out": "list[string]"}),
    )}),
    tasks=(
        PlannedTask.model_validate({"id": "one", "player": "text.split", "with": {"text": "to “be”"}}),
        PlannedTask.model_validate({"id": "two", "player": "text.split", "with": {"text": "${{ tasks.one[0] }}"}, "retry": 3}),
        PlannedTask.model_validate({"id": "three", "run": "true", "needs": ["one"], "cache": False}),
    ),
    outputs=FrozenMap({"out": Expression.reference("tasks", "two")}),
    output_types=FrozenMap({"out": "list[string]"}),
)  # fmt: skip
TEXT = """{
  "symphony": 1,
  "hash": "HASH",
  "melody": "golden",
  "version": "1.0.0",
  "description": "Never changes.",
  "players": {
    "text.split": {"name": "text.split", "kind": "operator", "version": "1.0.0", "module": "symphony.players.text", \
"qualname": "split", "identity": "ab", "inputs": {"text": "string"}, "outputs": {"out": "list[string]"}}
  },
  "tasks": [
    {"id": "one", "player": "text.split", "with": {"text": "to “be”"}},
    {"id": "two", "player": "text.split", "with": {"text": "${{ tasks.one[0] }}"}, "retry": {"attempts": 3}},
    {"id": "three", "run": "true", "needs": ["one"], "cache": false}
  ],
  "outputs": {"out": "${{ tasks.two }}"},
  "output_types": {"out": "list[string]"}
}
"""
HASH = "156de8a637d3a6bc20d723780732ea9b9b769b69e999dcdac12677aff7e4c1bf"


def test_a_plan_file_is_the_same_bytes_in_every_version() -> None:
    """Semantics 29: committed plans stay valid; a new form needs a new format number."""
    assert PLAN.to_text() == TEXT.replace("HASH", HASH)


def test_a_plan_read_from_its_text_is_equal() -> None:
    assert Plan.from_text(PLAN.to_text()) == PLAN
