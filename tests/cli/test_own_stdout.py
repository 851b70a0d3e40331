"""What players print never mixes with the command's document."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Symphony

LOUD = """
import os
import subprocess
import sys

from symphony import melody, operator

print("imported")


@operator(cache=False)
def shout(name: str) -> str:
    print("called")
    os.write(1, b"written\\n")
    subprocess.run([sys.executable, "-c", "print('child')"], check=True)
    return name


@melody
def loud(name: str = "World"):
    said = shout(name)
    return {"said": said}
"""


@pytest.fixture
def loud(project: Path) -> str:
    """A melody whose module and player print."""
    (project / "melodies" / "loud.py").write_text(LOUD)
    return "melodies/loud.py"


def test_a_run_writes_one_document_however_much_its_players_print(symphony: Symphony, loud: str):
    done = symphony("run", loud, "--json")
    assert done.document()["outputs"]["said"]["value"] == "World"
    assert {"imported", "called", "written", "child"} <= set(done.err.split())


@pytest.mark.parametrize(
    "words",
    [("check", "--json"), ("compile",), ("run", "--dry-run", "--json"), ("graph", "--json")],
    ids=lambda words: words[0] if words[0] != "run" else "dry-run",
)
def test_what_a_module_prints_when_imported_is_no_part_of_a_document(
    symphony: Symphony, loud: str, words: tuple[str, ...]
):
    done = symphony(words[0], loud, *words[1:])
    assert isinstance(done.document(), dict)
    assert "imported" in done.err


def test_a_run_for_people_shows_what_players_print_on_stdout(symphony: Symphony, loud: str):
    assert "called" in symphony("run", loud).out.split()
