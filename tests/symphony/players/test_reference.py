"""The reference pages, and what every player must say of itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from symphony.define.player import Player
from symphony.model.names import problem_with_identifier
from symphony.players import FAMILIES
from symphony.players.reference import example_of, pages, sections_of, shipped, write_pages

DOCS = Path(__file__).parents[3] / "docs" / "players"
PLAYERS = list(shipped())
every_player = pytest.mark.parametrize("player", PLAYERS, ids=lambda p: p.name)


def test_every_family_has_players() -> None:
    assert sorted({p.name.partition(".")[0] for p in PLAYERS}) == list(FAMILIES)


def test_names_are_unique() -> None:
    names = [p.name for p in PLAYERS]

    assert len(set(names)) == len(names)


@every_player
def test_player_says_what_it_does_in_one_sentence(player: Player[Any, Any]) -> None:
    summary = player.signature.summary

    assert summary.endswith(".")
    assert summary[0].isupper()
    assert len(summary) <= 120


@every_player
def test_player_has_version_and_tags(player: Player[Any, Any]) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", player.signature.version)
    assert player.signature.tags


@every_player
def test_every_port_has_a_type_and_a_line_for_people(player: Player[Any, Any]) -> None:
    for port in player.signature.inputs:
        assert problem_with_identifier(port.name) is None
        assert port.name in player.hints, f"{port.name} has no annotation"
        assert port.doc, f"{port.name} is not described under Args"
    assert "return" in player.hints


@every_player
def test_path_by_name_comes_with_a_fingerprint(player: Player[Any, Any]) -> None:
    """Semantics 3: a path by name needs a fingerprint."""
    if any(port.by_name for port in player.signature.inputs):
        assert player.signature.fingerprint


@every_player
def test_example_is_a_task_that_calls_the_player_with_its_ports(player: Player[Any, Any]) -> None:
    tasks = yaml.safe_load(example_of(player))

    (task,) = tasks.values()
    assert task["player"] == player.name
    given = set(task.get("with", {}))
    assert given <= {p.name for p in player.signature.inputs}
    assert {p.name for p in player.signature.inputs if p.required} <= given


@every_player
def test_docstring_has_no_unknown_section(player: Player[Any, Any]) -> None:
    assert set(sections_of(player)) <= {"summary", "text", "Args", "Returns", "Raises", "Example"}


def test_pages_in_docs_are_fresh() -> None:
    """Written by ``python -m symphony.players.reference``."""
    there = {p.name: p.read_text(encoding="utf-8") for p in DOCS.glob("*.md")}

    assert there == dict(pages())


def test_page_of_a_player_that_is_gone_is_removed(tmp_path: Path) -> None:
    (tmp_path / "gone.player.md").write_text("old")

    written = write_pages(tmp_path)

    assert sorted(tmp_path.iterdir()) == sorted(written)
