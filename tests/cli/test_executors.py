"""The command that lists executors, its page, and what it says of those that are not there."""

from __future__ import annotations

import os
import re
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from symphony.cli.executors import EXTRAS, known_executors
from symphony.cli.executors_page import table, with_table
from symphony.cli.support_matrix import WORDS, matrix, traits_document
from symphony.runtime.contract import Traits

if TYPE_CHECKING:
    from tests.cli.conftest import Symphony

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "executors.md"


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_every_trait_has_words() -> None:
    assert {*WORDS, "resources"} == {f.name for f in fields(Traits)}


def test_the_page_says_what_the_traits_say() -> None:
    lines = PAGE.read_text("utf-8").split("## What each can do")[1].splitlines()
    heads, _, *rows = [cells(line) for line in lines if line.startswith("|")]
    written = {name: [(row[0], row[i]) for row in rows] for i, name in enumerate(heads) if i}
    ours = {e["executor"]: e["traits"] for e in known_executors() if e["from"].startswith("symphony ") and e["traits"]}

    assert "pit" in ours
    assert {name: written.get(name) for name in ours} == {name: matrix({name: t}) for name, t in ours.items()}


def test_the_page_names_every_executor_with_its_install_command() -> None:
    text = PAGE.read_text("utf-8")

    assert all(f"| `{name}` |" in text and f"pip install 'symphony[{name}]'" in text for name in EXTRAS)


def test_executors_are_listed_with_what_they_can_do(symphony: Symphony) -> None:
    done = symphony("executors")

    assert done.code == 0
    assert re.search(r"^accounts for gpus .*\byes\b", done.out, re.M)
    assert ("pip install 'symphony[" in done.out) == ("not installed" in done.out)
    assert done.err == ""


def test_one_that_is_not_installed_has_a_command_and_no_traits(symphony: Symphony) -> None:
    found = {e["executor"]: e for e in symphony("executors", "--json").document()["executors"]}

    assert found["pit"]["traits"]["resources"] == ["cpus", "gpus", "memory", "tokens"]
    assert found["pit"]["install"] is None
    for name in EXTRAS:
        assert found[name]["state"] == "installed" or found[name]["install"] == f"pip install 'symphony[{name}]'"


@pytest.fixture
def broken_executor(project: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An installed executor of someone else, whose module is not there."""
    facts = project / "lib" / "other-1.0.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[symphony.executors]\nother = nowhere:OtherExecutor\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(facts.parent), os.environ.get("PYTHONPATH", "")]))
    return "other"


def test_one_that_cannot_be_loaded_is_named_with_the_reason(broken_executor: str, symphony: Symphony) -> None:
    listed, doctor = symphony("executors"), symphony("doctor")

    reason = "other 1.0: ModuleNotFoundError: No module named 'nowhere'"
    assert listed.code == doctor.code == 0
    assert re.search(rf"^{broken_executor} +broken +{reason}$", listed.out, re.M)
    assert re.search(rf"^executor {broken_executor} +warning +{reason}$", doctor.out, re.M)


def test_executors_of_others_are_completed(broken_executor: str, symphony: Symphony) -> None:
    assert symphony("__complete", "bash", "symphony run --executor o").out.splitlines()[1:] == [broken_executor]


def test_the_table_of_the_page_is_written_in_its_place() -> None:
    page = "before\n\n| what it can do | old |\n|---|---|\n| x | yes |\n\nbehind\n"
    traits = {name: traits_document(Traits(can_kill=name == "a")) for name in ("a", "b")}

    written = with_table(page, table(traits))

    assert written.startswith(
        "before\n\n| what it can do | a | b |\n|---|---|---|\n| drives bodies in this process | no | no |\n"
    )
    assert "| ends running bodies | yes | no |\n" in written
    assert written.endswith("|\n\nbehind\n")
    assert with_table(written, table(traits)) == written
