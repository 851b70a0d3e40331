"""Snapshots beside tests: written, compared, written anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from symphony.testing.snapshots import Snapshots, on_ci


def snapshots(folder: Path, *, update: bool = False, ci: bool = False, test: str = "test_a") -> Snapshots:
    return Snapshots(folder / "test_x.py", test, update=update, ci=ci)


def test_a_missing_snapshot_is_written_and_then_compared(tmp_path: Path) -> None:
    first = snapshots(tmp_path)
    first("one", "page")

    assert first.written == [tmp_path / "__snapshots__" / "test_x" / "test_a.page.txt"]
    snapshots(tmp_path, ci=True)("one", "page")


def test_a_missing_snapshot_fails_on_a_build_server(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"there is no snapshot .*test_a.txt: run the test on your machine"):
        snapshots(tmp_path, ci=True)("one")

    assert list(tmp_path.iterdir()) == []


def test_a_difference_is_shown_as_lines(tmp_path: Path) -> None:
    snapshots(tmp_path)("one\ntwo\n")

    with pytest.raises(AssertionError) as caught:
        snapshots(tmp_path)("one\nthree\n")

    assert str(caught.value).endswith(
        "symphony test --update, or pytest --snapshot-update\n--- kept\n+++ now\n@@ -1,2 +1,2 @@\n one\n-two\n+three"
    )


def test_update_writes_what_differs_and_removes_another_kind(tmp_path: Path) -> None:
    snapshots(tmp_path)("one")

    snapshots(tmp_path, update=True, ci=True)([1])

    assert [p.name for p in (tmp_path / "__snapshots__" / "test_x").iterdir()] == ["test_a.json"]


def test_another_kind_of_value_is_told(tmp_path: Path) -> None:
    snapshots(tmp_path)("one")

    with pytest.raises(AssertionError, match=r"holds a .txt value, and this is a .json one"):
        snapshots(tmp_path)([1])


def test_several_values_of_a_test_are_told_apart(tmp_path: Path) -> None:
    one = snapshots(tmp_path)
    one("a")
    one("b")

    again = snapshots(tmp_path, ci=True)
    again("a")
    with pytest.raises(AssertionError, match=r"test_a.2.txt"):
        again("c")


def test_names_that_no_file_can_have_stay_different(tmp_path: Path) -> None:
    for test in ("test_a[x/y]", "test_a[x:y]", "../../up", "it reads a page"):
        snapshots(tmp_path, test=test)("a")

    names = {p.name for p in (tmp_path / "__snapshots__" / "test_x").iterdir()}
    assert len(names) == 4
    assert "it_reads_a_page.txt" in names


@pytest.mark.parametrize(("value", "is_ci"), [("true", True), ("1", True), ("false", False), ("0", False), ("", False)])
def test_a_build_server_says_so(monkeypatch: pytest.MonkeyPatch, value: str, is_ci: bool) -> None:
    monkeypatch.setenv("CI", value)

    assert on_ci() is is_ci
