"""What could not be shared is written down, and crossed off once."""

from __future__ import annotations

from pathlib import Path

import pytest

from symphony.model.artifact import Artifact
from symphony.model.frozen import FrozenMap
from symphony.store.debts import Debts

ARTIFACT = Artifact("ab" * 32, "file", "file[text/csv]", 7, FrozenMap({"name": "x.csv", "mode": 0o644}))
KEYS = {"cd" * 32: (b"entry", True, "run1")}


@pytest.fixture(params=["folder", "memory"])
def debts(request: pytest.FixtureRequest, tmp_path: Path) -> Debts:
    return Debts(tmp_path if request.param == "folder" else None)


def test_nothing_is_owed_at_first(debts: Debts) -> None:
    assert not debts.any
    assert list(debts.each()) == []


def test_a_debt_comes_back_until_it_is_paid(debts: Debts) -> None:
    debts.note([ARTIFACT], KEYS)
    assert debts.any

    ((name, artifacts, keys),) = list(debts.each())
    assert (artifacts, keys) == ([ARTIFACT], KEYS)
    assert debts.any

    for name, _, _ in debts.each():
        debts.paid(name)
    assert not debts.any


def test_the_next_process_finds_the_debt(tmp_path: Path) -> None:
    Debts(tmp_path).note([ARTIFACT], KEYS)

    assert Debts(tmp_path).any
    assert [keys for _, _, keys in Debts(tmp_path).each()] == [KEYS]


def test_a_damaged_debt_is_dropped(tmp_path: Path) -> None:
    Debts(tmp_path).note([ARTIFACT], KEYS)
    (file,) = (tmp_path / "unshared").iterdir()
    file.write_bytes(b"\0" + file.read_bytes()[1:])
    debts = Debts(tmp_path)

    assert list(debts.each()) == []
    assert not debts.any
    assert not file.exists()
