"""The pytest plugin: fixtures, YAML cases as tests, and nothing for people who have no melodies."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

CASES = """\
melody: pages
cases:
  - name: a page has lines
    stubs: {http.get_text: {returns: one}}
    expect:
      outputs: {lines: [one], page: {snapshot: true}}
  - name: something is wrong
    stubs: {http.get_text: {returns: one}}
    expect:
      outputs: {page: two}
"""
PYTHON = """\
def test_page(run_melody, snapshot, melody_snapshot):
    result = run_melody("pages", stubs={"http.get_text": "one"})

    assert snapshot is melody_snapshot
    snapshot(result.outputs["page"])
"""
Pytest = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def pytest_in(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Pytest:
    """Run pytest in the project, with the plugin announced as an installed Symphony announces it."""
    installed = tmp_path_factory.mktemp("site") / "announced-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: announced\nVersion: 1\n")
    (installed / "entry_points.txt").write_text("[pytest11]\nsymphony = symphony.testing.pytest_plugin\n")
    path = os.pathsep.join([str(installed.parent), os.environ.get("PYTHONPATH", "")])

    def call(*words: str, also: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
        folders = path if also is None else f"{also}{os.pathsep}{path}"
        clean = {k: v for k, v in os.environ.items() if k != "CI" and not k.startswith("PYTEST_")}
        return subprocess.run(
            command, cwd=project, env={**clean, "PYTHONPATH": folders, **environment}, capture_output=True, text=True, timeout=120,
        )  # fmt: skip

    return call


def test_cases_are_tests_and_failures_say_what_is_wrong_without_a_traceback(project: Path, pytest_in: Pytest) -> None:
    (project / "pages.test.yaml").write_text(CASES)

    done = pytest_in()

    assert "1 failed, 1 passed" in done.stdout
    assert 'pages.test.yaml:10: the output page: should be "two", is "one"' in done.stdout
    assert "Traceback" not in done.stdout
    assert "case_running" not in done.stdout


def test_a_wrong_file_is_an_error_of_collecting_with_places(project: Path, pytest_in: Pytest) -> None:
    (project / "pages.test.yaml").write_text("melody: pages\ncases:\n  - nam: x\n")

    done = pytest_in()

    assert "pages.test.yaml:3:5: SYM102 the key 'nam' is unknown (did you mean 'name'?)" in done.stdout
    assert done.returncode == 2


def test_fixtures_run_melodies_beside_the_test_and_take_snapshots(project: Path, pytest_in: Pytest) -> None:
    (project / "tests").mkdir()
    (project / "tests" / "test_pages.py").write_text(PYTHON)
    kept = project / "tests" / "__snapshots__" / "test_pages" / "test_page.txt"

    assert "there is no snapshot" in pytest_in(CI="true").stdout
    assert pytest_in().returncode == 0
    assert kept.read_text() == "one"
    kept.write_text("two")
    failed = pytest_in().stdout
    assert re.search(r"-two\nE +\+one\n", failed)
    assert "snapshots.py" not in failed
    assert pytest_in("--snapshot-update", CI="true").returncode == 0
    assert kept.read_text() == "one"


def test_a_fixture_of_another_plugin_keeps_its_name(project: Path, pytest_in: Pytest) -> None:
    (project / "other.py").write_text("import pytest\n\n\n@pytest.fixture\ndef snapshot():\n    return 'theirs'\n")
    (project / "test_theirs.py").write_text("def test_theirs(snapshot):\n    assert snapshot == 'theirs'\n")

    assert pytest_in("-p", "other", also=project).returncode == 0


def test_an_option_of_another_plugin_keeps_its_name(project: Path, pytest_in: Pytest) -> None:
    (project / "syrupy.py").write_text(
        "def pytest_addoption(parser):\n    parser.addoption('--snapshot-update', action='store_true')\n"
    )
    (project / "test_a.py").write_text("def test_a():\n    pass\n")

    done = pytest_in("-p", "syrupy", "--melody-update", also=project)

    assert done.returncode == 0, done.stdout + done.stderr


def test_files_of_other_tools_are_left_alone(project: Path, pytest_in: Pytest) -> None:
    (project / "rules.test.yaml").write_text("rule_files: [a]\ntests: []\n")

    assert "no tests ran" in pytest_in().stdout


def test_people_without_melodies_load_nothing_but_the_plugin(project: Path, pytest_in: Pytest) -> None:
    (project / "test_a.py").write_text(
        "import sys\n\n\ndef test_a():\n    print('loaded', *sorted(m for m in sys.modules if m.startswith('symphony')))\n"
        "    assert 'pydantic' not in sys.modules\n"
    )

    done = pytest_in("-s", "-p", "no:hypothesispytest", "-p", "no:anyio")

    assert done.returncode == 0, done.stdout
    loaded = done.stdout.partition("loaded ")[2].splitlines()[0].split()
    assert loaded == [
        "symphony",
        "symphony.config",
        "symphony.config.project",
        "symphony.testing",
        "symphony.testing.pytest_plugin",
    ]
