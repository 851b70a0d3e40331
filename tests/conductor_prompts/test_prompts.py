"""The prompts in the words of people: they are well formed, and what they expect can be had from the players that ship."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parent))  # judging and shop stand beside the prompts

from judging import KINDS, RULES, accepted_tools, judge_outputs, judge_tools
from shop import make_shop

from symphony.bootstrap import catalog_of, run

HERE = Path(__file__).parent
PROMPTS: list[dict[str, Any]] = yaml.safe_load((HERE / "prompts.yaml").read_text(encoding="utf-8"))
BY_ID = {entry["id"]: entry for entry in PROMPTS}
REFERENCES: dict[str, dict[str, Any]] = yaml.safe_load((HERE / "references.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the prompts speak of."""
    return make_shop(tmp_path_factory.mktemp("prompts") / "shop")


def test_there_are_200_of_all_kinds() -> None:
    kinds = Counter(entry["kind"] for entry in PROMPTS)

    assert len(BY_ID) == len(PROMPTS) == 200
    assert kinds == {"single": 50, "few": 90, "many": 45, "impossible": 15}
    assert sum(bool(entry.get("language")) for entry in PROMPTS) == 10
    assert len({entry["prompt"].casefold() for entry in PROMPTS}) == 200


@pytest.mark.parametrize("entry", [e for e in PROMPTS if e["kind"] != "impossible"], ids=lambda e: e["id"])
def test_an_entry_is_well_formed(entry: dict[str, Any]) -> None:
    checks = _checks(entry.get("gives"))

    assert accepted_tools(entry)
    assert checks or entry.get("runs") is False
    assert {check["kind"] for check in checks} <= set(KINDS)
    assert {rule for check in checks for rule in check} <= {*RULES, "kind", "name"}


def _checks(gives: Any) -> list[dict[str, Any]]:
    if gives is None:
        return []
    if isinstance(gives, list):
        return [check for one in gives for check in _checks(one)]
    return _checks(gives["any_of"]) if "any_of" in gives else [gives]


def test_all_players_ship(shop: Path) -> None:
    names = set(catalog_of(None).names())

    missing = {
        name for e in PROMPTS if e["kind"] != "impossible" for tools in accepted_tools(e) for name in tools - names
    }

    assert missing == set()


@pytest.mark.parametrize("name", REFERENCES)
def test_what_is_expected_can_be_had(name: str, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A melody written by hand calls the players that are named, and its outputs are judged good."""
    entry, melody = BY_ID[name], REFERENCES[name]
    file = tmp_path / "reference.yaml"
    file.write_text(yaml.safe_dump({"melody": "reference", **melody}, sort_keys=False), encoding="utf-8")
    monkeypatch.chdir(shop)
    monkeypatch.setenv("SYMPHONY_STATE", str(tmp_path / "state"))

    result = run(file)

    assert result.failures == ()
    assert judge_tools(entry, (task["player"] for task in melody["tasks"].values())) == (True, "")
    assert judge_outputs(entry, result.outputs) == (True, "")


@pytest.mark.parametrize("entry", [e for e in PROMPTS if e["kind"] == "impossible"], ids=lambda e: e["id"])
def test_what_no_player_can_do_is_to_be_refused(entry: dict[str, Any]) -> None:
    assert judge_tools(entry, None).held
    assert not judge_tools(entry, ["flow.echo"]).held


def test_a_wrong_value_is_told_with_the_reason() -> None:
    verdict = judge_outputs(BY_ID["pangram-words"], {"out": 8})

    assert not verdict.held
    assert "8" in verdict.reason
