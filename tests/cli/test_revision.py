"""Files as they were at a revision of git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from symphony.cli.revision import checked_out, split_revision
from symphony.errors import UsageError


def git(folder: Path, *words: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "-C", str(folder), *identity, *words], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "melodies").mkdir()
    (tmp_path / "melodies" / "first.yaml").write_text("old")
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "one")
    (tmp_path / "melodies" / "first.yaml").write_text("new")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("place", "parts"),
    [
        ("main:melodies/first.yaml", ("main", "melodies/first.yaml")),
        ("HEAD~1:a.py:flow", ("HEAD~1", "a.py:flow")),
        ("a.py:flow", None),
        ("first.yaml", None),
        ("hello", None),
        ("-x:a.yaml", None),
    ],
)
def test_place_is_split_only_when_it_names_a_revision(place: str, parts: tuple[str, str] | None) -> None:
    assert split_revision(place) == parts


def test_file_is_given_as_it_was_and_the_copy_goes(repository: Path) -> None:
    with checked_out("HEAD", "melodies/first.yaml") as path:
        assert Path(path).read_text() == "old"

    assert not Path(path).exists()
    assert (repository / "melodies" / "first.yaml").read_text() == "new"


def test_path_may_start_at_the_current_folder(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository / "melodies")

    with checked_out("HEAD", "first.yaml") as path:
        assert Path(path).read_text() == "old"


def test_unknown_revision_and_file_are_named(repository: Path) -> None:
    with pytest.raises(UsageError, match="git knows no revision 'nope'"), checked_out("nope", "melodies/first.yaml"):
        pass
    with pytest.raises(UsageError, match=r"HEAD has no file 'absent\.yaml'"), checked_out("HEAD", "absent.yaml"):
        pass
