"""Players that find, read and write files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from symphony.players import files
from symphony.players.files import plain_name


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "data"
    for name, size in {"a.txt": 3, "sub/b.txt": 5, "sub/deep/c.csv": 900, ".hidden": 1, ".git/config": 9}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x" * size)
    (root / "link.txt").symlink_to(root / "a.txt")
    return root


def names(found: list[Path], root: Path) -> list[str]:
    return [p.relative_to(root).as_posix() for p in found]


def test_list_gives_files_in_order_without_links_and_hidden_ones(folder: Path) -> None:
    assert names(files.list_(folder), folder) == ["a.txt", "sub/b.txt", "sub/deep/c.csv"]


def test_hidden_files_are_listed_when_asked_and_git_never(folder: Path) -> None:
    assert names(files.list_(folder, hidden=True), folder) == [".hidden", "a.txt", "sub/b.txt", "sub/deep/c.csv"]


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("*.txt", ["a.txt", "sub/b.txt"]),
        ("sub/*", ["sub/b.txt"]),
        ("sub/**", ["sub/b.txt", "sub/deep/c.csv"]),
        ("**/*.{csv,tsv}", ["sub/deep/c.csv"]),
        ("[!a].txt", ["sub/b.txt"]),
        ("./?.txt", ["a.txt", "sub/b.txt"]),
        ("none", []),
    ],
)
def test_pattern_selects(folder: Path, pattern: str, wanted: list[str]) -> None:
    assert names(files.list_(folder, pattern), folder) == wanted


def test_list_is_named_without_its_underscore() -> None:
    assert files.list_.name == "files.list"


def test_fingerprint_of_a_list_changes_with_names_only(folder: Path) -> None:
    """Semantics 2: what the player reads of the world is names, so a changed file changes nothing."""
    fingerprint = files.list_.options["fingerprint"]
    before = fingerprint(folder=folder)

    (folder / "a.txt").write_text("changed")
    same = fingerprint(folder=folder)
    (folder / "new.txt").touch()

    assert same == before
    assert fingerprint(folder=folder) != before


@pytest.mark.parametrize(("name", "error"), [("nowhere", FileNotFoundError), ("a.txt", NotADirectoryError)])
def test_list_of_no_folder_is_refused(folder: Path, name: str, error: type[Exception]) -> None:
    with pytest.raises(error, match=name):
        files.list_(folder / name)


def test_pattern_that_cannot_be_read_is_named(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"\[z-a\]"):
        files.list_(folder, "[z-a]")


def test_find_large_gives_the_largest_first(folder: Path) -> None:
    assert files.find_large(folder, over=4) == [
        {"path": "sub/deep/c.csv", "bytes": 900},
        {"path": "sub/b.txt", "bytes": 5},
    ]
    assert files.find_large(folder, over=0, limit=1) == [{"path": "sub/deep/c.csv", "bytes": 900}]


def test_size_adds_up_a_folder(folder: Path) -> None:
    assert files.size(folder / "a.txt") == 3
    assert files.size(folder / "sub") == 905


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("grün".encode(), "grün"),
        ("grün".encode("utf-16"), "grün"),
        ("grün".encode("latin-1"), "grün"),
        (b"\xef\xbb\xbfa", "a"),
    ],
    ids=["utf-8", "utf-16", "latin-1", "byte order mark"],
)
def test_text_is_read_in_the_encoding_found_out(tmp_path: Path, data: bytes, text: str) -> None:
    file = tmp_path / "t.txt"
    file.write_bytes(data)

    assert files.read_text(file) == text


def test_text_that_is_none_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "t.bin"
    file.write_bytes(b"a\0b\xff")

    with pytest.raises(ValueError, match="binary"):
        files.read_text(file)
    with pytest.raises(ValueError, match="utf-8"):
        files.read_text(file, encoding="utf-8")
    with pytest.raises(ValueError, match="max_bytes=2"):
        files.read_bytes(file, max_bytes=2)
    assert files.read_bytes(file) == b"a\0b\xff"


def test_written_text_comes_back(ctx: object) -> None:
    file = files.write_text("a\r\nb\n", ctx, name="t.txt")  # type: ignore[arg-type]

    assert file.read_bytes() == b"a\r\nb\n"
    assert files.write_bytes(b"\0", ctx, name="b").read_bytes() == b"\0"  # type: ignore[arg-type]


def test_copy_keeps_bytes_and_mode(folder: Path, ctx: object) -> None:
    os.chmod(folder / "a.txt", 0o755)

    copied = files.copy(folder / "a.txt", ctx)  # type: ignore[arg-type]
    tree = files.copy(folder / "sub", ctx, name="tree")  # type: ignore[arg-type]

    assert copied.name == "a.txt"
    assert copied.stat().st_mode & 0o777 == 0o755
    assert (tree / "deep" / "c.csv").stat().st_size == 900


def test_gather_refuses_two_files_of_one_name(folder: Path, tmp_path: Path, ctx: object) -> None:
    (tmp_path / "a.txt").write_text("other")

    with pytest.raises(ValueError, match=r"'a\.txt'"):
        files.gather([folder / "a.txt", tmp_path / "a.txt"], ctx)  # type: ignore[arg-type]


def test_gather_puts_files_into_one_folder(folder: Path, ctx: object) -> None:
    gathered = files.gather([folder / "a.txt", folder / "sub"], ctx, name="out")  # type: ignore[arg-type]

    assert sorted(p.name for p in gathered.iterdir()) == ["a.txt", "sub"]


@pytest.mark.parametrize("name", ["", "..", ".", "/etc/passwd", "a/b", "..\\x", "a\0b"])
def test_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no file name"):
        plain_name(name)
