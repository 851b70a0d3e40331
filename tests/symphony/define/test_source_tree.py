"""The project's modules on disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from symphony.compiler.identity import identity_of
from symphony.define.source_tree import ProjectSources
from symphony.errors import UsageError
from symphony.model.module_source import ModuleSource


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    def write(name: str, content: str | bytes = "X = 1\n") -> Path:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    return write


Write = Callable[..., Path]


def test_module_and_package_are_found_below_the_root(tmp_path: Path, write: Write) -> None:
    write("tasks.py")
    write("pkg/__init__.py", "Y = 2\n")
    write("pkg/sub.py", "Z = 3\n")

    sources = ProjectSources(tmp_path)

    assert sources.module("tasks") == ModuleSource("tasks", "tasks.py", "X = 1\n", is_package=False)
    assert sources.module("pkg") == ModuleSource("pkg", "pkg/__init__.py", "Y = 2\n", is_package=True)
    assert sources.module("pkg.sub") == ModuleSource("pkg.sub", "pkg/sub.py", "Z = 3\n", is_package=False)


def test_package_comes_before_a_module_of_its_name(tmp_path: Path, write: Write) -> None:
    write("both.py")
    write("both/__init__.py", "")

    found = ProjectSources(tmp_path).module("both")

    assert found is not None
    assert found.is_package


@pytest.mark.parametrize(
    "name", ["numpy", "json", "pkg.absent", "symphony", "symphony.define", "", ".tasks", "pkg..a", "a/b", ".."]
)
def test_everything_else_is_no_module_of_the_project(tmp_path: Path, write: Write, name: str) -> None:
    write("pkg/__init__.py")
    write("symphony/__init__.py")
    write("symphony/define.py")

    assert ProjectSources(tmp_path).module(name) is None


@pytest.mark.parametrize("folder", ["venv/lib", "env", "lib/site-packages", "node_modules"])
def test_what_others_wrote_is_no_part_of_the_project(tmp_path: Path, write: Write, folder: str) -> None:
    write("venv/pyvenv.cfg")
    write("env/pyvenv.cfg")
    write(f"{folder}/tool.py")

    sources = ProjectSources(tmp_path, [tmp_path / folder])

    assert sources.module(folder.replace("/", ".") + ".tool") is None


def test_root_may_lie_anywhere(tmp_path: Path, write: Write) -> None:
    write(".hidden/site-packages/tasks.py")

    assert ProjectSources(tmp_path / ".hidden/site-packages").module("tasks") is not None


def test_link_that_leads_out_of_the_project_is_not_followed(tmp_path: Path, write: Write) -> None:
    outside = write("outside/tasks.py")
    (tmp_path / "root").mkdir()
    (tmp_path / "root/tasks.py").symlink_to(outside)
    (tmp_path / "root/pkg").symlink_to(outside.parent)

    sources = ProjectSources(tmp_path / "root")

    assert sources.module("tasks") is None
    assert sources.module("pkg.tasks") is None


def test_further_roots_are_asked_after_the_root(tmp_path: Path, write: Write) -> None:
    write("melodies/steps.py", "A = 1\n")
    write("melodies/tasks.py", "B = 1\n")
    write("tasks.py", "C = 1\n")

    sources = ProjectSources(tmp_path, [tmp_path / "melodies"])

    steps, tasks = sources.module("steps"), sources.module("tasks")
    assert steps is not None
    assert tasks is not None
    assert (steps.file, tasks.file) == ("melodies/steps.py", "tasks.py")


def test_package_of_the_root_is_not_continued_in_another(tmp_path: Path, write: Write) -> None:
    write("pkg/__init__.py")
    write("melodies/pkg/extra.py")

    assert ProjectSources(tmp_path, [tmp_path / "melodies"]).module("pkg.extra") is None


def test_file_is_read_again_only_when_it_changed(tmp_path: Path, write: Write) -> None:
    file = write("tasks.py", "X = 1\n")
    os.utime(file, ns=(1, 1))
    sources = ProjectSources(tmp_path)
    first = sources.module("tasks")

    assert sources.module("tasks") is first

    write("tasks.py", "X = 2\n")
    os.utime(file, ns=(2, 2))
    changed = sources.module("tasks")
    assert changed is not None
    assert changed.text == "X = 2\n"

    file.unlink()
    assert sources.module("tasks") is None


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"\xef\xbb\xbfX = 1\n", "X = 1\n"),
        (b"X = 1\r\nY = 2\r", "X = 1\nY = 2\n"),
        ("# coding: latin-1\nX = 'é'\n".encode("latin-1"), "# coding: latin-1\nX = 'é'\n"),
    ],
    ids=["mark", "line ends", "coding line"],
)
def test_text_is_decoded_as_python_does(tmp_path: Path, write: Write, content: bytes, text: str) -> None:
    write("tasks.py", content)

    found = ProjectSources(tmp_path).module("tasks")

    assert found is not None
    assert found.text == text


@pytest.mark.parametrize("content", [b"X = '\xff'\n", b"# coding: klingon\n"], ids=["not utf-8", "unknown coding"])
def test_file_that_cannot_be_decoded_has_no_source(tmp_path: Path, write: Write, content: bytes) -> None:
    write("tasks.py", content)

    assert ProjectSources(tmp_path).module("tasks") is None


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("tasks.py", "tasks"),
        ("pkg/__init__.py", "pkg"),
        ("pkg/sub.py", "pkg.sub"),
        ("melodies/a.py", "melodies.a"),
        ("my-steps/a.py", "a"),
    ],
)
def test_name_of_a_file_is_the_one_it_is_imported_by(tmp_path: Path, write: Write, file: str, name: str) -> None:
    """Semantics 11: from the project root, never ``__main__``."""
    path = write(file)

    sources = ProjectSources(tmp_path, [tmp_path / "melodies", tmp_path / "my-steps"])

    assert sources.module_name_of(path) == name
    assert sources.module(name) is not None


def test_file_outside_the_project_has_no_name(tmp_path: Path, write: Write) -> None:
    path = write("elsewhere/tasks.py")

    with pytest.raises(UsageError, match=r"tasks\.py lies outside the project .*root\. Players are found below"):
        ProjectSources(tmp_path / "root").module_name_of(path)


@pytest.mark.parametrize("file", ["my-steps/a.py", "2nd.py", "notes.txt"])
def test_file_that_no_import_can_name_is_refused(tmp_path: Path, write: Write, file: str) -> None:
    path = write(file)

    with pytest.raises(UsageError, match="cannot be imported by name"):
        ProjectSources(tmp_path).module_name_of(path)


def test_two_checkouts_have_equal_identities(tmp_path: Path, write: Write) -> None:
    """Semantics 31: the folder of a project has no part in it."""
    write("one/tasks.py", "from pkg.util import f\n\ndef run(x):\n    return f(x)\n")
    write("one/pkg/util.py", "def f(x):\n    return x\n")
    shutil.copytree(tmp_path / "one", tmp_path / "deep/two")

    one = identity_of("tasks", "run", ProjectSources(tmp_path / "one"))
    two = identity_of("tasks", "run", ProjectSources(tmp_path / "deep/two"))

    assert one == two
    assert [r.file for r in one.reached] == ["pkg/util.py", "tasks.py"]
