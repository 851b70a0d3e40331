"""A run heals what it meets: a damaged result is made once more, and never served."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from symphony import bootstrap
from symphony.store.store import Store

PLAYERS = """
import pathlib
from symphony import Context, operator

def note(name):
    with (pathlib.Path(__file__).parent / "made").open("a") as made:
        made.write(name + "\\n")

@operator(version="1.0.0")
def large(n: int) -> bytes:
    note("large")
    return bytes([n]) * 100_000

@operator(version="1.0.0", isolation="process")
def apart(n: int) -> bytes:
    note("apart")
    return bytes([n]) * 100_000

@operator(version="1.0.0")
def small(n: int) -> str:
    note("small")
    return "x" * n

@operator(version="1.0.0")
async def later(n: int) -> bytes:
    note("later")
    return bytes([n]) * 100_000

@operator(version="1.0.0")
def length(data: bytes, more: int = 0) -> int:
    note("length")
    return len(data) + more

@operator(version="1.0.0", isolation="process")
def length_apart(data: bytes, more: int = 0) -> int:
    note("length_apart")
    return len(data) + more

@operator(version="1.0.0")
def size(text: str, more: int = 0) -> int:
    note("size")
    return len(text) + more
"""
MELODY = """melody: m
tasks:
  a: {{player: "{players}:{first}", with: {{n: 5}}{each}}}
  b: {{player: "{players}:{second}", with: {{{port}: "${{{{ tasks.a }}}}", more: {more}}}}}
outputs: {{b: "${{{{ tasks.b }}}}"}}
"""
count = 0


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    global count
    count += 1
    (tmp_path / "pyproject.toml").write_text("[tool.symphony]\n")
    (tmp_path / f"remaking_{count}.py").write_text(PLAYERS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(project: Path, first: str, second: str, port: str, more: int, *, strict: bool) -> Any:
    text = MELODY.format(players=f"remaking_{count}", first=first, second=second, port=port, more=more, each="")
    (project / "m.yaml").write_text(text)
    return bootstrap.run("m.yaml", strict=strict)  # with strict it takes the run loop, else the fast road


def damage_object(project: Path) -> None:
    (found,) = [p for p in (project / ".symphony" / "objects").glob("*/*") if p.is_file()]
    found.chmod(0o644)
    found.write_bytes(b"?" * found.stat().st_size)


def damage_row(project: Path) -> None:
    with sqlite3.connect(project / ".symphony" / "symphony.db") as database:
        for id, data in database.execute("SELECT id, data FROM packs").fetchall():
            if b"xxxxx" in data:
                database.execute("UPDATE packs SET data=? WHERE id=?", (data.replace(b"xxxxx", b"xxxxy"), id))


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("first", ["large", "apart", "later"])
def test_a_damaged_object_is_made_again_where_it_is_needed(project: Path, first: str, strict: bool) -> None:
    run(project, first, "length", "data", 0, strict=strict)
    damage_object(project)

    result = run(project, first, "length", "data", 1, strict=strict)

    assert result.outputs["b"] == 100_001, result.failures
    assert (project / "made").read_text().split() == [first, "length", first, "length"]
    with Store.open(project / ".symphony") as store:
        from symphony.store.care import verify

        assert verify(store) == []


@pytest.mark.parametrize("first", ["large", "apart"])
def test_a_process_that_meets_a_damaged_input_has_it_made_again(project: Path, first: str) -> None:
    run(project, first, "length_apart", "data", 0, strict=False)
    damage_object(project)

    result = run(project, first, "length_apart", "data", 1, strict=False)

    assert result.outputs["b"] == 100_001, result.failures
    assert result.tasks["b"].attempts == 1


@pytest.mark.parametrize("strict", [True, False])
def test_a_damaged_row_is_made_again(project: Path, strict: bool) -> None:
    run(project, "small", "size", "text", 0, strict=strict)
    damage_row(project)

    result = run(project, "small", "size", "text", 1, strict=strict)

    assert result.outputs["b"] == 6, result.failures
