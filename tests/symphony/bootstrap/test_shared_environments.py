"""The cache mode of an environment and the shared store: who may read, who may write, and whose store it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from symphony import bootstrap

MELODY = "melody: m\ntasks:\n  a: {player: text.upper, with: {text: some words}}\noutputs: {a: '${{ tasks.a }}'}\n"


@pytest.fixture
def checkouts(tmp_path: Path) -> tuple[Path, Path]:
    """Two checkouts with environments for every cache mode, and one store URL."""
    (tmp_path / "store").mkdir()
    for name in ("one", "two"):
        modes = "".join(f"[environments.{m}]\ncache = '{m}'\n" for m in ("read", "write", "readwrite", "off"))
        (tmp_path / name).mkdir()
        (tmp_path / name / "symphony.config.toml").write_text(f"store = 'file://{tmp_path / 'store'}'\n{modes}")
        (tmp_path / name / "m.yaml").write_text(MELODY)
    return tmp_path / "one", tmp_path / "two"


def ran(folder: Path, env: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(folder)
    return str(bootstrap.run("m.yaml", env=env).tasks["a"].state)


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


@pytest.mark.parametrize(
    ("first", "second", "state"),
    [
        ("readwrite", "readwrite", "cached"), ("write", "read", "cached"), ("read", "readwrite", "succeeded"),
        ("off", "readwrite", "succeeded"), ("readwrite", "write", "succeeded"), ("readwrite", "off", "succeeded"),
    ],
)  # fmt: skip
def test_a_mode_says_who_serves_whom(
    first: str, second: str, state: str, checkouts: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ran(checkouts[0], first, monkeypatch) == "succeeded"
    assert ran(checkouts[1], second, monkeypatch) == state


@pytest.mark.parametrize("mode", ["read", "off"])
def test_a_run_that_may_not_write_changes_no_byte_of_the_store(
    mode: str, checkouts: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    ran(checkouts[0], "readwrite", monkeypatch)
    store = checkouts[0].parent / "store"
    before = bytes_of(store)
    (checkouts[1] / "m.yaml").write_text(MELODY.replace("some words", "other words"))

    assert ran(checkouts[1], mode, monkeypatch) == "succeeded"
    assert before != {}
    assert bytes_of(store) == before
