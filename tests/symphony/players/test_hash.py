"""Players that take digests."""

from __future__ import annotations

from pathlib import Path

import pytest

from symphony.players import hash

HELLO = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


def test_text_and_file_of_the_same_bytes_agree(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("hello")

    assert hash.text("hello") == hash.file(tmp_path / "f") == HELLO
    assert hash.text("hello", "md5") == "5d41402abc4b2a76b9719d911017c592"
    assert len(hash.file(tmp_path / "f", "blake2b")) == 128


def test_folder_depends_on_names_and_bytes_alone(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "sub" / "f").write_text("hello")
    same = hash.folder(tmp_path / "one") == hash.folder(tmp_path / "two")
    (tmp_path / "two" / "sub" / "f").rename(tmp_path / "two" / "sub" / "g")

    assert same
    assert hash.folder(tmp_path / "one") != hash.folder(tmp_path / "two")


def test_verified_file_is_given_on(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("hello")

    assert hash.verify(tmp_path / "f", f" {HELLO.upper()}\n") == tmp_path / "f"
    with pytest.raises(ValueError, match=f"{HELLO}, not 00"):
        hash.verify(tmp_path / "f", "00")
