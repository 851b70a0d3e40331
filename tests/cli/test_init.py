"""A new project."""

from __future__ import annotations

from pathlib import Path

import pytest

from symphony.cli.entry import main
from symphony.cli.init_files import files_for


def test_init_writes_every_file_and_says_what_to_do_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    code = main(["init", "my project"])

    assert code == 0
    assert {str(p.relative_to("my project")) for p in Path("my project").rglob("*") if p.is_file()} == set(
        files_for("x")
    )
    assert 'name = "my-project"' in Path("my project/pyproject.toml").read_text()
    assert "  cd 'my project'\n  symphony check first\n" in capsys.readouterr().out


def test_init_never_overwrites_and_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("players.py").write_text("mine")

    code = main(["init"])

    assert code == 2
    assert "players.py exists already" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["players.py"]
    assert Path("players.py").read_text() == "mine"


@pytest.mark.parametrize("installed", [True, False])
def test_the_steps_install_pytest_first_where_it_is_missing(
    installed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object() if installed else None)

    main(["init"])

    steps = capsys.readouterr().out.partition("Next:")[2].split("\n  ")
    assert ("pip install pytest" in steps) is not installed
    assert steps.index("symphony test") > (0 if installed else steps.index("pip install pytest"))
