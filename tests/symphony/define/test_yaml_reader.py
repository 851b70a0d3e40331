"""Reading melodies from YAML: good files give their melody, broken ones every problem with its place."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from symphony.define.yaml_problems import MOST, TITLES
from symphony.define.yaml_reader import Draft, read_yaml
from symphony.model.expression import Expression
from symphony.model.frozen import FrozenMap
from symphony.model.policy import Backoff, Isolation, Resources, Retry
from symphony.model.source import Span
from symphony.model.task import Each, ShellOutput

HERE = Path(__file__).parent
BROKEN = sorted((HERE / "broken").glob("*.yaml"))
PAGES = HERE.parents[2] / "docs" / "errors"
GOOD = sorted((HERE / "good").glob("*.yaml"))

REPORT = """\
melody: repo_report
version: 1.0.0
description: Health report of a git repository
params:
  repo: {type: path, default: "."}
  top:  {type: integer, default: 20, minimum: 1}
  mode: string
env: [API_URL]
tasks:
  files:
    player: git.list_files
    with:
      repo: ${{ params.repo }}
  stats:
    player: code.measure
    each: ${{ tasks.files }}          # one call per element
    with:
      file: ${{ item }}
    retry: {attempts: 3, delay: 1s, backoff: fixed, jitter: false, on: [OSError]}
    timeout: 5m
    isolation: process
    resources: {cpus: 2, memory: 1GiB}
    tokens: {database: 1}
    priority: 7
    cache: false
  page:
    player: html.report
    needs: [files]
    when: ${{ size(tasks.stats) > 0 }}
    with:
      rows: ${{ tasks.stats }}
      parents: ["${{ tasks.files }}", "${{ tasks.stats[0] }}"]
  lint:
    run: ruff check "$repo" > out.txt # a shell step
    with:
      repo: ${{ params.repo }}
    outputs: {log: out.txt, rows: {path: r.csv, type: text/csv}}
  pairs:
    player: text.join
    each: {product: {a: [1, 2], b: "${{ tasks.files }}"}}
    with: {text: "${{ item.a }}: ${{ item.b }}"}
    retry: 2
  child:
    melody: ./other.yaml
outputs:
  report: ${{ tasks.page }}
"""


def read(text: str) -> Draft:
    return read_yaml(text, "m.yaml")


def expected(draft: Draft) -> str:
    lines = []
    for found in draft.diagnostics:
        span = found.span
        assert span is not None
        place = f"{span.line}:{span.column}-{span.end_line}:{span.end_column}"
        lines += [f"{found.code} {place} {found.message}", *([f"    hint: {found.hint}"] if found.hint else [])]
    lines += [f"broken: {', '.join(sorted(draft.broken))}"] if draft.broken else []
    return "".join(line + "\n" for line in lines)


@pytest.mark.parametrize("file", BROKEN, ids=[f.stem for f in BROKEN])
def test_a_broken_file_gives_exactly_its_problems(file: Path) -> None:
    """Each problem with code, place, sentence and hint; the files beside hold what is expected."""
    draft = read_yaml(file.read_bytes(), file.name)

    assert expected(draft) == file.with_suffix(".txt").read_text(encoding="utf-8")
    assert draft.diagnostics
    assert all(d.file == file.name for d in draft.diagnostics)


@pytest.mark.parametrize("file", GOOD, ids=[f.stem for f in GOOD])
def test_a_good_file_has_no_problems(file: Path) -> None:
    draft = read_yaml(file.read_bytes(), file.name)

    assert draft.diagnostics == ()
    assert draft.melody is not None


def test_every_code_of_reading_is_met_by_a_broken_file() -> None:
    met = {d.code for f in BROKEN for d in read_yaml(f.read_bytes(), f.name).diagnostics}

    assert set(TITLES) <= met
    assert met <= set(TITLES) | {"SYM140", "SYM141"}


@pytest.mark.parametrize("code", list(TITLES))
def test_the_page_of_a_code_shows_it_broken_and_mended(code: str) -> None:
    page = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    broken, mended = (block.partition("```")[0] for block in page.split('.yaml"\n')[1:3])
    messages = [d.message for d in read(broken).diagnostics if d.code == code]

    assert page.startswith(f"# {code}: {TITLES[code]}\n")
    assert f"```text\n{messages[0]}\n```" in page
    assert read(mended).diagnostics == ()


def test_every_part_of_a_melody_is_read() -> None:
    melody = read(REPORT).melody
    assert melody is not None

    assert (melody.melody, melody.version, melody.env) == ("repo_report", "1.0.0", ("API_URL",))
    assert melody.params["repo"].default == "."
    assert (melody.params["top"].minimum, melody.params["mode"].type) == (1, "string")
    stats = melody.tasks["stats"]
    assert stats.each == Each(over=FrozenMap({"": Expression.reference("tasks", "files")}))
    assert stats.retry == Retry(attempts=3, delay=1.0, backoff=Backoff.FIXED, jitter=False, on=("OSError",))
    assert (stats.timeout, stats.isolation, stats.priority, stats.cache) == (300.0, Isolation.PROCESS, 7, False)
    assert stats.resources == Resources(cpus=2, memory=2**30)
    assert stats.tokens == {"database": 1}
    page = melody.tasks["page"]
    assert page.needs == ("files",)
    assert isinstance(page.when, Expression)
    assert page.when.text == "size(tasks.stats) > 0"
    assert [e.text for e in page.inputs["parents"]] == ["tasks.files", "tasks.stats[0]"]
    assert melody.tasks["lint"].outputs == {
        "log": ShellOutput(path="out.txt"),
        "rows": ShellOutput(path="r.csv", type="text/csv"),
    }
    pairs = melody.tasks["pairs"]
    assert pairs.each is not None
    assert pairs.each.product
    assert list(pairs.each.over) == ["a", "b"]
    assert pairs.retry == Retry(attempts=2)
    assert melody.tasks["child"].melody == "./other.yaml"
    assert melody.outputs["report"] == Expression.reference("tasks", "page")


def test_yaml_1_2_decides_what_a_scalar_is() -> None:
    melody = read_yaml((HERE / "good" / "yaml_12.yaml").read_bytes(), "m").melody
    assert melody is not None

    assert dict(melody.tasks["on"].inputs) == {
        "yes": "no", "clock": "1:30", "octal": 12, "decimal": 12, "hex": 31, "float": 1000.0, "inf": float("-inf"),
        "nothing": None, "empty": None, "flag": True, "text": "012", "date": "2024-01-01", "under": "1_000",
        "deep": {"quoted key": "it's"},
    }  # fmt: skip


def test_a_zip_may_name_a_list_over() -> None:
    melody = read('melody: m\ntasks: {a: {player: p, each: {over: [1], b: [2]}, with: {x: "${{ item.over }}"}}}').melody
    assert melody is not None
    each = melody.tasks["a"].each
    assert each is not None

    assert dict(each.over) == {"over": (1,), "b": (2,)}


def test_a_task_with_an_unknown_key_is_kept_and_one_without_sense_is_left_out() -> None:
    draft = read("melody: m\ntasks:\n  a: {player: p, retires: 3}\n  b: {with: {}}\n")

    assert draft.melody is not None
    assert list(draft.melody.tasks) == ["a"]
    assert draft.broken == {"b"}
    assert [d.task for d in draft.diagnostics] == ["a", "b"]


def test_a_parameter_that_cannot_be_read_takes_anything() -> None:
    draft = read("melody: m\nparams:\n  a: {type: strng}\n")

    assert draft.melody is not None
    assert draft.melody.params["a"].type == "any"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("tasks", "stats", "with", "file"), "${{ item }}"),
        (("tasks", "page", "with", "parents", 1), '"${{ tasks.stats[0] }}"'),
        (("params", "top", "minimum"), "1"),
        (("tasks", "pairs", "each", "product", "b"), '"${{ tasks.files }}"'),
        (("tasks", "stats", "retry", "delay"), "1s"),
        (("tasks", "page", "needs"), "[files]"),
        (("tasks", "page", "needs", 0), "files"),
        (("outputs", "report"), "${{ tasks.page }}"),
        (("tasks", "page", "with", "missing"), "with"),
    ],
    ids=lambda v: ".".join(map(str, v)) if isinstance(v, tuple) else "",
)
def test_the_source_finds_the_place_of_a_part(path: tuple[str | int, ...], text: str) -> None:
    melody = read(REPORT).melody
    assert melody is not None

    assert shown(melody.source.locate(path), REPORT) == text


def test_the_source_finds_keys_and_characters_of_expressions() -> None:
    melody = read(REPORT).melody
    assert melody is not None
    source = melody.source
    when = melody.tasks["page"].when
    assert isinstance(when, Expression)
    at = when.source.index("tasks.stats")

    assert shown(source.key_of(("tasks", "stats")), REPORT) == "stats"
    assert shown(source.expression_at(("tasks", "page", "when"), at, at + 11), REPORT) == "tasks.stats"
    text = melody.tasks["pairs"].inputs["text"]
    start, end = text.references[1].at
    assert shown(source.expression_at(("tasks", "pairs", "with", "text"), start, end), REPORT) == "item.b"
    assert source.text() == REPORT


def shown(span: Span | None, text: str) -> str:
    assert span is not None
    lines = text.splitlines(keepends=True)
    assert span.line == span.end_line
    return lines[span.line - 1][span.column - 1 : span.end_column - 1]


def large(tasks: int) -> str:
    out = ["melody: large", "params:", "  top: {type: integer, default: 20}", "tasks:"]
    for i in range(tasks):
        out += [f"  t{i}:", "    player: module:step", "    with:", f"      value: {i}", "      top: ${{ params.top }}"]
        out += [f'      parents: ["${{{{ tasks.t{i - 1} }}}}", "${{{{ tasks.t{i // 2} }}}}"]'] if i else []
    return "\n".join(out) + "\n"


def test_a_file_of_20000_tasks_passes() -> None:
    draft = read(large(20_000))

    assert draft.diagnostics == ()
    assert draft.melody is not None
    assert len(draft.melody.tasks) == 20_000


def test_loading_grows_with_the_file_and_no_faster() -> None:
    """Ten times the tasks take at most twenty times as long, whatever the machine."""
    small, big = large(500), large(5_000)
    read(small)

    assert best(big) < 20 * best(small)


def best(text: str) -> float:
    times = []
    for _ in range(3):
        start = time.perf_counter()
        read(text)
        times.append(time.perf_counter() - start)
    return min(times)


BOMBS = {
    "brackets": "melody: m\nx: " + "[" * 200_000,
    "braces": "melody: m\nx: " + "{a: " * 50_000,
    "dashes": "- " * 20_000 + "a",
    "questions": "? " * 20_000 + "a",
    "tagged": "melody: m\nx: " + "!!seq [" * 20_000,
    "lol": "melody: m\nx:\n  - &a [" + "x, " * 9 + "x]\n"
    + "".join(f"  - &{chr(98 + i)} [" + f"*{chr(97 + i)}, " * 9 + f"*{chr(97 + i)}]\n" for i in range(20)),
    "wide": "melody: m\nx:\n  - &a [" + "x, " * 10_000 + "x]\n  - [" + "*a, " * 1_000 + "*a]\n",
    "keys": "melody: m\nx: {" + ", ".join(f"? [{i}] : 1" for i in range(20_000)) + "}",
    "duplicates": "melody: m\nx:\n" + "  a: 1\n" * 2_000,
    "only_duplicates": "a: 1\n" * 1_000_000,
    "duplicates_below": "melody: m\ntasks: {" + "a, " * 1_000_000 + "}",
    "digits": "melody: m\nx: " + "9" * 1_000_000,
    "long_line": "melody: " + "a" * 5_000_000,
    "expression": "melody: m\ntasks: {a: {player: p, with: {x: '${{ " + "(" * 5_000 + " }}'}}}",
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_hostile_file_is_refused_within_two_seconds_with_a_place(bomb: str) -> None:
    start_s = time.process_time()
    draft = read(BOMBS[bomb])

    assert time.process_time() - start_s < 2
    assert draft.diagnostics
    assert all(d.span is not None for d in draft.diagnostics)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells the memory of one program")
def test_a_file_of_the_same_keys_takes_little_memory() -> None:
    code = (
        "from symphony.define.yaml_reader import read_yaml; read_yaml(b'a: 1\\n' * 1_000_000, 'm.yaml'); "
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert int(done.stdout) < 300_000


def test_problems_past_the_limit_are_summed_up_in_one_line() -> None:
    keys = "".join(f"  k{i}: {{player: p}}\n  k{i}: {{player: p}}\n" for i in range(MOST + 50))
    draft = read(f"melody: m\ntasks:\n{keys}")

    assert len(draft.diagnostics) == MOST + 1
    assert {d.code for d in draft.diagnostics[:-1]} == {"SYM104"}
    assert draft.diagnostics[-1].message == f"… and more: {MOST} problems of a file are listed"
    assert draft.diagnostics[-1].span == draft.diagnostics[-2].span


def test_as_many_problems_as_are_listed_need_no_such_line() -> None:
    keys = "".join(f"  k{i}: {{player: p}}\n  k{i}: {{player: p}}\n" for i in range(MOST))

    assert {d.code for d in read(f"melody: m\ntasks:\n{keys}").diagnostics} == {"SYM104"}


def test_a_file_past_64_megabytes_is_refused() -> None:
    draft = read_yaml(b"melody: m\n" + b"#" * 64_000_000, "m.yaml")

    assert [d.code for d in draft.diagnostics] == ["SYM107"]


def test_aliases_may_repeat_up_to_the_limit() -> None:
    text = "melody: m\ntasks:\n  a:\n    player: p\n    with:\n      a: &a [" + "x, " * 998 + "x]\n      b: [{}]\n"

    assert read(text.format(", ".join(["*a"] * 100))).diagnostics == ()
    assert [d.code for d in read(text.format(", ".join(["*a"] * 101))).diagnostics] == ["SYM107"]


def test_nesting_up_to_64_levels_is_read() -> None:
    text = "melody: m\ntasks: {{a: {{player: p, with: {{x: {}}}}}}}"  # four levels around the value

    assert read(text.format("[" * 60 + "]" * 60)).diagnostics == ()
    assert [d.code for d in read(text.format("[" * 61 + "]" * 61)).diagnostics] == ["SYM107"]
