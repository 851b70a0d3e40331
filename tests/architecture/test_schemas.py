"""The JSON Schemas are fresh and agree with the reader on good and bad melodies."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from symphony.define.schema_export import main, melody_schema, plan_schema, texts
from symphony.define.yaml_reader import read_yaml
from symphony.define.yaml_splice import plain_data
from symphony.errors import MelodyError
from symphony.model.frozen import FrozenMap
from symphony.model.param import Param
from symphony.model.plan import Plan, PlannedTask, PlayerPin
from symphony.model.policy import Retry
from symphony.model.task import Each

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "tests" / "symphony" / "define"
SHIPPED = sorted([*ROOT.glob("melodies/*.yaml"), *ROOT.glob("examples/**/*.yaml"), *CORPUS.glob("good/*.yaml")])
BROKEN = sorted(CORPUS.glob("broken/*.yaml"))
ONLY_A_PARSER_TELLS = {"SYM104", "SYM105", "SYM108", "SYM140", "SYM141"}
"""Keys that stand twice or are not text, tags, what is inside expressions, integers of more than 64 bits."""
CONSTANTS = {"default_expression", "when_number"}
"""A schema cannot tell an expression from a constant written as one."""
MELODY = jsonschema.Draft202012Validator(melody_schema())

GOOD_TASKS = [
    "{player: text.split}", "{player: 'module:function', with: {a: 1}}", "{player: ext/player, with: }", "{run: ls}",
    "{run: ls, outputs: {log: out.txt}}", "{run: ls, outputs: {t: {path: a/t.csv, type: text/csv}}}",
    "{run: ls, outputs: {t: {path: ..a/b..}}}", "{melody: ./other.yaml, with: {top: 3}, priority: 1}",
    "{player: p, retry: 3}", "{player: p, retry: {delay: 20ms, max_time: 1h 30m}}",
    "{player: p, retry: {attempts: 2, on: [OSError]}}", "{player: p, retry: {delay: 0, jitter: false}}",
    "{player: p, timeout: 1.5}", "{player: p, timeout: 0h 1m}",
    "{player: p, resources: {cpus: 0.5, memory: 1GiB, gpus: 0}}",
    "{player: p, resources: {memory: 1024}}", "{player: p, isolation: sandbox, cache: false}",
    "{player: p, tokens: {db: 2}}",
    "{player: p, needs: [b, c]}", "{player: p, needs: []}", "{player: p, when: true}",
    "{player: p, when: '${{ 1 < 2 }}'}",
    "{player: p, when: ' ${{ a\n }} '}", "{player: p, each: '${{ tasks.b }}'}", "{player: p, each: [1, 2]}",
    "{player: p, each: {a: '${{ tasks.b }}', b: [1]}}", "{player: p, each: {product: {a: [1], product: [2]}}}",
    "{player: p, each: {over: [1]}}", "{player: p, description: ''}",
    "{player: p, with: {x: '${{ params.x }}', y: {'a b': [null]}}}",
]  # fmt: skip
BAD_TASKS = [
    "{}", "text", "[1]", "{player: 5}", "{player: ''}", "{player: '${{ params.p }}'}", "{player: p, run: ls}",
    "{with: {}}", "{player: p, retri: 3}", "{player: p, container: x}", "{player: p, environment: x}",
    "{player: p, outputs: {a: b}}", "{melody: m.yaml, retry: 3}", "{melody: m.yaml, outputs: {a: b}}",
    "{run: 'echo ${{ params.x }}'}", "{run: ls, with: {PATH: x}}", "{run: ls, with: {LD_PRELOAD: x}}",
    "{run: ls, outputs: {a: /etc/passwd}}", "{run: ls, outputs: {a: ../x}}",
    "{run: ls, outputs: {a: {path: x/../../y}}}",
    "{run: ls, outputs: {a: {type: text/csv}}}", "{run: ls, outputs: {stdout: x}}",
    "{run: ls, outputs: {a: {path: x, type: txt}}}",
    "{player: p, with: [1]}", "{player: p, with: {a-b: 1}}", "{player: p, with: {in: 1}}", "{player: p, retry: 0}",
    "{player: p, retry: three}", "{player: p, retry: {attempts: 0}}", "{player: p, retry: {backoff: linear}}",
    "{player: p, retry: {jitter: yes}}", "{player: p, retry: {on: OSError}}", "{player: p, retry: {tries: 2}}",
    "{player: p, retry: {delay: -1}}", "{player: p, retry: {max_time: null}}", "{player: p, timeout: 5 minutes}",
    "{player: p, timeout: 0s}", "{player: p, timeout: 0}", "{player: p, timeout: '${{ params.t }}'}",
    "{player: p, isolation: cloud}", "{player: p, resources: {cpus: 0}}", "{player: p, resources: {memory: 2 gigs}}",
    "{player: p, resources: {memory: null}}", "{player: p, resources: {gpu: 1}}", "{player: p, tokens: {db: 0}}",
    "{player: p, priority: high}", "{player: p, cache: no}", "{player: p, needs: b}",
    "{player: p, needs: ['${{ tasks.b }}']}",
    "{player: p, when: tasks.b}", "{player: p, when: 1}", "{player: p, each: tasks.b}", "{player: p, each: {}}",
    "{player: p, each: 5}", "{player: p, each: {a: 5}}", "{player: p, each: {product: [1]}}",
    "{player: p, each: {product: {a: [1]}, b: [2]}}", "{player: p, description: 5}",
]  # fmt: skip
GOOD_PARAMS = [
    "string", "list[string]", "{}", "{type: integer, default: 3, minimum: 1, maximum: 9.5}",
    "{type: 'map[string, list[path]]'}",
    "{type: 'literal[\"a\", 1, true, null]'}", "{type: 'file[text/csv] | null', required: false}",
    "{type: 'my.module:Class'}",
    "{choices: [a, 1, null]}", "{pattern: '[a-z]+', description: ''}", "{secret: true}", "{default: null}",
    "{type: 'tuple[int, ...]'}",
]  # fmt: skip
BAD_PARAMS = [
    "5", "null", "[string]", "strng", "{type: strng}", "{type: [string]}", "{type: 'list[strng]'}", "{typ: string}",
    "{choices: []}",
    "{choices: a}", "{minimum: '1'}", "{required: yes}", "{secret: 1}", "{pattern: 5}", "{description: 7}", "{min: 1}",
]  # fmt: skip
GOOD_HEADS = [
    "melody: m", "melody: my-melody_2", "melody: m\nversion: 1.2.3-rc.1", "melody: m\nenv: [A, _b]",
    "melody: m\ntasks:",
    "melody: m\noutputs: {a: {b: [1]}}", "melody: m\ndescription: |\n  long\n  text",
]  # fmt: skip
BAD_HEADS = [
    "version: 1.0.0", "melody:", "melody: 5", "melody: 1m", "melody: a b", "melody: m\nversion: 1.0",
    "melody: m\nversion: v1.0.0",
    "melody: m\nversion: '1.0'", "melody: m\nenv: A", "melody: m\nenv: [a-b]", "melody: m\ntasks: []",
    "melody: m\ntaks: {}",
    "melody: m\noutputs: {a-b: 1}", "melody: m\nparams: {in: string}", "melody: m\ndescription: 5", "- melody: m",
    "melody: " + "m" * 201, "melody: m\ntasks: {" + "t" * 201 + ": {run: ls}}",
]  # fmt: skip


def documents(heads: list[str], tasks: list[str], params: list[str]) -> list[str]:
    of_tasks = [f"melody: m\ntasks:\n  a: {t}\n" for t in tasks]
    return [*heads, *of_tasks, *(f"melody: m\nparams:\n  a: {p}\n" for p in params)]


def short(text: str) -> str:
    return text.replace("\n", " ")[:60]


@pytest.mark.parametrize("text", documents(GOOD_HEADS, GOOD_TASKS, GOOD_PARAMS), ids=short)
def test_schema_and_reader_accept_the_same(text: str) -> None:
    assert [d.one_line() for d in read_yaml(text, "m.yaml").diagnostics] == []
    assert [e.message for e in MELODY.iter_errors(plain_data(text))] == []


@pytest.mark.parametrize("text", documents(BAD_HEADS, BAD_TASKS, BAD_PARAMS), ids=short)
def test_schema_and_reader_refuse_the_same(text: str) -> None:
    assert read_yaml(text, "m.yaml").diagnostics
    assert not MELODY.is_valid(plain_data(text))


@pytest.mark.parametrize("file", SHIPPED, ids=lambda f: f.stem)
def test_every_melody_that_ships_is_valid(file: Path) -> None:
    assert [e.message for e in MELODY.iter_errors(plain_data(file.read_bytes().decode()))] == []


@pytest.mark.parametrize("file", BROKEN, ids=lambda f: f.stem)
def test_the_schema_refuses_what_the_reader_refuses(file: Path) -> None:
    codes = {d.code for d in read_yaml(file.read_bytes(), file.name).diagnostics}
    try:
        data = plain_data(file.read_bytes().decode())
    except (MelodyError, UnicodeDecodeError):
        return  # no YAML: there is nothing for a schema to look at

    assert MELODY.is_valid(data) is (codes <= ONLY_A_PARSER_TELLS or file.stem in CONSTANTS)


def test_the_schemas_are_fresh() -> None:
    assert main(["--check"]) == 0


def test_what_is_written_is_what_the_models_say() -> None:
    assert {name: json.loads(text) for name, text in texts().items()} == {
        "melody.schema.json": melody_schema(),
        "plan.schema.json": plan_schema(),
    }


@pytest.mark.parametrize("schema", [melody_schema(), plan_schema()], ids=["melody", "plan"])
def test_a_schema_is_one_and_describes_every_key(schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)
    parts = {"": schema, **schema["$defs"]}

    keys = [(f"{n}.{k}", v) for n, part in parts.items() for k, v in part.get("properties", {}).items()]

    assert [name for name, key in keys if not key.get("description")] == []


@pytest.mark.parametrize("text", ["1" * 40 + "x", "list[" * 40, "a/" + "1" * 40 + "!", '"' * 41, "int|" * 40 + "x"])
def test_the_pattern_of_types_is_quick_on_hostile_text(text: str) -> None:
    start = time.perf_counter()
    MELODY.is_valid({"melody": "m", "params": {"a": text}})

    assert time.perf_counter() - start < 1


PLAN = Plan(
    melody="m",
    params=FrozenMap({"top": Param(type="integer", default=3)}),
    players=FrozenMap({"p": PlayerPin(name="p", kind="operator", module="m", qualname="p", identity=None)}),
    tasks=(
        PlannedTask(id="a", player="p", inputs=FrozenMap({"x": "${{ params.top }}"}), retry=Retry(), timeout=90),
        PlannedTask(id="b", player="p", each=Each(over=FrozenMap({"": "${{ tasks.a }}"})), when="${{ tasks.a > 1 }}"),
        PlannedTask(id="c", body=Plan(melody="inner"), each=Each(over=FrozenMap({"x": (1, 2)}), product=True)),
    ),
    outputs=FrozenMap({"b": "${{ tasks.b }}"}),
)  # fmt: skip


def test_a_plan_file_is_valid() -> None:
    document = json.loads(PLAN.to_text())

    assert [e.message for e in jsonschema.Draft202012Validator(plan_schema()).iter_errors(document)] == []


@pytest.mark.parametrize(
    "change", [{"symphony": 2}, {"hash": "x"}, {"tasks": {}}, {"more": 1}, {"tasks": [{"player": "p"}]}], ids=str
)
def test_a_broken_plan_file_is_refused(change: dict[str, Any]) -> None:
    document = {**json.loads(PLAN.to_text()), **change}

    assert not jsonschema.Draft202012Validator(plan_schema()).is_valid(document)
