"""The project's code on workers that may not have it, or have an older one."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from symphony.errors import UsageError
from symphony.runtime.remote import shipped_code
from symphony.runtime.remote.shipped_code import bring_code, pack_code


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Modules and folders that a test brings go with it."""
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def project(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        file = folder / f"{name.replace('__', '/')}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


def test_equal_files_give_equal_bytes_and_nothing_but_the_project_is_packed(tmp_path: Path) -> None:
    one = project(tmp_path / "one", shipped_a="A = 1", lib__b="B = 2", **{".venv__c": "", "symphony__d": ""})
    two = project(tmp_path / "two", shipped_a="A = 1", lib__b="B = 2")

    packed = pack_code(str(one), [str(one), str(tmp_path / "elsewhere")], ["shipped_a", "json"])
    again = pack_code(str(two), [str(two)], ["shipped_a"])

    assert list(packed) == [str(one)]
    assert packed[str(one)] == again[str(two)]


def test_a_folder_that_is_not_there_is_laid_out(tmp_path: Path) -> None:
    folder = project(tmp_path / "here", shipped_gone="VALUE = 1\nfrom shipped_lib import b", shipped_lib__b="B = 2")
    code = pack_code(str(folder), [str(folder)], ["shipped_gone"])
    folder.rename(tmp_path / "away")

    (found,) = bring_code([str(folder)], code)

    assert importlib.import_module("shipped_gone").b.B == 2
    assert Path(found) != folder


def test_a_folder_that_is_there_with_the_same_files_is_used_as_it_is(tmp_path: Path) -> None:
    folder = project(tmp_path, shipped_same="VALUE = 1")

    assert bring_code([str(folder)], pack_code(str(folder), [str(folder)], [])) == (str(folder),)


def test_a_worker_with_other_files_in_that_folder_runs_what_was_sent(tmp_path: Path) -> None:
    folder = project(tmp_path, shipped_other="VALUE = 'sent'")
    code = pack_code(str(folder), [str(folder)], [])
    project(tmp_path, shipped_other="VALUE = 'of the worker'")

    bring_code([str(folder)], code)

    assert importlib.import_module("shipped_other").VALUE == "sent"


def test_a_worker_that_lives_long_runs_each_version_that_is_sent(tmp_path: Path) -> None:
    """A module of today must not be the one that a run of yesterday imported; nor may what imported it."""
    seen = []
    for value in (1, 2, 1):
        folder = project(tmp_path, shipped_long="from shipped_help import VALUE", shipped_help=f"VALUE = {value}")
        bring_code([str(folder)], pack_code(str(folder), [str(folder)], []))
        seen.append(importlib.import_module("shipped_long").VALUE)

    assert seen == [1, 2, 1]


def test_two_projects_with_modules_of_one_name_keep_apart(tmp_path: Path) -> None:
    folders = [project(tmp_path / name, shipped_twin=f"VALUE = {name!r}") for name in ("first", "second")]
    seen = []
    for folder in (*folders, *folders):
        bring_code([str(folder)], pack_code(str(folder), [str(folder)], []))
        seen.append(importlib.import_module("shipped_twin").VALUE)

    assert seen == ["first", "second", "first", "second"]


def test_far_too_much_is_refused_with_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped_code, "MOST_BYTES", 10)
    folder = project(tmp_path, shipped_big="VALUE = 1234567890")

    with pytest.raises(UsageError, match=f"the Python files in {folder}"):
        pack_code(str(folder), [str(folder)], [])
