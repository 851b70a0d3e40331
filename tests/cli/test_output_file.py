"""Outputs written where they are wanted."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from symphony.cli.output_file import check_targets, parse_targets, write_atomically, write_value
from symphony.errors import UsageError


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


@pytest.mark.parametrize(
    ("value", "content"),
    [
        (b"\x00\xff", b"\x00\xff"),
        ("<p>ä</p>", "<p>ä</p>".encode()),
        ([1, {"a": None}], b'[\n  1,\n  {\n    "a": null\n  }\n]\n'),
    ],
    ids=["bytes", "text", "data"],
)
def test_bytes_and_text_stay_as_they_are_and_data_becomes_json(value: object, content: bytes, tmp_path: Path) -> None:
    write_value(tmp_path / "deep" / "er" / "out", value)

    assert (tmp_path / "deep" / "er" / "out").read_bytes() == content
    assert names(tmp_path / "deep" / "er") == ["out"]


def test_folder_replaces_an_older_one_whole(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    for folder, name in ((source, "new.txt"), (target, "old.txt")):
        folder.mkdir()
        (folder / name).write_text(name)

    write_value(target, source)

    assert names(target) == ["new.txt"]
    assert names(tmp_path) == ["source", "target"]


def test_copy_of_a_read_only_folder_can_be_replaced(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "a").write_text("a")
    (source / "a").chmod(0o444)
    source.chmod(0o555)

    write_value(tmp_path / "target", source)
    write_value(tmp_path / "target", source)

    assert names(tmp_path) == ["source", "target"]
    (tmp_path / "target" / "a").write_text("b")


def test_file_is_copied(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")

    write_value(tmp_path / "b", tmp_path / "a")

    assert (tmp_path / "b").read_text() == "x"


def test_folder_never_replaces_a_file(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "target").write_text("precious")

    with pytest.raises(UsageError, match="is a file, and the output is a folder"):
        write_value(tmp_path / "target", tmp_path / "source")

    assert (tmp_path / "target").read_text() == "precious"


def test_value_without_json_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("old")

    with pytest.raises(UsageError, match="a complex cannot be written as JSON"):
        write_value(tmp_path / "out", 1j)

    assert (tmp_path / "out").read_text() == "old"


def test_failed_write_leaves_no_temporary_file(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "inside").write_text("x")

    with pytest.raises(OSError, match="taken"):
        write_atomically(tmp_path / "taken", b"y")

    assert names(tmp_path) == ["taken"]


def test_targets_are_read_and_checked() -> None:
    targets = parse_targets(["report=site/a=b.html"])

    assert targets == {"report": Path("site/a=b.html")}
    check_targets(targets, {"report": 1})
    with pytest.raises(UsageError, match="has no output 'report': did you mean 'reports'"):
        check_targets(targets, {"reports": 1})


@pytest.mark.parametrize("text", ["report", "=x", "report="])
def test_target_without_both_sides_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not NAME=PATH"):
        parse_targets([text])


def test_json_of_a_value_reads_back(tmp_path: Path) -> None:
    value = {"ä": [1.5, True, None, "x"]}

    write_value(tmp_path / "out.json", value)

    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8")) == value


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    write_value(pipe, "text")

    assert os.read(reader, 100) == b"text"
    os.close(reader)
    assert pipe.is_fifo()
