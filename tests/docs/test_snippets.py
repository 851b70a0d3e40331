"""Every piece of code that a page shows under a title is a file that runs here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from symphony.bootstrap import check, run

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SNIPPETS = DOCS / "snippets"
MELODIES: dict[str, dict[str, Any]] = {
    "words/words.py": {"out": 6},
    "words_yaml/words.yaml": {"out": 6},
    "marks/marks.py": {"passed": ["to be"], "failed": ["maybe"]},
    "from_prefect/orders.py": {"out": 16},
    "from_dagster/sales.py": {"clean": [3, 4], "total": 7},
    "from_snakemake/lengths.yaml": {},
    "resources/fetch.yaml": {"pages": ["page a", "page b", "page c"]},
}
PROGRAMS = {
    "program/program.py": [],
    "testing/test_players.py": ["-m", "pytest", "-q", "-p", "no:cacheprovider"],
    "testing/news.test.yaml": ["-m", "symphony", "test"],
    "testing/test_news.py": ["-m", "pytest", "-q", "-p", "no:cacheprovider"],
    "testing/test_words.py": ["-m", "pytest", "-q", "-p", "no:cacheprovider"],
    "warm/test_labels.py": ["-m", "pytest", "-q", "-p", "no:cacheprovider"],
}
BESIDE = {"words_yaml/players.py", "program/counting.py", "testing/words.py", "testing/news.yaml",
          "errors/players.py", "warm/labels.py",
          "executor/threads.py", "executor/test_threads.py"}  # fmt: skip
PAGES = [
    page
    for page in sorted(DOCS.rglob("*.md"))
    if page.relative_to(DOCS).parts[0] not in ("players", "snippets") and not page.name.startswith("SYM")
]


@pytest.mark.parametrize("file", MELODIES)
def test_a_melody_of_a_page_runs(file: str, tmp_path: Path) -> None:
    result = run(SNIPPETS / file, store=tmp_path / "state")

    assert str(result.state) == "succeeded"
    assert {name: result.outputs[name] for name in MELODIES[file]} == MELODIES[file]


@pytest.mark.parametrize("file", MELODIES)
def test_a_melody_of_a_page_has_no_problem(file: str) -> None:
    assert check(SNIPPETS / file).diagnostics == ()


@pytest.mark.parametrize("file", PROGRAMS)
def test_a_program_of_a_page_runs(file: str, tmp_path: Path) -> None:
    folder, _, name = file.partition("/")
    announced = tmp_path / "announced-1.0.0.dist-info"  # as an installed Symphony announces its pytest plugin
    announced.mkdir()
    (announced / "METADATA").write_text("Metadata-Version: 2.1\nName: announced\nVersion: 1.0.0\n")
    (announced / "entry_points.txt").write_text("[pytest11]\nsymphony = symphony.testing.pytest_plugin\n")
    environment = {
        **os.environ, "SYMPHONY_STATE": str(tmp_path / "state"), "PYTHONDONTWRITEBYTECODE": "1", "CI": "true",
        "PYTHONPATH": f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
    }  # fmt: skip

    done = subprocess.run(
        [sys.executable, *PROGRAMS[file], name],
        cwd=SNIPPETS / folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_executor_of_a_page_passes_the_suite(tmp_path: Path) -> None:
    for file in (SNIPPETS / "executor").glob("*.py"):
        shutil.copy(file, tmp_path)
    installed = tmp_path / "threads-1.0.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: threads\nVersion: 1.0.0\n")
    (installed / "entry_points.txt").write_text("[symphony.executors]\nthreads = threads:ThreadsExecutor\n")
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    few = "a-chain or each-over-each or values-go-to or failed-element or served or cancelling-tells"

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", few, "test_threads.py"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def test_every_snippet_is_run_and_shown() -> None:
    files = {str(p.relative_to(SNIPPETS)) for p in SNIPPETS.rglob("*") if p.suffix in (".py", ".yaml")}
    shown = "\n".join(page.read_text("utf-8") for page in PAGES)

    assert files == {*MELODIES, *PROGRAMS, *BESIDE}
    assert [f for f in files - {"program/counting.py", "testing/words.py"} if f'"{f}"' not in shown] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_titled_code_of_a_page_is_a_snippet(page: Path, blocks_of: Callable[[Path], list[Any]]) -> None:
    titled = [block for block in blocks_of(page) if block.title]

    assert [block.title for block in titled if not re.fullmatch(r'--8<-- "[^"]+"\n', block.text)] == []


def test_the_melody_of_the_readme_is_the_one_that_runs(blocks_of: Callable[[Path], list[Any]]) -> None:
    shown = next(block.text for block in blocks_of(ROOT / "README.md") if block.language == "python")

    assert shown == (SNIPPETS / "words/words.py").read_text("utf-8")


def test_copies_beside_programs_are_copies() -> None:
    words = (SNIPPETS / "words/words.py").read_text("utf-8")

    assert (SNIPPETS / "program/counting.py").read_text("utf-8") == words
    assert (SNIPPETS / "testing/words.py").read_text("utf-8") == words
    assert (SNIPPETS / "marks/marks.py").read_bytes() == (ROOT / "examples/07_own_players/marks.py").read_bytes()
