"""Files that are made from the code."""

from __future__ import annotations

from pathlib import Path

import pytest

from symphony.define.generated_files import write_or_check


def test_files_are_written_with_their_folders_and_then_fresh(tmp_path: Path) -> None:
    texts = {tmp_path / "new" / "a.json": "{}\n", tmp_path / "b.json": "[]\n"}

    assert write_or_check(texts, [], command="m") == 0
    assert (tmp_path / "new" / "a.json").read_text() == "{}\n"
    assert write_or_check(texts, ["--check"], command="m") == 0


def test_a_check_names_what_is_out_of_date_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.json").write_text("old")

    code = write_or_check({tmp_path / "a.json": "new", tmp_path / "none.json": ""}, ["--check"], command="some.module")

    assert code == 1
    assert capsys.readouterr().err == "out of date: a.json, none.json; run python -m some.module\n"
    assert (tmp_path / "a.json").read_text() == "old"
    assert not (tmp_path / "none.json").exists()
