"""``symphony test``: YAML cases by itself, Python tests by pytest."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from symphony.cli.document_schemas import schema_of
from symphony.cli.init_files import files_for

CASES = """\
melody: greetings.py:first
cases:
  - name: it greets
    params: {name: Ada}
    expect: {outputs: {greeting: "Hello, Ada!"}}
  - name: it counts letters
    stubs:
      players:greet: {returns: Hi}
    expect: {outputs: {letters: 3}}
"""
Symphony = Callable[..., Any]


@pytest.fixture
def cases(project: Path) -> Path:
    """A file of two cases, the second of which expects something wrong."""
    (project / "melodies" / "greetings.test.yaml").write_text(CASES)
    return project / "melodies" / "greetings.test.yaml"


def test_cases_are_told_one_by_one_and_failures_with_their_lines(cases: Path, symphony: Symphony) -> None:
    done = symphony("test")

    assert done.code == 1
    assert done.out.startswith("melodies/greetings.test.yaml\n  passed  it greets")
    assert "  failed  it counts letters" in done.out
    assert (
        "melodies/greetings.test.yaml: it counts letters\n"
        "  melodies/greetings.test.yaml:9: the output letters: should be 3, is 2\n" in done.out
    )
    assert "2 tests: 1 passed, 1 failed in " in done.out


def test_k_chooses_by_name(cases: Path, symphony: Symphony) -> None:
    assert symphony("test", "-k", "greets and not counts").code == 0
    assert symphony("test", "-k", "nothing").err == "error: no test has a name that -k chooses\n"


def test_the_document_and_the_report_say_the_same(cases: Path, symphony: Symphony) -> None:
    jsonschema = pytest.importorskip("jsonschema")

    done = symphony("test", "--json", "--junit", "report/tests.xml", str(cases))

    document = done.document()
    jsonschema.validate(document, schema_of("test"))
    assert done.code == 1
    assert document["counts"] == {"passed": 1, "failed": 1, "skipped": 0}
    assert [(t["name"], t["state"], t["line"]) for t in document["tests"]] == [
        ("it greets", "passed", 3), ("it counts letters", "failed", 6),
    ]  # fmt: skip
    report = ElementTree.parse(cases.parent.parent / "report" / "tests.xml")
    assert [c.get("name") for c in report.iter("testcase")] == ["it greets", "it counts letters"]
    assert "should be 3, is 2" in str(next(report.iter("failure")).text)


def test_a_wrong_file_is_a_failure_with_places(project: Path, symphony: Symphony) -> None:
    (project / "bad.test.yaml").write_text("cases:\n  - nam: x\n")

    done = symphony("test")

    assert done.code == 1
    assert "bad.test.yaml:2:5" in done.out
    assert "did you mean 'name'?" in done.out


def test_update_writes_snapshots_anew(project: Path, symphony: Symphony) -> None:
    (project / "s.test.yaml").write_text(
        "melody: melodies/greetings.py:first\ncases:\n  - {name: a, expect: {outputs: {greeting: {snapshot: true}}}}\n"
    )
    assert symphony("test").code == 0
    kept = project / "__snapshots__" / "s.test" / "a.greeting.txt"
    kept.write_text("Good bye")

    assert "-Good bye" in symphony("test").out
    assert symphony("test", "--update").code == 0
    assert kept.read_text() == "Hello, World!"


@pytest.mark.parametrize(
    ("words", "says"),
    [(["nix"], "there is no file 'nix'"),
     (["players.py", "pyproject.toml"], "pyproject.toml is no test"), (["melodies"], "there are no tests at melodies")],
)  # fmt: skip
def test_places_without_tests_are_told(symphony: Symphony, words: list[str], says: str) -> None:
    done = symphony("test", *words)

    assert done.code == 2
    assert says in done.err


def test_files_of_cases_are_no_melodies(cases: Path, symphony: Symphony) -> None:
    assert symphony("check", "melodies").out.splitlines()[0].startswith("melodies/greetings.py:first: ok")
    assert "greetings.test" not in symphony("run", "greeting").err


def test_python_tests_are_handed_to_pytest(cases: Path, project: Path, symphony: Symphony) -> None:
    (project / "test_plain.py").write_text("def test_good():\n    pass\n\n\ndef test_bad():\n    assert 1 == 2\n")

    done = symphony("test", "--json", "-k", "greets or bad")

    assert [(t["file"], t["name"], t["state"]) for t in done.document()["tests"]] == [
        ("melodies/greetings.test.yaml", "it greets", "passed"), ("test_plain.py", "test_bad", "failed"),
    ]  # fmt: skip
    assert "1 failed" in done.err


def test_without_pytest_the_cases_run_and_the_command_that_installs_it_is_named(cases: Path, project: Path) -> None:
    (project / "test_plain.py").write_text("def test_good():\n    pass\n")
    code = (
        "import sys, symphony.cli.pytest_run as p; p.find_spec = lambda name: None;"
        "from symphony.cli.entry import main; sys.exit(main(['test', '-k', 'greets or good']))"
    )

    done = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True, timeout=60)

    assert done.returncode == 4
    assert "1 test: 1 passed" in done.stdout
    assert "test_plain.py holds tests in Python" in done.stderr
    assert "pip install pytest" in done.stderr


def test_a_new_project_passes_its_own_tests(tmp_path: Path) -> None:
    for name, text in files_for("fresh").items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    announced = tmp_path / ".site" / "announced-1.dist-info"  # as an installed Symphony announces its plugin
    announced.mkdir(parents=True)
    (announced / "METADATA").write_text("Metadata-Version: 2.1\nName: announced\nVersion: 1\n")
    (announced / "entry_points.txt").write_text("[pytest11]\nsymphony = symphony.testing.pytest_plugin\n")
    path = os.pathsep.join([str(announced.parent), os.environ.get("PYTHONPATH", "")])

    environment = {**os.environ, "PYTHONPATH": path}
    for command in (["-m", "symphony", "test"], ["-m", "pytest", "-q"]):
        done = subprocess.run(
            [sys.executable, *command], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120,
        )  # fmt: skip

        assert done.returncode == 0, done.stdout + done.stderr
        assert "5 passed" in done.stdout


def test_the_environment_gives_values_of_parameters_and_no_executor(project: Path, symphony: Symphony) -> None:
    with (project / "pyproject.toml").open("a") as settings:
        settings.write('[tool.symphony.environments.ci]\nexecutor = "dask"\nparams = {name = "Ada"}\n')
    (project / "e.test.yaml").write_text(
        "melody: melodies/greetings.py:first\ncases:\n  - {name: a, expect: {outputs: {greeting: 'Hello, Ada!'}}}\n"
    )

    assert symphony("test").code == 1
    assert symphony("test", "--env", "ci").code == 0
    assert "valid environments: ci" in symphony("test", "--env", "live").out
