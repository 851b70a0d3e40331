"""A context to call players with, git repositories with fixed dates, and pages read as a browser reads them."""

from __future__ import annotations

import logging
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import pytest


@dataclass
class PlainContext:
    """A context outside any run."""

    workdir: Path
    run_id: str = "run"
    task_id: str = "task"
    attempt: int = 1
    idempotency_key: str = "key"
    cancelled: bool = False
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("test"))

    def sleep(self, seconds: float) -> None:
        """Wait in earnest, unless the run is cancelled."""
        time.sleep(0 if self.cancelled else seconds)

    def progress(self, done: float, total: float | None = None) -> None:
        """Nobody listens."""


@pytest.fixture
def ctx(tmp_path: Path) -> PlainContext:
    """A context whose work folder is empty."""
    folder = tmp_path / "workdir"
    folder.mkdir()
    return PlainContext(folder)


class Sandbox:
    """A git repository under construction. Every commit has a date, so that equal steps give equal commits."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str, who: str = "Ada", date: str = "2024-01-01T12:00:00+00:00") -> str:
        """Run git here as `who` at `date`."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        mail = f"{who.lower().replace(' ', '.')}@example.org"
        env = clean | {
            "GIT_AUTHOR_NAME": who,
            "GIT_AUTHOR_EMAIL": mail,
            "GIT_COMMITTER_NAME": who,
            "GIT_COMMITTER_EMAIL": mail,
            "GIT_AUTHOR_DATE": date,
            "GIT_COMMITTER_DATE": date,
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_SYSTEM": "/dev/null",
        }
        done = subprocess.run(["git", *arguments], cwd=self.folder, env=env, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write files; text in UTF-8."""
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(
        self, message: str, files: Mapping[str, str | bytes], *, who: str = "Ada", date: str = "2024-01-01"
    ) -> str:
        """Write files, commit everything, and give the commit."""
        self.write(files)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message, who=who, date=f"{date}T12:00:00+00:00")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def make_repo(tmp_path: Path) -> Callable[[str], Sandbox]:
    """Makes empty repositories by name."""

    def make(name: str) -> Sandbox:
        return Sandbox(tmp_path / name)

    return make


BRANCHY = """def f(a, b):
    if a and b:
        return 1
    for x in a:
        while x:
            x -= 1
    return 0
"""


@pytest.fixture
def repo(make_repo: Callable[[str], Sandbox]) -> Sandbox:
    """Four commits by two people over nine weeks: one file is renamed, one is deleted, one is binary."""
    made = make_repo("project")
    made.commit(
        "feat: start", {"src/core.py": BRANCHY, "README.md": "# Project\n", "old.py": "x = 1\n"}, date="2024-01-01"
    )
    made.commit("fix: loop", {"src/core.py": BRANCHY + "\n# TODO: speed\n"}, who="Bob", date="2024-01-09")
    made.git("mv", "src/core.py", "src/engine.py")
    (made.folder / "old.py").unlink()
    made.commit("Rename the core", {"logo.png": b"\x89PNG\r\n\x1a\n\0\0\0"}, date="2024-02-20")
    made.commit("docs: words", {"README.md": "# Project\n\nWords.\n"}, date="2024-03-01")
    return made


LOADING = frozenset(["iframe", "object", "embed", "link", "base", "form", "foreignobject", "video", "audio"])
VOID = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"])


class Page(HTMLParser):
    """The tags of a page in order, its text, and whether tags are closed in the order in which they were opened."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.crooked: list[str] = []
        self._open: list[str] = []
        self.feed(source)
        self.close()
        self.crooked += [f"<{tag}> is left open" for tag in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()
        else:
            self.crooked.append(f"</{tag}> closes {self._open[-1:]}")

    def handle_data(self, data: str) -> None:
        if not self._open or self._open[-1] not in ("script", "style"):
            self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every element with this name."""
        return [attributes for name, attributes in self.tags if name == tag]

    def dangers(self) -> list[str]:
        """Everything that could run or fetch: handlers, addresses, elements that load."""
        found = [
            f"<{t}>"
            for t, _ in self.tags
            if t in ("iframe", "object", "embed", "link", "base", "form", "foreignobject", "video", "audio")
        ]
        for tag, attributes in self.tags:
            for name, value in attributes.items():
                address = (value or "").strip().lower()
                if name.startswith("on"):
                    found.append(f"{tag} {name}")
                if name in ("href", "src", "xlink:href", "action", "srcset", "data") and not address.startswith(
                    ("#", "data:image/", "https:", "http:", "mailto:")
                ):
                    found.append(f"{tag} {name}={value}")
                if name == "src" and not address.startswith("data:image/"):
                    found.append(f"{tag} fetches {value}")
        return found


@pytest.fixture
def read_page() -> type[Page]:
    """Reads HTML, whole or a piece."""
    return Page


@pytest.fixture
def check_page() -> Callable[[str], Page]:
    """Checks that a page is well formed, fetches nothing, and runs no script but its own one."""

    def check(source: str) -> Page:
        page = Page(source)
        assert page.crooked == []
        assert page.dangers() == []
        assert len(page.named("script")) <= 1
        assert "@import" not in source
        assert "url(" not in source
        return page

    return check
