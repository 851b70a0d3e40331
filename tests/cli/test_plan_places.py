"""A plan is run from any folder: its project is found from its place, or from where it was compiled."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Symphony

TOOLS = """
from symphony import operator


@operator
def shout(text: str) -> str:
    return text.upper()
"""
MELODY = """
melody: loud
tasks:
  shouted: {player: "tools:shout", with: {text: hello}}
outputs: {word: "${{ tasks.shouted }}"}
"""


@pytest.fixture
def loud(project: Path) -> Path:
    """A melody with a player beside it, in a folder of the project."""
    (project / "melodies" / "tools.py").write_text(TOOLS)
    (project / "melodies" / "loud.yaml").write_text(MELODY)
    return project


def started(folder: Path, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SYMPHONY_")}
    command = [sys.executable, "-c", text] if text else [sys.executable, "-m", "symphony", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)


def test_a_plan_file_runs_from_outside_the_project(
    loud: Path, symphony: Symphony, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Semantics 49: the project is found from the file's place; its results lie in that project."""
    assert symphony("compile", "loud", "-o", "build/loud.plan.json").code == 0
    elsewhere = tmp_path_factory.mktemp("elsewhere")

    done = started(elsewhere, "run", str(loud / "build" / "loud.plan.json"), "--json")

    assert done.returncode == 0, done.stderr
    assert '"HELLO"' in done.stdout
    assert not (elsewhere / ".symphony").exists()
    assert symphony("runs").out.count("loud") == 1


def test_a_plan_file_outside_every_project_belongs_to_the_current_folder(
    loud: Path, symphony: Symphony, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Semantics 49: without a project above it, the current folder is the root."""
    plan = tmp_path_factory.mktemp("delivered") / "loud.plan.json"
    assert symphony("compile", "loud", "-o", str(plan)).code == 0

    done = symphony("run", str(plan), "--json")

    assert done.code == 0, done.err
    assert not (plan.parent / ".symphony").exists()


def test_a_plan_in_memory_runs_where_it_was_compiled(loud: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Semantics 34: code that did not change is not refused, wherever the program stands."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    text = f"""
import os
from symphony import compile, load, run
os.chdir({str(loud)!r})
plan = compile("melodies/loud.yaml")
melody = load({str(loud / "melodies" / "loud.yaml")!r})
os.chdir({str(elsewhere)!r})
assert run(plan).outputs["word"] == "HELLO"
assert compile(melody) == plan
assert run(melody).counts["cached"] == 1
"""

    done = started(elsewhere, text=text)

    assert done.returncode == 0, done.stderr
    assert (loud / ".symphony").is_dir()
    assert not (elsewhere / ".symphony").exists()


def test_a_plan_whose_player_is_gone_says_where_it_looked(loud: Path, symphony: Symphony) -> None:
    """Semantics 34: exit 3, naming the first difference."""
    assert symphony("compile", "loud", "-o", "loud.plan.json").code == 0
    (loud / "melodies" / "tools.py").unlink()

    done = symphony("run", "loud.plan.json")

    assert done.code == 3
    assert f"'tools:shout', which is not there any more (looked in {loud}, {loud / 'melodies'})" in done.err


def test_a_run_of_a_melody_in_its_folder_is_taken_up_from_the_root(loud: Path, symphony: Symphony) -> None:
    """Semantics 40: the recorded plan is taken up; where its players lie is found again."""
    tools = loud / "melodies" / "tools.py"
    tools.write_text(TOOLS.replace("return", "if not __import__('os').path.exists('go'): raise ValueError\n    return"))
    assert symphony("run", "loud").code == 1
    (loud / "go").touch()

    assert symphony("resume").code == 0
