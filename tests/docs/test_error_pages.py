"""Every code has a page whose broken example reports it and whose mended example does not."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from symphony import bootstrap
from symphony.compiler.codes import ENVIRONMENT_TITLES, TITLES
from symphony.compiler.unhonoured import Abilities, unhonoured
from symphony.compiler.unmeetable import unmeetable
from symphony.config.project import find_project
from symphony.define.yaml_problems import TITLES as YAML_TITLES
from symphony.model.diagnostic import Diagnostic

DOCS = Path(__file__).parents[2] / "docs"
ERRORS = DOCS / "errors"
NOT_SHOWN = {"SYM189"}
"""Depends on what is installed; its tests are those of environments."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project of its own; what it makes importable is forgotten afterwards."""
    (tmp_path / "symphony.config.toml").write_text("")
    (tmp_path / "README.md").write_text("# A project\n")
    shutil.copy(DOCS / "snippets" / "errors" / "players.py", tmp_path)
    monkeypatch.chdir(tmp_path)
    paths, modules = list(sys.path), set(sys.modules)
    yield tmp_path
    sys.path[:] = paths
    for name in set(sys.modules) - modules:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def _checked(folder: Path, file: str) -> bootstrap.Checked:
    if file.endswith(".py"):
        found = vars(bootstrap.import_file(folder / file))
        return bootstrap.check(found["example"], project=find_project(folder / file))
    return bootstrap.check(folder / file)


@pytest.mark.parametrize("code", sorted(TITLES))
def test_the_examples_of_a_page_hold(code: str, folder: Path, blocks_of: Callable[[Path], list[Any]]) -> None:
    page = ERRORS / f"{code}.md"
    blocks = blocks_of(page)
    for block in blocks:
        if block.title:
            (folder / block.title).write_text(block.text)
    broken = next(b.title for b in blocks if b.title.startswith("broken."))
    mended = next(b.title for b in blocks if b.title.startswith("mended."))

    messages = [d.message for d in _checked(folder, broken).diagnostics if d.code == code]
    after = _checked(folder, mended)

    told = [message.replace(f"{folder}/", "") for message in messages]
    assert told
    assert told[0] in page.read_text("utf-8")
    assert after.ok
    assert code not in {d.code for d in after.diagnostics}


def _under(code: str, file: Path) -> Sequence[Diagnostic]:
    """What a page's melody has against it: on a machine of eight cores, on a weak executor, or under the page's settings."""
    checked = _checked(file.parent, file.name)
    assert checked.plan is not None
    if code == "SYM193":
        return unmeetable(checked.plan, {"cpus": 8.0}, melody=checked.melody)
    if code == "SYM190":
        return unhonoured(checked.plan, Abilities("queue", False), melody=checked.melody)
    return bootstrap.check(file, env="ci").diagnostics


@pytest.mark.parametrize("code", sorted(ENVIRONMENT_TITLES.keys() - NOT_SHOWN))
def test_the_examples_of_a_page_hold_under_its_environment(
    code: str, folder: Path, blocks_of: Callable[[Path], list[Any]]
) -> None:
    page = ERRORS / f"{code}.md"
    for block in blocks_of(page):
        if block.title:
            (folder / block.title).write_text(block.text)

    told = next(d for d in _under(code, folder / "broken.yaml") if d.code == code)

    assert told.span is not None
    assert f"{told.message}\n" in page.read_text("utf-8")
    assert [d for d in _under(code, folder / "mended.yaml") if d.code == code] == []


@pytest.mark.parametrize("code", sorted({**TITLES, **ENVIRONMENT_TITLES}))
def test_a_page_is_headed_by_code_and_title(code: str) -> None:
    assert (
        (ERRORS / f"{code}.md").read_text("utf-8").startswith(f"# {code}: {({**TITLES, **ENVIRONMENT_TITLES})[code]}\n")
    )


def test_the_index_lists_every_code_with_its_title_and_leads_to_the_pages() -> None:
    index = (ERRORS / "index.md").read_text("utf-8")
    titles = {**YAML_TITLES, **TITLES, **ENVIRONMENT_TITLES}

    rows = {code: title for code, title in titles.items() if f"[{code}]({code}.md) | {title} |" in index}
    plain = {code: title for code, title in titles.items() if f"| {code} | {title} |" in index}

    assert rows | plain == titles
    assert [code for code in TITLES if code not in rows] == []
