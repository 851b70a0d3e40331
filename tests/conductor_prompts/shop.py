"""Makes the folder that the prompts speak of: the input files, a git repository of them, and an archive."""

from __future__ import annotations

import os
import shutil
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path

INPUT = Path(__file__).with_name("input")


@dataclass(frozen=True)
class _Commit:
    """One commit: who, when, what; `files` come in whole, of `begun` the first lines only."""

    author: str
    date: str
    message: str
    files: tuple[str, ...] = ()
    begun: tuple[tuple[str, int], ...] = ()
    tag: str = ""


_COMMITS = (
    _Commit(
        "Ada", "2024-01-08T09:00:00", "feat: first data and a page", ("data", "page.html", "assets"), (("README.md", 3),)
    ),
    _Commit(
        "Grace", "2024-01-15T10:30:00", "feat(cart): count what is in a cart", ("src/shop/__init__.py",),
        (("src/shop/cart.py", 21), ("src/shop/tax.py", 7)), "v0.1.0",
    ),
    _Commit("Ada", "2024-02-05T16:45:00", "fix: round taxes half up", ("src/shop/tax.py",)),
    _Commit("Lin", "2024-02-20T08:15:00", "docs: notes of the meeting", ("notes", "config"), tag="v0.2.0"),
    _Commit("Ada", "2024-03-04T11:00:00", "feat(report): monthly sums", ("src/shop/report.py", "README.md")),
    _Commit(
        "Grace", "2024-03-18T12:00:00", "fix(cart)!: refuse negative weights",
        ("src/shop/cart.py", "src/shop/check_cart.py", "logs"),
    ),
)  # fmt: skip

ARCHIVED = {
    "reports/january.txt": "January was slow.\nOnly chairs sold well.\n",
    "reports/february.csv": "region,amount\nNorth,2550.25\nEast,576\n",
    "readme.txt": "What is left of the old shop.\n",
}
"""What `backup.zip` holds."""


def make_shop(folder: Path) -> Path:
    """Fill an empty folder: a clean repository with six commits and the tags v0.1.0 and v0.2.0, and `backup.zip`.

    The same bytes, times and commits each time. The archive is ignored by git.

    Returns:
        The folder; runs have it as their project.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _git(folder, "init", "-q", "-b", "main")
    (folder / ".git/info/exclude").write_text("*.zip\n.symphony/\n", encoding="utf-8")
    for commit in _COMMITS:
        _commit(folder, commit)
    with zipfile.ZipFile(folder / "backup.zip", "w") as archive:
        for name, text in ARCHIVED.items():
            archive.writestr(zipfile.ZipInfo(name, (2023, 12, 31, 12, 0, 0)), text)
    return folder


def _commit(folder: Path, commit: _Commit) -> None:
    for name in commit.files:
        _copy(INPUT / name, folder / name)
    for name, count in commit.begun:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        lines = (INPUT / name).read_text(encoding="utf-8").splitlines(keepends=True)
        (folder / name).write_text("".join(lines[:count]), encoding="utf-8")
    _git(folder, "add", "--all")
    who = {"NAME": commit.author, "EMAIL": f"{commit.author.lower()}@example.org", "DATE": f"{commit.date}+0000"}
    _git(
        folder, "commit", "-q", "-m", commit.message,
        environment={f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who.items()},
    )  # fmt: skip
    if commit.tag:
        _git(folder, "tag", commit.tag)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copyfile(source, target)


def _git(folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> None:
    plain = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(folder)}
    subprocess.run(
        ["git", "-c", "core.autocrlf=false", "-c", "commit.gpgsign=false", *arguments],
        cwd=folder, env={**os.environ, **plain, **(environment or {})}, check=True, capture_output=True,
    )  # fmt: skip
