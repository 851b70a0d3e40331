"""Compiling: what is refused, with which code and hint, and what the plan holds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from symphony.compiler.compile import Compilation, compile_melody
from symphony.compiler.identity.values import Note, NoteKind
from symphony.define.player import Player, operator
from symphony.model.diagnostic import Severity
from symphony.model.frozen import FrozenMap
from symphony.model.melody import Melody
from symphony.model.plan import Plan
from symphony.model.policy import OnFailure
from symphony.model.signature import FixedCatalog


class FixedIdentity:
    digest = "0" * 64
    imports: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


class Stats(NamedTuple):
    path: str
    lines: int


@operator
def listing(repo: Path) -> list[Path]: ...


@operator
def measure(file: Path, tab: int = 4) -> Stats: ...


@operator
def page(rows: list[Stats], title: str = "") -> str: ...


@operator
def text(value: str) -> str: ...


@operator
def number(value: float) -> int: ...


@operator
def anything(value: Any) -> Any: ...


@operator(outputs=True)
def two() -> Stats: ...


@operator(timeout="1s")
def slow(value: int = 0) -> int: ...


PLAYERS: dict[str, Player[Any, Any]] = {
    p.function.__name__: p for p in (listing, measure, page, text, number, anything, two, slow)
}
NAMES = {name: p.name for name, p in PLAYERS.items()}
CATALOG = FixedCatalog(p.signature for p in PLAYERS.values())


def compiled(tasks: dict[str, Any], **rest: Any) -> Compilation:
    for task in tasks.values():
        if task.get("player") in NAMES:
            task["player"] = NAMES[task["player"]]
    melody = Melody.model_validate({"melody": "m", "tasks": tasks, **rest})
    return compile_melody(melody, CATALOG, lambda _: FixedIdentity())


class NotedIdentity(FixedIdentity):
    notes = (Note("players", 3, "SEEN", NoteKind.MUTABLE_GLOBAL, "SEEN is changed at line 8"),)


def test_a_note_about_code_is_told_once_per_player_and_stops_nothing() -> None:
    """Semantics 31: globals that change are a lint."""
    task = {"player": NAMES["text"], "with": {"value": "a"}}
    melody = Melody.model_validate({"melody": "m", "tasks": {"a": task, "b": task}})

    result = compile_melody(melody, CATALOG, lambda _: NotedIdentity())

    assert [(d.code, d.severity, d.message) for d in result.diagnostics] == [
        ("SYM197", Severity.NOTE, "players:3: SEEN is changed at line 8")
    ]
    assert result.plan is not None


FILES = {"player": "listing", "with": {"repo": "."}}
STATS = {"player": "measure", "each": "${{ tasks.files }}", "with": {"file": "${{ item }}"}}

WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    ("SYM150", {"a": {"player": "no.such"}}, "there is no player 'no.such'", ""),
    (
        "SYM152",
        {"a": {"player": "text", "with": {"value": "x", "valeu": "y"}}},
        "no input 'valeu'",
        "did you mean 'value'?",
    ),
    ("SYM153", {"a": {"player": "text"}}, "needs the input 'value' (string)", "add value"),
    (
        "SYM154",
        {"f": FILES, "a": {"player": "text", "with": {"value": "${{ tasks.f }}"}}},
        "is list[path], the input 'value' takes string",
        "",
    ),
    (
        "SYM154",
        {"n": {"player": "number", "with": {"value": 1}}, "a": {"player": "text", "with": {"value": "${{ tasks.n }}"}}},
        "is integer",
        "string(",
    ),
    ("SYM154", {"f": FILES, "a": {"player": "measure", "with": {"file": "${{ tasks.f }}"}}}, "list[path]", "each"),
    ("SYM155", {"a": {"player": "text", "with": {"value": 5}}}, "the integer 5 does not fit string", "takes string"),
    ("SYM155", {"a": {"player": "number", "with": {"value": "5"}}}, "the text '5' does not fit number", ""),
    (
        "SYM160",
        {"f": FILES, "a": {"player": "text", "with": {"value": "${{ tasks.fils }}"}}},
        "there is no task 'fils'",
        "",
    ),
    ("SYM161", {"a": {"player": "text", "with": {"value": "${{ params.x }}"}}}, "there is no parameter 'x'", ""),
    (
        "SYM162",
        {"f": FILES, "stats": STATS, "a": {"player": "number", "with": {"value": "${{ tasks.stats[0].lin }}"}}},
        "has no field 'lin'",
        "did you mean 'lines'?",
    ),
    (
        "SYM163",
        {"a": {"player": "text", "with": {"value": "${{ env.HOME }}"}}},
        "does not list the environment variable 'HOME'",
        "env: [HOME]",
    ),
    ("SYM164", {"a": {"player": "text", "with": {"value": "${{ item }}"}}}, "item exists only in a task with each", ""),
    ("SYM165", {"a": {"player": "text", "with": {"value": "${{ secrets.T + 'x' }}"}}}, "may only be passed whole", ""),
    (
        "SYM166",
        {"t": {"player": "two"}, "a": {"player": "anything", "with": {"value": "${{ tasks.t }}"}}},
        "several outputs: path, lines",
        "tasks.t.path",
    ),
    (
        "SYM168",
        {"a": {"player": "text", "with": {"value": "${{ run.name }}"}}},
        "run has no field 'name'",
        "id and started_at",
    ),
    (
        "SYM142",
        {"f": FILES, "a": {"player": "text", "with": {"value": "${{ string(f) }}"}}},
        "'f' means nothing here",
        "tasks.f",
    ),
    (
        "SYM143",
        {"a": {"player": "number", "with": {"value": "${{ len(params.x) }}"}}},
        "there is no function 'len'",
        "",
    ),
    (
        "SYM144",
        {"a": {"player": "text", "with": {"value": "${{ 'a' + 1 }}"}}},
        "'+' does not work on string and integer",
        "string(x)",
    ),
    ("SYM145", {"a": {"player": "text", "with": {"value": "x"}, "when": "${{ 1 + 1 }}"}}, "this is integer", "compare"),
    (
        "SYM170",
        {
            "a": {"player": "text", "with": {"value": "${{ tasks.b }}"}},
            "b": {"player": "text", "with": {"value": "${{ tasks.a }}"}},
        },
        "a -> b -> a",
        "take one",
    ),
    ("SYM170", {"a": {"player": "text", "with": {"value": "x"}, "needs": ["a"]}}, "a -> a", ""),
    ("SYM171", {"a": {"player": "text", "with": {"value": "x"}, "needs": ["bb"]}}, "needs names no task: 'bb'", ""),
    (
        "SYM180",
        {"a": {"player": "text", "each": "${{ params.x }}", "with": {"value": "${{ item }}"}}},
        "each takes a list, this is string",
        "",
    ),
    (
        "SYM181",
        {"a": {"player": "anything", "each": {"p": [1, 2], "q": [1]}, "with": {"value": "${{ item.p }}"}}},
        "p has 2, q has 1",
        "product",
    ),
    ("SYM192", {"a": {"player": "slow", "isolation": "thread"}}, "a thread cannot be stopped", "in a process"),
    (
        "SYM191",
        {"a": {"player": "text", "with": {"value": "x"}, "isolation": "sandbox"}},
        "asks for a sandbox",
        "process",
    ),
    ("SYM173", {"a": {"melody": "./other.yaml"}}, "'./other.yaml' is not to be had", ""),
    (
        "SYM157",
        {"a": {"run": "true", "outputs": {"n": {"path": "n.txt", "type": "integer"}}}},
        "cannot be of type integer",
        "media type",
    ),
]


@pytest.mark.parametrize(
    ("code", "tasks", "message", "hint"), WRONG, ids=[f"{c}-{i}" for i, (c, *_) in enumerate(WRONG)]
)
def test_what_is_wrong_is_said_with_code_and_hint(code: str, tasks: dict[str, Any], message: str, hint: str):
    params = {} if code == "SYM161" else {"x": {"type": "string", "default": ""}}
    result = compiled(tasks, params=params)

    assert result.plan is None
    found = [d for d in result.diagnostics if d.code == code]
    assert found, [d.one_line() for d in result.diagnostics]
    assert message in found[0].message
    assert hint in found[0].hint


def test_all_problems_are_reported_at_once():
    result = compiled(
        {"a": {"player": "no.such"}, "b": {"player": "text"}, "c": {"player": "text", "with": {"value": 1}}}
    )

    assert [d.code for d in result.diagnostics] == ["SYM150", "SYM153", "SYM155"]


@pytest.mark.parametrize(
    ("param", "code"),
    [
        ({"type": "integer", "default": "x"}, "SYM185"),
        ({"type": "integer", "default": 0, "minimum": 1}, "SYM185"),
        ({"type": "string", "default": "c", "choices": ["a", "b"]}, "SYM185"),
        ({"type": "integer", "minimum": 5, "maximum": 1}, "SYM186"),
        ({"type": "string", "minimum": 5}, "SYM186"),
        ({"type": "string", "pattern": "("}, "SYM186"),
        ({"type": "string", "secret": True, "default": "hunter2"}, "SYM187"),
    ],
)
def test_parameters_that_contradict_themselves_are_refused(param: dict[str, Any], code: str):
    result = compiled({}, params={"p": param})

    assert [d.code for d in result.diagnostics] == [code]


def test_any_into_a_named_type_is_a_note():
    """Semantics 27: Any into a named type is checked at run time and reported at lint level."""
    result = compiled(
        {
            "a": {"player": "anything", "with": {"value": 1}},
            "b": {"player": "text", "with": {"value": "${{ tasks.a }}"}},
        }
    )

    assert result.ok
    assert [(d.code, d.severity) for d in result.diagnostics] == [("SYM195", Severity.NOTE)]


def test_tasks_come_in_an_order_that_works_whatever_the_order_of_the_file():
    result = compiled({"p": {"player": "page", "with": {"rows": "${{ tasks.stats }}"}}, "stats": STATS, "files": FILES})

    assert result.plan is not None
    assert [t.id for t in result.plan.tasks] == ["files", "stats", "p"]


def test_out_names_the_single_output():
    def plan(reference: str) -> Plan:
        result = compiled({"files": FILES, "stats": {**STATS, "each": reference}})
        assert result.plan is not None
        return result.plan

    assert plan("${{ tasks.files.out }}").hash == plan("${{ tasks.files }}").hash


def test_the_hash_covers_meaning_and_nothing_else():
    """Semantics 29: not name, version, description, positions."""
    base = compiled({"files": FILES}).plan
    labelled = compiled({"files": {**FILES, "description": "x"}}, version="2.0.0", description="y").plan
    other = compiled({"files": {"player": "listing", "with": {"repo": "src"}}}).plan
    retried = compiled({"files": {**FILES, "retry": 2}}).plan
    assert base is not None
    assert labelled is not None
    assert other is not None
    assert retried is not None

    assert base.hash == labelled.hash
    assert len({base.hash, other.hash, retried.hash}) == 3


def test_a_plan_reads_back_from_its_file():
    plan = compiled({"files": FILES, "stats": STATS}, outputs={"s": "${{ tasks.stats }}"}).plan
    assert plan is not None

    again = Plan.from_text(plan.to_text())

    assert again == plan
    assert again.to_text() == plan.to_text()


CHILD = Melody.model_validate(
    {
        "melody": "child",
        "params": {"repo": {"type": "path"}, "title": {"type": "string", "default": "t"}},
        "tasks": {"files": {**FILES, "player": NAMES["listing"], "with": {"repo": "${{ params.repo }}"}},
                  "note": {"player": NAMES["text"], "with": {"value": "${{ params.title + '!' }}"}}},
        "outputs": {"files": "${{ tasks.files }}", "note": "${{ tasks.note }}"},
    }
)  # fmt: skip


def with_child(task: dict[str, Any], child: Melody = CHILD, **more: Any) -> Compilation:
    melody = Melody.model_validate({"melody": "m", "tasks": {"child": {"melody": "c", **task}, **more}})
    return compile_melody(
        melody.model_copy(update={"children": FrozenMap({"c": child})}), CATALOG, lambda _: FixedIdentity()
    )


def test_a_sub_melody_takes_part_with_its_own_tasks():
    use = {"player": NAMES["text"], "with": {"value": "${{ tasks.child.note }}"}}
    plan = with_child({"with": {"repo": "r", "title": "x"}}, use=use).plan
    assert plan is not None

    assert [t.id for t in plan.tasks] == ["child.files", "child.note", "use"]
    assert plan.by_id["child.files"].inputs == {"repo": "r"}
    assert str(plan.by_id["child.note"].inputs["value"]) == '${{ "x" + "!" }}'
    assert str(plan.by_id["use"].inputs["value"]) == '${{ tasks["child.note"] }}'


def test_on_failure_enters_the_plan_only_where_it_says_stop():
    """Semantics 29: the plan hash covers policies."""
    plain, stop, go_on = (compiled({"files": FILES}, **more).plan
                          for more in ({}, {"on_failure": "stop"}, {"on_failure": "continue"}))  # fmt: skip
    assert plain is not None
    assert stop is not None
    assert go_on is not None

    assert plain.hash == go_on.hash != stop.hash
    assert "on_failure" not in plain.to_text()
    assert Plan.from_text(stop.to_text()).on_failure == "stop"


@pytest.mark.parametrize("each", [{}, {"each": ["a", "b"]}], ids=["inlined", "region"])
def test_on_failure_of_a_sub_melody_changes_no_plan_and_is_noted(each: dict[str, Any]):
    task = {"with": {"repo": "r", "title": "x"}, **each}
    usual, stopping = with_child(task), with_child(task, child=CHILD.model_copy(update={"on_failure": OnFailure.STOP}))
    assert usual.plan is not None

    assert stopping.plan == usual.plan
    assert [(d.code, str(d.severity)) for d in stopping.diagnostics] == [("SYM176", "note")]


def test_a_sub_melody_under_each_is_a_region():
    """Semantics 19: under each it is a region."""
    plan = with_child({"with": {"repo": "r", "title": "${{ item }}"}, "each": ["a", "b"]}).plan
    assert plan is not None

    assert [t.id for t in plan.tasks] == ["child"]
    assert plan.tasks[0].body is not None
    assert [t.id for t in plan.tasks[0].body.tasks] == ["files", "note"]


@pytest.mark.parametrize(
    ("task", "code"),
    [({"with": {"repo": "r", "titel": "x"}}, "SYM174"), ({"with": {}}, "SYM175")],
)
def test_a_sub_melody_is_given_what_it_takes(task: dict[str, Any], code: str):
    assert code in [d.code for d in with_child(task).diagnostics]


def test_hash_seeds_change_nothing(tmp_path: Path):
    script = tmp_path / "twice.py"
    script.write_text(
        "from symphony import operator, melody\n"
        "from symphony.bootstrap import compile\n"
        "@operator\ndef f(a: int, b: dict[str, int]) -> int: return a\n"
        "@melody\ndef m(x: int = 1):\n    y = f(a=x, b={'q': 1, 'p': 2})\n    return f(a=y + 1, b={})\n"
    )
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import twice; print(twice.compile(twice.m).to_text())"
    texts = {
        subprocess.run([sys.executable, "-c", code], env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
                       capture_output=True, text=True, check=True).stdout
        for seed in ("1", "2")
    }  # fmt: skip

    assert len(texts) == 1


@pytest.mark.parametrize("asked", ["failed(tasks.a)", "succeeded(tasks.b) || failed(tasks.a)"])
def test_the_state_of_a_task_with_several_outputs_can_be_asked(asked: str) -> None:
    """Semantics 25: notices are possible after any task, shell steps included."""
    tasks = {"a": {"run": "true"}, "b": {"player": "two"}, "c": {"run": "true", "when": "${{ " + asked + " }}"}}

    assert compiled(tasks).diagnostics == ()


def test_the_value_of_a_task_beside_its_state_is_still_checked() -> None:
    when = "${{ failed(tasks.a) || tasks.a == 'x' }}"

    found = compiled({"a": {"run": "true"}, "c": {"run": "true", "when": when}}).diagnostics

    assert [d.code for d in found] == ["SYM166"]


def test_the_state_of_a_task_that_is_not_there_cannot_be_asked() -> None:
    found = compiled({"c": {"run": "true", "when": "${{ failed(tasks.a) }}"}}).diagnostics

    assert [d.code for d in found] == ["SYM160"]


@pytest.mark.parametrize("each", [{"over": [1, 2]}, {"over": [1, 2], "b": [3, 4]}], ids=["alone", "zipped"])
def test_a_list_may_be_named_over(each: dict[str, Any]):
    plan = compiled({"a": {"player": "anything", "each": {"over": each}, "with": {"value": "${{ item.over }}"}}}).plan
    assert plan is not None

    assert Plan.from_text(plan.to_text()) == plan


@pytest.mark.parametrize(
    ("each", "item"),
    [
        (["a.txt", "b.txt"], "${{ item }}"),
        ({"file": ["a.txt", "b.txt"], "n": [1, 2]}, "${{ item.file }}"),
        ([{"file": "a.txt"}, {"file": "b.txt"}], "${{ item.file }}"),
        ({"product": {"file": ["a.txt"], "n": [1, 2]}}, "${{ item.file }}"),
    ],
    ids=["one list", "zipped", "fields", "crossed"],
)
def test_text_in_a_literal_list_fits_a_path_as_literal_text_does(each: Any, item: str) -> None:
    result = compiled({"a": {"player": "measure", "each": each, "with": {"file": item}}})

    assert result.diagnostics == ()


@pytest.mark.parametrize("each", [["a.txt", 5], ["a.txt", "${{ params.n }}"], [{"file": "a.txt"}]])
def test_a_literal_list_with_an_element_that_is_no_path_does_not_fit(each: list[Any]) -> None:
    task = {"player": "measure", "each": each, "with": {"file": "${{ item }}"}}
    result = compiled({"a": task}, params={"n": {"type": "integer", "default": 1}})

    assert [d.code for d in result.diagnostics] == ["SYM154"]


@pytest.mark.parametrize("default", ["0.3000001s", "1000000000d", "1 year"])
def test_a_duration_that_a_port_cannot_hold_is_refused(default: str) -> None:
    result = compiled({}, params={"pause": {"type": "duration", "default": default}})

    assert [(d.code, d.message) for d in result.diagnostics] == [
        ("SYM185", f"the default of 'pause': the text {default!r} does not fit duration")
    ]
    assert compiled({}, params={"pause": {"type": "duration", "default": "0.300001s"}}).diagnostics == ()
