"""Converting writes what a person would write, and the plan stays the same."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Symphony

SIZES = """
melody: sizes
tasks:
  found: {player: files.list, with: {folder: .}}
  sizes: {player: files.size, each: "${{ tasks.found }}", with: {path: "${{ item }}"}}
  greeting: {player: "players:greet", with: {name: Ada}}
outputs: {sizes: "${{ tasks.sizes }}", greeting: "${{ tasks.greeting }}"}
"""


def test_players_are_imported_and_called(symphony: Symphony, project: Path) -> None:
    (project / "sizes.yaml").write_text(SIZES)

    assert symphony("convert", "sizes.yaml", "-o", "sizes_py.py").code == 0

    text = (project / "sizes_py.py").read_text()
    assert 'found = files.list_(folder=".")' in text
    assert 'greeting = greet(name="Ada")' in text
    assert "call(" not in text
    hashes = {symphony("check", name, "--json").document()["plan_hash"] for name in ("sizes.yaml", "sizes_py.py")}
    assert len(hashes) == 1


def test_a_name_is_converted_to_the_language_that_it_is_not_written_in(symphony: Symphony) -> None:
    assert symphony("convert", "greetings:first").out.startswith("melody: first\n")
    assert symphony("convert", "hello").out.startswith("from __future__")


def test_what_a_module_prints_is_not_part_of_the_text(symphony: Symphony, project: Path) -> None:
    (project / "sizes.yaml").write_text(SIZES)
    players = project / "players.py"
    players.write_text(players.read_text() + '\nprint("loaded")\n')

    done = symphony("convert", "sizes.yaml")

    assert done.out.startswith("from __future__ import annotations\n")
    assert "loaded" not in done.out


def test_a_melody_whose_players_are_not_there_is_still_converted(symphony: Symphony, project: Path) -> None:
    (project / "sizes.yaml").write_text(SIZES)
    (project / "players.py").write_text("import nothing_like_it\n")

    done = symphony("convert", "sizes.yaml")

    assert (done.code, done.err) == (0, "")
    assert 'greeting = greet(name="Ada")' in done.out
