"""Workflows of GitHub Actions become melodies; what has no like in a melody is told with its place."""

from __future__ import annotations

import json
import subprocess
import textwrap
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symphony import compile
from symphony.define.importers.bash_quotes import Place, places_of
from symphony.define.importers.front_door import import_text
from symphony.define.importers.github_expressions import find
from symphony.define.importers.github_matrix import rows
from symphony.define.importers.github_tests import read_tests
from symphony.define.importers.report import Imported
from symphony.define.yaml_reader import read_yaml
from symphony.define.yaml_writer import to_yaml
from symphony.model.diagnostic import Severity
from symphony.model.melody import Melody
from symphony.model.task import Task
from symphony.model.template import to_document

CI = """
name: CI
on:
  push: {branches: [main]}
  pull_request:
permissions: {contents: read}
env: {PYTHONUNBUFFERED: 1, LEVEL: info}
jobs:
  unit-test:
    name: Tests
    runs-on: ${{ matrix.os }}
    timeout-minutes: 15
    strategy:
      fail-fast: false
      matrix:
        os: [ubuntu-latest, ubuntu-22.04]
        python-version: ["3.11", "3.12"]
    steps:
      - uses: actions/checkout@v4
        with: {fetch-depth: 0}
      - uses: actions/setup-python@v5
      - name: Test
        run: |
          echo "on ${{ matrix.os }}" '${{ matrix.python-version }}'
          pytest
      - run: ls
        if: matrix.os == 'ubuntu-latest'
        working-directory: tests
"""
RELEASE = """
on: {push: {tags: ["v*"]}}
jobs:
  build:
    runs-on: ubuntu-latest
    outputs: {version: "${{ steps.v.outputs.version }}"}
    steps:
      - id: v
        run: echo "version=${GITHUB_REF_NAME#v}" >> "$GITHUB_OUTPUT"
        shell: bash
  publish:
    needs: build
    if: startsWith(github.ref, 'refs/tags/') && github.repository == 'a/b'
    runs-on: ubuntu-latest
    environment: pypi
    env: {TOKEN: "${{ secrets.PYPI_TOKEN }}", AUTH: "Bearer ${{ secrets.PYPI_TOKEN }}"}
    steps:
      - run: upload ${{ needs.build.outputs.version }}
  announce:
    needs: [publish]
    runs-on: ubuntu-latest
    steps: [{run: "echo done"}]
  clean:
    needs: [build, publish]
    if: ${{ always() }}
    runs-on: ubuntu-latest
    steps: [{run: "echo clean"}]
  alarm:
    needs: publish
    if: failure()
    runs-on: ubuntu-latest
    steps: [{run: "echo alarm"}]
"""
DISPATCH = """
name: Deploy it
on:
  workflow_dispatch:
    inputs:
      target: {description: Where, type: choice, options: [staging, live], default: staging}
      dry-run: {type: boolean, default: true}
      count: {type: number, default: 3}
      tag: {required: true}
      note: {}
jobs:
  deploy:
    runs-on: self-hosted
    if: ${{ !inputs.dry-run }}
    services: {db: {image: postgres}}
    container: node:20
    defaults: {run: {working-directory: app}}
    steps:
      - run: ./deploy "${{ inputs.target }}" ${{ github.event.inputs.tag }} ${{ inputs.count }}
        env: {NOTE: "n: ${{ inputs.note }}"}
        continue-on-error: true
  notify:
    needs: deploy
    uses: ./.github/workflows/notify.yml
    with: {x: 1}
"""


def imported(text: str) -> Imported:
    return import_text(textwrap.dedent(text), "ci.yml")


def melody_of(text: str) -> Melody:
    found = imported(text)
    assert found.melody is not None, [note.one_line() for note in found.notes]
    assert read_yaml(to_yaml(found.melody), "x.yaml").melody == found.melody
    compile(found.melody)
    return found.melody


def told(text: str, severity: Severity = Severity.WARNING) -> list[str]:
    return [n.message for n in imported(text).notes if n.severity is severity]


def job(body: str, head: str = "") -> str:
    """A workflow with one job `a`; the body is indented below it."""
    return f"on: push\n{textwrap.dedent(head)}jobs:\n  a:\n    runs-on: ubuntu-latest\n" + textwrap.indent(
        textwrap.dedent(body), "    "
    )


def task_of(body: str, head: str = "") -> Task:
    return melody_of(job(body, head)).tasks["a"]


def inputs_of(task: Task) -> dict[str, object]:
    found = to_document(task.inputs)
    assert isinstance(found, dict)
    return found


def test_a_ci_workflow_with_a_matrix() -> None:
    melody = melody_of(CI)

    assert list(melody.tasks) == ["unit_test"]
    task = melody.tasks["unit_test"]
    assert task.each is not None
    assert task.each.product
    assert to_document(task.each.over) == {
        "os": ["ubuntu-latest", "ubuntu-22.04"],
        "python_version": ["3.11", "3.12"],
    }
    assert (task.timeout, task.description) == (900, "Tests")
    assert inputs_of(task) == {
        "LEVEL": "info",
        "checkout": "${{ params.checkout }}",
        "matrix_os": "${{ item.os }}",
        "matrix_python_version": "${{ item.python_version }}",
    }
    assert task.run is not None
    assert "export PYTHONUNBUFFERED=1\n" in task.run
    assert """echo "on ${matrix_os}" ''"${matrix_python_version}"''\n""" in task.run
    assert 'if [[ "${matrix_os}" == ubuntu-latest ]]; then\n(\ncd -- tests\nls\n)\nfi\n' in task.run
    assert told(CI) == ["the action actions/setup-python@v5 is not imported: write what it does as a command"]


def test_a_release_workflow_with_needs_and_conditions() -> None:
    melody = melody_of(RELEASE)

    assert {n: (t.needs, to_document(t.when)) for n, t in melody.tasks.items()} == {
        "build": ((), None),
        "publish": (
            ("build",),
            '${{ params.github_ref.startsWith("refs/tags/") && params.github_repository == "a/b" }}',
        ),
        "announce": (("publish",), "${{ succeeded(tasks.publish) }}"),
        "clean": (("build", "publish"), "${{ always() }}"),
        "alarm": (("publish",), "${{ failed(tasks.publish) || failed(tasks.build) }}"),
    }
    publish = melody.tasks["publish"]
    assert inputs_of(publish)["TOKEN"] == "${{ secrets.PYPI_TOKEN }}"
    assert "export AUTH='Bearer '\"${secrets_PYPI_TOKEN}\"\n" in str(publish.run)
    assert inputs_of(melody.tasks["build"]) == {"GITHUB_REF_NAME": "${{ params.github_ref_name }}"}
    warnings = told(RELEASE)
    assert [w.partition(":")[0] for w in warnings] == [
        "outputs of a job are not imported",
        "what is written to $GITHUB_OUTPUT reaches no later step",
        "environments of GitHub are not imported",
        "needs.build.outputs.version became the required parameter needs_build_outputs_version",
    ]


def test_a_dispatch_with_inputs() -> None:
    melody = melody_of(DISPATCH)

    assert melody.melody == "Deploy-it"
    params = {n: (p.type, p.default, p.required, p.choices) for n, p in melody.params.items()}
    assert params == {
        "target": ("string", "staging", None, ("staging", "live")),
        "dry_run": ("boolean", True, None, None),
        "count": ("number", 3, None, None),
        "tag": ("string", None, True, None),
        "note": ("string", "", None, None),
    }
    deploy, notify = melody.tasks["deploy"], melody.tasks["notify"]
    assert to_document(deploy.when) == "${{ !params.dry_run }}"
    assert "set +e\n(\nset -e\ncd -- app\nexport NOTE='n: '\"${inputs_note}\"\n./deploy" in str(deploy.run)
    assert str(notify.run).endswith("echo 'the job notify was not imported' >&2\nexit 1\n")
    assert [w.partition(":")[0] for w in told(DISPATCH)] == [
        "the runner self-hosted is not chosen",
        "services are not imported",
        "containers are not imported",
        "./.github/workflows/notify.yml is not imported",
        "inputs for a reusable workflow are not imported",
    ]


def test_a_warning_has_line_column_and_keys() -> None:
    found = imported("on: push\njobs:\n  a:\n    steps:\n      - run: echo ${{ steps.x.outputs.y }}\n")

    (note,) = [n for n in found.notes if n.severity is Severity.WARNING]

    assert note.one_line() == (
        "ci.yml:5:19: warning: steps.x.outputs.y became the required parameter steps_x_outputs_y (jobs.a.steps[0].run)"
    )


def test_include_and_exclude_are_worked_out_as_github_does() -> None:
    lists = {"fruit": ["apple", "pear"], "animal": ["cat", "dog"]}
    include = [
        {"color": "green"},
        {"color": "pink", "animal": "cat"},
        {"fruit": "apple", "shape": "circle"},
        {"fruit": "banana"},
        {"fruit": "banana", "animal": "cat"},
    ]

    assert rows(lists, include, [{"fruit": "pear", "animal": "dog"}]) == [
        {"fruit": "apple", "animal": "cat", "color": "pink", "shape": "circle"},
        {"fruit": "apple", "animal": "dog", "color": "green", "shape": "circle"},
        {"fruit": "pear", "animal": "cat", "color": "pink"},
        {"fruit": "banana"},
        {"fruit": "banana", "animal": "cat"},
    ]


def test_a_matrix_with_include_is_one_list_of_rows() -> None:
    task = task_of(
        """
        strategy: {matrix: {os: [a, b], include: [{os: b, extra-flag: "-x"}]}}
        steps: [{run: "echo ${{ matrix.os }} ${{ matrix.extra-flag }}"}]
        """
    )

    assert task.each is not None
    assert to_document(task.each.over[""]) == [{"os": "a", "extra-flag": ""}, {"os": "b", "extra-flag": "-x"}]
    assert inputs_of(task)["matrix_extra_flag"] == '${{ item["extra-flag"] }}'


@pytest.mark.parametrize("matrix", ["${{ fromJSON(needs.x.outputs.m) }}", "{os: '${{ fromJSON(inputs.all) }}'}"])
def test_a_matrix_that_is_worked_out_in_the_run_is_a_required_list(matrix: str) -> None:
    melody = melody_of(job(f'strategy: {{matrix: {matrix}}}\nsteps: [{{run: "echo ${{{{ matrix.os }}}}"}}]'.replace(
        "{matrix: ${{", '{matrix: "${{').replace("m) }}}", 'm) }}"}')))  # fmt: skip

    assert [(p.type, p.required) for p in melody.params.values()] == [("list[json]", True)]


@pytest.mark.parametrize(
    ("source", "shell", "cel"),
    [
        ("github.x == 'it''s'", """[[ "${v}" == 'it'"'"'s' ]]""", 'v == "it\'s"'),
        (
            "github.x != 'a' && github.y",
            '[[ "${v}" != a ]] && [[ -n "${v}" && "${v}" != false ]]',
            'v != "a" && v != ""',
        ),
        ("!github.x", '! [[ -n "${v}" && "${v}" != false ]]', 'v == ""'),
        ("github.x == 'a' || github.y == 'b'", '[[ "${v}" == a ]] || [[ "${v}" == b ]]', '(v == "a" || v == "b")'),
        ("endsWith(github.x, '*')", """[[ "${v}" == *'*' ]]""", 'v.endsWith("*")'),
        ("!contains(github.x, 'a && b')", """! [[ "${v}" == *'a && b'* ]]""", '!v.contains("a && b")'),
        ("success() && github.x == 'a'", '[[ "${v}" == a ]]', 'v == "a"'),
    ],
)
def test_simple_conditions_are_read(source: str, shell: str, cel: str) -> None:
    tests = read_tests(source)

    assert tests is not None
    assert tests.in_shell(lambda _: "v") == shell
    assert tests.in_cel(lambda _: "string", lambda _: "v") == cel


@pytest.mark.parametrize(
    ("source", "cel"),
    [
        ("x", "v"), ("!x", "!v"), ("x == true", "v"), ("x == false", "!v"), ("x != true", "!v"), ("x != false", "v"),
        ("!x == false", "v"), ("x == 'true'", None),
    ],
)  # fmt: skip
def test_truth_values_are_compared_with_truth_values_only(source: str, cel: str | None) -> None:
    tests = read_tests(source)

    assert tests is not None
    assert tests.in_cel(lambda _: "boolean", lambda _: "v") == cel


@pytest.mark.parametrize(
    "source", ["a && b || c", "(a)", "a == b", "a > 1", "always() && a", "", "a &&", "f('x')", "'x'"]
)
def test_other_conditions_are_not_read(source: str) -> None:
    assert read_tests(source) is None


def test_other_conditions_become_a_required_parameter() -> None:
    melody = melody_of(job("if: ${{ (github.x || github.y) && z }}\nsteps: [{run: ls}]"))

    assert to_document(melody.tasks["a"].when) == "${{ params.if_github_x_github_y_z }}"
    assert melody.params["if_github_x_github_y_z"].type == "boolean"
    assert melody.params["if_github_x_github_y_z"].required


@pytest.mark.parametrize(
    ("script", "places"),
    [
        ("echo ${{ x }}", "expanded"),
        ("echo '${{ x }}' \"${{ x }}\" '", "single expanded"),
        ("echo \"$(echo '${{ x }}')\" ${{ x }}", "single expanded"),
        ("# it's ${{ x }}\necho ${{ x }}", "comment expanded"),
        ("echo a#'${{ x }}' \\'${{ x }}", "single expanded"),
        ("cat <<'E' && echo ${{ x }}\n${{ x }} '\nE\necho '${{ x }}'", "expanded literal single"),
        ("cat <<-E\n\tit's ${{ x }}\n\tE\necho ${{ x }}", "expanded expanded"),
        ("cat <<< '${{ x }}' $'it\\'s ${{ x }}'", "single literal"),
        ("(echo \"a\") ; ( cd '${{ x }}' )", "single"),
    ],
)
def test_quotes_around_an_expression_are_known(script: str, places: str) -> None:
    found = places_of(script, [(f.start, f.end) for f in find(script)])

    assert [Place(p).name.lower() for p in found] == places.split()


def test_an_expression_reaches_the_command_whatever_the_quotes() -> None:
    task = task_of(
        """
        env: {V: "a b"}
        steps:
          - run: |
              # it's ${{ env.V }}
              printf '<%s>' "${{ env.V }}" 'x${{ env.V }}y' "$(echo '${{ env.V }}')" ${{ env.V }}
        """
    )

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", str(task.run)], env={"V": "a b"}, capture_output=True, text=True, check=True
    )

    assert done.stdout == "<a b><xa by><a b><a><b>"


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ({"run": "cat <<'E'\n${{ github.x }}\nE"}, "stands in text that bash does not expand"),
        ({"run": "echo ${{ github.x"}, "is never closed"),
        ({"run": "print(1)", "shell": "python"}, "is not bash"),
    ],
)
def test_a_step_that_cannot_be_kept_fails_and_is_told(step: dict[str, str], message: str) -> None:
    text = json.dumps({"on": "push", "jobs": {"a": {"steps": [step]}}})

    assert any(message in m for m in told(text))
    script = str(melody_of(text).tasks["a"].run)
    assert subprocess.run(["bash", "-euo", "pipefail", "-c", script], capture_output=True, check=False).returncode == 1


def test_a_job_of_actions_only_fails_and_is_told() -> None:
    text = job("steps: [{uses: some/deploy@v1}]")

    assert told(text)[0].startswith("no step of this job could be taken over")
    assert str(melody_of(text).tasks["a"].run).endswith("exit 1\n")


def test_steps_are_as_strict_as_on_github() -> None:
    task = task_of(
        """
        steps:
          - run: echo "${UNSET}1"; false | true; cd /
          - run: false
            continue-on-error: true
          - run: echo "$PWD" && false
          - run: echo never
        """
    )

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", str(task.run)], capture_output=True, text=True, check=False, cwd="/usr"
    )

    assert (done.returncode, done.stdout) == (1, "1\n/usr\n")


def test_an_unclosed_expression_in_an_environment_is_text() -> None:
    task = task_of('env: {A: "x ${{ y"}\nsteps: [{run: printenv A}]')

    script = str(task.run)

    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "x ${{ y\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("jobs: {a: {needs: b, steps: [{run: ls}]}}", "there is no job 'b'"),
        ("jobs: {a: {needs: b, steps: [{run: ls}]}, b: {needs: [a], steps: []}}", "the jobs form a cycle: "),
        ("jobs: {a: 3}", "jobs is no map of jobs"),
        ("jobs: {a: {needs: {x: 1}}}", "needs takes the name of a job"),
    ],
)
def test_what_makes_no_melody_is_an_error(text: str, message: str) -> None:
    found = imported(text)

    assert found.melody is None
    assert [n.message.startswith(message) for n in found.notes if n.severity is Severity.ERROR] == [True]


def test_odd_parts_are_told_and_never_stop_the_import() -> None:
    text = """
    name: {a: 1}
    on: [push, {x: 1}]
    colour: red
    env: [A]
    defaults: 3
    jobs:
      "1": {steps: 3, strategy: x, timeout-minutes: soon, if: false, env: {"A-B": 1, C: [1]}, shape: 1}
      b: {strategy: {matrix: {a: []}, max-parallel: 2, z: 1}, steps: [3, {run: ls, uses: x}, {run: ls, wrong: 1, if: failure()}]}
    """

    melody = melody_of(text)

    assert list(melody.tasks) == ["_1", "b"]
    assert melody.tasks["_1"].when is False
    warnings = " | ".join(told(text))
    for part in ("'colour'", "env is no map", "defaults is", "steps is no list", "a strategy is a map", "timeout-minutes",
                 "'A-B'", "'C'", "'shape'", "the matrix is empty", "max-parallel", "'z'", "either run or uses", "'wrong'",
                 "a step for failures"):  # fmt: skip
        assert part in warnings, part


LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.floats(allow_nan=False, allow_infinity=False, width=16),
    st.sampled_from(["", "a", "x-1", "always()", "a == 'b'", "PATH", "ls\n# it's", "${{", "${{ github.sha }}", "${{ matrix.a }}x",
                     "${{ secrets.X }}", "a${{ env.A }}", "${{ env.A }}", "${{ inputs.a }}"]),
)  # fmt: skip
KEYS = st.sampled_from(["run", "uses", "env", "if", "with", "shell", "matrix", "include", "exclude", "strategy", "steps",
                        "working-directory", "a", "PATH", "A", "timeout-minutes", "defaults", "needs", "inputs", "type",
                        "default", "options", "required", "name"])  # fmt: skip
PARTS = st.recursive(
    LEAVES, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4))
)
STEPS = st.lists(st.dictionaries(KEYS, PARTS, max_size=4), max_size=3)
STRATEGIES = st.one_of(
    PARTS, st.fixed_dictionaries({"matrix": st.dictionaries(KEYS, st.lists(LEAVES, max_size=2), max_size=3)})
)


@given(
    st.fixed_dictionaries(
        {}, optional={"steps": STEPS, "strategy": STRATEGIES, "env": PARTS, "if": LEAVES, "name": PARTS}
    ),
    st.dictionaries(st.sampled_from(["workflow_dispatch", "push"]), PARTS, max_size=2),
)
@settings(max_examples=120, deadline=None)
def test_whatever_a_job_holds_the_melody_compiles(body: dict[str, Any], on: dict[str, Any]) -> None:
    melody_of(json.dumps({"on": on, "jobs": {"a": body, "b": {"needs": "a", "steps": [{"run": "ls"}]}}}))
