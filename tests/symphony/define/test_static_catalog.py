"""Signatures read from source text: nothing is executed."""

from __future__ import annotations

from pathlib import Path

import pytest

from symphony.bootstrap import check
from symphony.config.project import Project
from symphony.define.source_tree import ProjectSources
from symphony.define.static_catalog import StaticCatalog
from symphony.errors import UsageError

SOURCE = """
from pathlib import Path
from symphony import operator, Context
open("canary", "w")

@operator(version="1.2.0")
def measure(file: Path, ctx: Context, *, tab: int = 4) -> "list[dict[str, int]]": ...

@operator
def effect(text: str | None) -> None: ...

def plain(x: int) -> int: ...
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "foreign.py").write_text(SOURCE)
    return tmp_path


def test_ports_are_read_from_the_text(folder: Path):
    found = StaticCatalog(ProjectSources(folder)).find("foreign:measure")
    assert found is not None

    assert [(p.name, str(p.type), p.required) for p in found.inputs] == [
        ("file", "path", True),
        ("tab", "integer", False),
    ]
    assert str(found.outputs[0].type) == "list[map[integer]]"
    assert found.version == "1.2.0"


def test_only_decorated_functions_are_players(folder: Path):
    catalog = StaticCatalog(ProjectSources(folder))

    assert catalog.find("foreign:plain") is None
    assert catalog.find("foreign:nothing") is None
    effect = catalog.find("foreign:effect")
    assert effect is not None
    assert effect.effect


def test_checking_without_import_finds_problems_and_executes_nothing(folder: Path):
    """Semantics 35: check --no-import serves foreign repositories."""
    (folder / "m.yaml").write_text("melody: m\ntasks:\n  a: {player: 'foreign:measure', with: {file: 5}}\n")
    result = check("m.yaml", project=Project(folder, folder / ".symphony"), imports=False)

    assert [d.code for d in result.diagnostics] == ["SYM155"]
    assert not (folder / "canary").exists()


def test_a_python_melody_cannot_be_read_without_importing_it(folder: Path):
    with pytest.raises(UsageError, match="--no-import is for YAML"):
        check("foreign.py", imports=False)
