"""Which melodies lie below a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from symphony.bootstrap import gathered
from symphony.errors import UsageError


def test_melodies_of_both_languages_are_found_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "a.yaml").write_text("# a comment\nmelody: a\n")
    (tmp_path / "other.yaml").write_text("kind: Service\n")
    (tmp_path / ".hidden" / "b.yaml").write_text("melody: b\n")
    (tmp_path / "sub" / "one.py").write_text("@melody\ndef one(): ...\n")
    (tmp_path / "sub" / "two.py").write_text("@symphony.melody(version='1.0.0')\ndef x(): ...\n@melody\ndef y(): ...\n")
    (tmp_path / "sub" / "none.py").write_text("# @melody\nraise SystemExit\n")

    found = gathered([str(tmp_path)])

    names = [name.removeprefix(f"{tmp_path}/") for name in found]
    assert names == ["a.yaml", "sub/one.py", "sub/two.py:x", "sub/two.py:y"]


def test_files_and_names_stay_as_they_are_and_come_once() -> None:
    assert gathered(["hello", "x.yaml", "hello"]) == ["hello", "x.yaml"]


def test_a_folder_without_melodies_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no melody below"):
        gathered([str(tmp_path)])
