"""Pages lead where they say, name every command, and the site builds without a warning."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

from symphony.cli.program import app
from symphony.model.states import RunState, TaskState

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
OUTSIDE = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "examples").rglob("*.md"))]
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", OUTSIDE, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_outside_the_site_lead_somewhere(page: Path) -> None:
    links = [link for link in _LINK.findall(page.read_text("utf-8")) if "://" not in link]

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_command_is_on_the_page_of_the_command_line() -> None:
    text = (DOCS / "reference" / "cli.md").read_text("utf-8")

    group: Any = typer.main.get_command(app)
    commands = group.list_commands(None)

    assert commands
    assert [name for name in commands if f"`symphony {name}" not in text] == []


def test_every_state_is_on_the_page_of_runs() -> None:
    text = (DOCS / "concepts" / "run.md").read_text("utf-8")

    assert [state for state in (*TaskState, *RunState) if f"`{state}`" not in text] == []


def test_the_readme_names_the_two_commands_of_the_quick_start() -> None:
    text = (ROOT / "README.md").read_text("utf-8")

    commands = re.findall(r"```sh\n(.*?)\n```", text, re.S)

    assert len(commands) == 2
    assert all(command.startswith("python3 -m venv .venv && ") and "\n" not in command for command in commands)


def test_nothing_of_the_docs_loads_from_another_host() -> None:
    pages = [*OUTSIDE, *sorted(DOCS.rglob("*.md")), ROOT / "mkdocs.yml"]

    assert [
        p.name for p in pages if re.search(r"!\[[^\]]*\]\(https?:|<(script|img|link)[^>]+https?:", p.read_text())
    ] == []


@pytest.mark.skipif(importlib.util.find_spec("material") is None, reason="the docs extra is not installed")
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )

    assert done.returncode == 0, done.stderr
