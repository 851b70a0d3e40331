"""Writing melodies as YAML: what is written reads back equal, and a change touches nothing else."""

from __future__ import annotations

import difflib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symphony.compiler.compile import compile_melody
from symphony.define.yaml_reader import read_yaml
from symphony.define.yaml_splice import plain_data, same
from symphony.define.yaml_writer import REMOVE, edit_yaml, save, to_yaml
from symphony.errors import MelodyError
from symphony.model.expression_parser import parse_expression
from symphony.model.frozen import FrozenMap
from symphony.model.melody import Melody
from symphony.model.names import RESERVED
from symphony.model.param import Param
from symphony.model.plan import Plan
from symphony.model.policy import OnFailure, Resources, Retry
from symphony.model.signature import FixedCatalog
from symphony.model.task import Each, ShellOutput, Task

REPORT = """\
# A report.
melody: repo_report
version: 1.0.0   # kept by hand
params:
  repo: {type: path, default: "."}
  top:  {type: integer, default: 20, minimum: 1}  # how many

tasks:
  files:
    player: git.list_files
    with:
      repo: ${{ params.repo }}   # where
  # The slow one.
  stats:
    player: 'code.measure'
    each: ${{ tasks.files }}
    with:
      file: ${{ item }}
      skip:
        - docs   # no code there
        - site
    retry: {attempts: 3, delay: 1s}
  script:
    run: |
      echo one
      echo two
    outputs: {log: out.txt}

outputs:
  report: ${{ tasks.stats }}
"""


def melody_of(text: str) -> Melody:
    draft = read_yaml(text, "m.yaml")
    assert draft.diagnostics == ()
    assert draft.melody is not None
    return draft.melody


def changed_lines(before: str, after: str) -> list[str]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


# a new document ----------------------------------------------------------------------------------------------------


def test_a_melody_is_written_in_block_style_with_short_forms() -> None:
    assert (
        to_yaml(melody_of(REPORT))
        == """\
melody: repo_report
version: 1.0.0
params:
  repo: {type: path, default: .}
  top: {type: integer, default: 20, minimum: 1}
tasks:
  files:
    player: git.list_files
    with:
      repo: ${{ params.repo }}
  stats:
    player: code.measure
    with:
      file: ${{ item }}
      skip: [docs, site]
    each: ${{ tasks.files }}
    retry: 3
  script:
    run: |
      echo one
      echo two
    outputs: {log: out.txt}
outputs:
  report: ${{ tasks.stats }}
"""
    )


def test_the_modeline_is_written_when_asked_for() -> None:
    text = to_yaml(melody_of(REPORT), schema="../schemas/melody.schema.json")

    assert text.startswith("# yaml-language-server: $schema=../schemas/melody.schema.json\nmelody: repo_report\n")
    assert melody_of(text) == melody_of(REPORT)


identifiers = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True).filter(lambda n: n not in RESERVED)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    ["no", "012", "0x1F", "1e3", "~", "null", "1:30", "- a", "a: b", "a #b", "#", "'", '"', "a\nb", "a\n", "\n", " a",
     "a ", "a\r\nb", "\x85", "\u2028", "\ufeff", "\x7f", "${{", "x ${{ y", "---", "...", "|", "> a", "*a", "&a", "!a",
     "%a",
     "@a", "[a]", "{a", "a, b", "?", "? a", ":", "a:", "-", "a\n  b\n", "a\n\nb\n\n", "\ta\nb", "a\tb", "$", "true",
     "=",
     "<<",
     ".inf", "-.INF", "+1", "1_000", "0o7", "12e", "1.", ".5", "a\\b", "é", "😀", "a\n \nb"]
)  # fmt: skip
numbers = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False)
expressions = st.sampled_from(
    ["tasks.a", "tasks.a.b[0]", "params.x + 1", "item", "index", "item.name", "size(tasks.a) > 0", '"a: #b" + params.x',
     "{'k': [1, 2]}", "secrets.KEY", "tasks.?a.orValue(0)", "params.a ? 'x: y' : \"z\"", "tasks['a b']",
     "b'\\xff'+params.x"]
).map(parse_expression)  # fmt: skip
literals = texts.filter(lambda t: "${{" not in t)  # a model reads expressions where it is given such text
scalars = st.none() | st.booleans() | numbers | literals
plain = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4).map(tuple) | st.dictionaries(texts, inner, max_size=4).map(FrozenMap),
    max_leaves=8,
)
values = st.recursive(
    scalars | expressions | st.binary(max_size=4),
    lambda inner: st.lists(inner, max_size=4).map(tuple) | st.dictionaries(texts, inner, max_size=4).map(FrozenMap),
    max_leaves=8,
)
inputs = st.dictionaries(identifiers.filter(lambda n: not n.startswith(("P", "H", "L", "B"))), values, max_size=3)
durations = st.integers(1, 10**6).map(lambda n: n / 1000) | st.floats(0.001, 10**6) | st.just(0.1 + 0.2)
lists = expressions | st.lists(values, max_size=3).map(tuple)
each = lists.map(lambda v: Each(over=FrozenMap({"": v}))) | st.builds(
    lambda over, product: Each.model_validate({"over": FrozenMap(over), "product": product}),
    st.dictionaries(identifiers.filter(lambda n: n != "product"), lists, min_size=1, max_size=3),
    st.booleans(),
)
retries = st.builds(
    Retry,
    attempts=st.integers(1, 9),
    delay=durations,
    backoff=st.sampled_from(["fixed", "exponential"]),
    max_time=st.none() | durations,
    jitter=st.booleans(),
    on=st.lists(identifiers, max_size=2).map(tuple),
)
resources = st.builds(
    Resources,
    cpus=st.sampled_from([0.5, 1, 4]),
    memory=st.none() | st.integers(0, 2**40),
    gpus=st.sampled_from([0.0, 1]),
)
common: dict[str, Any] = {
    "with": inputs, "each": st.none() | each, "when": st.none() | expressions | st.booleans(),
    "needs": st.lists(identifiers, max_size=2).map(tuple), "priority": st.none() | st.integers(-9, 9),
    "description": texts,
}  # fmt: skip
policies: dict[str, Any] = {
    "retry": st.none() | retries, "timeout": st.none() | durations,
    "isolation": st.sampled_from([None, "thread", "process", "sandbox"]), "resources": st.none() | resources,
    "tokens": st.dictionaries(identifiers, st.integers(1, 9), max_size=2), "cache": st.none() | st.booleans(),
}  # fmt: skip
names = texts.filter(lambda t: t.strip() and "${{" not in t)
paths = st.sampled_from(["out.txt", "a/b c.csv", "x: y", "#1"])
outputs = st.builds(ShellOutput, path=paths, type=st.sampled_from([None, "text/csv", "path"]))
tasks = (
    st.fixed_dictionaries({"player": names, **common, **policies})
    | st.fixed_dictionaries({"melody": names, **common})
    | st.fixed_dictionaries(
        {
            "run": names,
            "outputs": st.dictionaries(identifiers.map(lambda n: n + "_"), outputs, max_size=3),
            **common,
            **policies,
        }
    )
).map(Task.model_validate)
params = st.builds(
    lambda fields: Param(**{k: v for k, v in fields.items() if v is not None or k == "default"}),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["string", "integer", "list[string]", "map[any] | null"])},
        optional={"default": plain, "required": st.booleans(), "description": texts, "minimum": st.integers(0, 5),
                  "pattern": names, "choices": st.lists(plain, min_size=1, max_size=3).map(tuple),
                  "secret": st.booleans()},
    ),
)  # fmt: skip
melodies = st.builds(
    Melody,
    melody=st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,8}", fullmatch=True),
    version=st.sampled_from(["0.0.0", "1.2.3", "2.0.0-rc.1"]),
    description=texts,
    params=st.dictionaries(identifiers, params, max_size=3).map(FrozenMap),
    env=st.lists(identifiers, max_size=2).map(tuple),
    on_failure=st.sampled_from(OnFailure),
    tasks=st.dictionaries(identifiers, tasks, max_size=3).map(FrozenMap),
    outputs=st.dictionaries(identifiers, values, max_size=2).map(FrozenMap),
)


@given(melodies)
@settings(max_examples=120, deadline=None)
def test_a_written_melody_reads_back_equal(melody: Melody) -> None:
    draft = read_yaml(to_yaml(melody), "m.yaml")

    assert [d.one_line() for d in draft.diagnostics] == []
    assert draft.melody == melody


@given(st.dictionaries(texts, plain, min_size=1, max_size=3), st.dictionaries(texts, plain, min_size=1, max_size=3))
@settings(max_examples=80, deadline=None)
def test_splicing_one_document_into_another_gives_its_data(before: dict[str, Any], after: dict[str, Any]) -> None:
    text = "# first\n"
    for key, value in before.items():
        text = edit_yaml(text, (key,), value)
    for key in [k for k in before if k not in after]:
        text = edit_yaml(text, (key,), REMOVE)
    for key, value in after.items():
        text = edit_yaml(text, (key,), value)

    assert same(plain_data(text), after)


def test_text_that_holds_the_mark_of_expressions_stays_text() -> None:
    text = (
        "melody: m\noutputs:\n  a: ${{ \"x ${{ y\" }}\n  b: [\"${{ '$' + '{{' }}\"]\n"
        "params: {p: {default: \"${{ '${{' }}\"}}\n"
    )
    melody = melody_of(text)

    assert melody.outputs["a"] == "x ${{ y"
    assert melody.params["p"].default == "${{"
    assert melody_of(to_yaml(melody)) == melody


def test_text_that_holds_the_mark_of_expressions_reaches_the_plan_as_text() -> None:
    melody = melody_of(
        "melody: m\ntasks: {a: {run: ls, with: {x: \"${{ 'a ${{ b' }}\"}}}\noutputs: {o: \"${{ '${{' }}\"}\n"
    )
    plan = compile_melody(melody, FixedCatalog([]), lambda _: pytest.fail("no player is called")).plan
    assert plan is not None

    assert plan.tasks[0].inputs["x"] == "a ${{ b"
    assert Plan.from_text(plan.to_text()).hash == plan.hash


def test_a_duration_is_written_so_that_it_comes_back() -> None:
    melody = Melody(melody="m", tasks=FrozenMap({"a": Task(player="p", timeout=0.1 + 0.2)}))

    assert "timeout: 300.00000000000004ms\n" in to_yaml(melody)
    assert melody_of(to_yaml(melody)) == melody


# a change ----------------------------------------------------------------------------------------------------------

EDITS: dict[str, tuple[tuple[str | int, ...], Any, list[str]]] = {
    "a number in a flow map": (
        ("params", "top", "default"), 30,
        ["-  top:  {type: integer, default: 20, minimum: 1}  # how many",
         "+  top:  {type: integer, default: 30, minimum: 1}  # how many"],
    ),
    "text keeps its quotes": (
        ("params", "repo", "default"), "src",
        ['-  repo: {type: path, default: "."}', '+  repo: {type: path, default: "src"}'],
    ),
    "single quotes too": (
        ("tasks", "stats", "player"), "code.count", ["-    player: 'code.measure'", "+    player: 'code.count'"],
    ),
    "a comment behind stays": (
        ("version",), "1.1.0", ["-version: 1.0.0   # kept by hand", "+version: 1.1.0   # kept by hand"],
    ),
    "a key is added to a flow map": (
        ("params", "top", "maximum"), 99,
        ["-  top:  {type: integer, default: 20, minimum: 1}  # how many",
         "+  top:  {type: integer, default: 20, minimum: 1, maximum: 99}  # how many"],
    ),
    "a key is taken from a flow map": (
        ("params", "top", "type"), REMOVE,
        ["-  top:  {type: integer, default: 20, minimum: 1}  # how many",
         "+  top:  {default: 20, minimum: 1}  # how many"],
    ),
    "a key stands where the schema has it": (
        ("description",), "All of it", ["+description: All of it"],
    ),
    "a task key too": (("tasks", "stats", "when"), "${{ params.top > 1 }}", ["+    when: ${{ params.top > 1 }}"]),
    "a list element": (
        ("tasks", "stats", "with", "skip", 0), "doc",
        ["-        - docs   # no code there", "+        - doc   # no code there"],
    ),
    "a list grows": (("tasks", "stats", "with", "skip", 2), "old", ["+        - old"]),
    "a list shrinks": (("tasks", "stats", "with", "skip", 1), REMOVE, ["-        - site"]),
    "a literal block": (
        ("tasks", "script", "run"), "echo one\necho 2\n", ["-      echo two", "+      echo 2"],
    ),
    "a missing map is made": (("tasks", "script", "with", "a"), 1, ["+    with:", "+      a: 1"]),
    "a section is made": (("env",), ["API_URL"], ["+env: [API_URL]"]),
    "a task is removed": (
        ("tasks", "files"), REMOVE,
        ["-  files:", "-    player: git.list_files", "-    with:", "-      repo: ${{ params.repo }}   # where"],
    ),
    "a task is added": (
        ("tasks", "new"), {"player": "p", "with": {"a": ["${{ item }}"]}},
        ["+  new:", "+    player: p", "+    with:", "+      a:", "+        - ${{ item }}"],
    ),
    "the last section is removed": (("outputs",), REMOVE, ["-outputs:", "-  report: ${{ tasks.stats }}"]),
}  # fmt: skip


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("name", EDITS)
def test_an_edit_changes_its_own_lines_only(name: str, newline: str) -> None:
    path, value, lines = EDITS[name]
    before = REPORT.replace("\n", newline)
    after = edit_yaml(before, path, value)

    assert changed_lines(before, after) == lines
    assert after.count("\r\n") == (after.count("\n") if newline == "\r\n" else 0)


def test_an_edit_that_changes_nothing_keeps_every_byte() -> None:
    text = "\ufeff" + REPORT.replace("\n", "\r\n")

    assert edit_yaml(text, ("params", "top", "default"), 20) == text


def test_a_file_without_a_last_line_break_can_grow() -> None:
    assert edit_yaml("melody: m", ("version",), "1.0.0") == "melody: m\nversion: 1.0.0\n".rstrip("\n")


def test_an_alias_gives_way_to_a_value_of_its_own() -> None:
    text = "melody: m\ntasks:\n  a: {player: p, with: &w {x: 1}}\n  b:\n    player: q\n    with: *w  # shared\n"

    assert changed_lines(text, edit_yaml(text, ("tasks", "b", "with"), {"x": 2})) == [
        "-    with: *w  # shared", "+    with:", "+      x: 2  # shared",
    ]  # fmt: skip


def test_a_change_of_what_an_alias_shares_changes_only_what_was_meant() -> None:
    text = "melody: m\nparams:\n  a: &a {default: 1}\n  b: *a\n"
    after = edit_yaml(text, ("params", "a", "default"), 2)

    assert plain_data(after) == {"melody": "m", "params": {"a": {"default": 2}, "b": {"default": 1}}}


def test_an_edit_below_a_scalar_is_refused() -> None:
    with pytest.raises(MelodyError, match=r"melody is neither a map nor a list that has 'x'"):
        edit_yaml("melody: m\n", ("melody", "x"), 1)


def test_an_edit_of_what_is_no_yaml_is_refused() -> None:
    with pytest.raises(MelodyError, match="SYM100"):
        edit_yaml("melody: [", ("melody",), "m")


# a melody over its own text ------------------------------------------------------------------------------------------


def test_an_unchanged_melody_is_saved_as_its_own_bytes() -> None:
    assert save(melody_of(REPORT), REPORT) == REPORT


def test_a_changed_parameter_is_a_change_of_one_line() -> None:
    melody = melody_of(REPORT)
    top = melody.params["top"].model_copy(update={"default": 25})
    after = save(melody.model_copy(update={"params": FrozenMap({**melody.params, "top": top})}), REPORT)

    assert changed_lines(REPORT, after) == [
        "-  top:  {type: integer, default: 20, minimum: 1}  # how many",
        "+  top:  {type: integer, default: 25, minimum: 1}  # how many",
    ]


def test_tasks_and_outputs_come_and_go_by_their_own_lines() -> None:
    melody = melody_of(REPORT)
    tasks = {n: t for n, t in melody.tasks.items() if n != "script"}
    tasks = {"first": Task(player="p", retry=Retry(attempts=2)), **tasks}
    after = save(
        melody.model_copy(
            update={"tasks": FrozenMap(tasks), "outputs": FrozenMap({"all": parse_expression("tasks.files")})}
        ),
        REPORT,
    )

    assert changed_lines(REPORT, after) == [
        "+  first:", "+    player: p", "+    retry: 2",
        "-  script:", "-    run: |", "-      echo one", "-      echo two", "-    outputs: {log: out.txt}",
        "-  report: ${{ tasks.stats }}", "+  all: ${{ tasks.files }}",
    ]  # fmt: skip


def test_what_could_not_be_read_stays() -> None:
    text = "melody: m\nversion: 1.0.0\ntasks:\n  broken: {plaier: p}  # later\n  a: {player: p}\n"
    draft = read_yaml(text, "m.yaml")
    assert draft.melody is not None
    after = save(draft.melody.model_copy(update={"version": "2.0.0"}), text)

    assert after == text.replace("1.0.0", "2.0.0")


@given(melodies, melodies)
@settings(max_examples=40, deadline=None)
def test_any_melody_can_be_saved_over_any_other(before: Melody, after: Melody) -> None:
    text = save(after, to_yaml(before))

    assert read_yaml(text, "m.yaml").melody == after


@given(melodies)
@settings(max_examples=20, deadline=None)
def test_saving_over_text_that_is_no_melody_writes_a_new_one(melody: Melody) -> None:
    assert save(melody, "melody: [") == to_yaml(melody)
