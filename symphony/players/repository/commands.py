"""Runs the git program so that it only reads, asks nobody, and says the same everywhere."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from symphony.errors import SurroundingsError, UsageError

# A repository's own configuration can name programs to run; none of them may, and nothing may be fetched.
_SETTINGS = (
    "core.quotePath=false",
    "core.fsmonitor=false",
    "color.ui=never",
    "log.showSignature=false",
    "log.mailmap=true",
    "diff.renameLimit=1000",
    "diff.renames=true",
    "protocol.allow=never",
    "core.pager=cat",
)


def git(repo: Path, *arguments: str) -> bytes:
    """Run git inside `repo` and give what it prints.

    Raises:
        SurroundingsError: git is not installed.
        UsageError: there is no such folder, it is no repository, or git refuses; says what git said.
    """
    done = run_git(repo, arguments)
    if done.returncode == 0:
        return done.stdout
    said = done.stderr.decode("utf-8", "replace").strip()
    if "not a git repository" in said:
        raise UsageError(
            f"{repo} is no git repository, and lies in none. Give a folder of a repository, or run: git init"
        )
    if "must be run in a work tree" in said:
        raise UsageError(f"{repo} is a bare repository: it has a history and no files. Give a checkout of it")
    if "dubious ownership" in said:
        raise UsageError(
            f"git refuses {repo}, since it belongs to someone else. "
            f"To trust it: git config --global --add safe.directory {repo}"
        )
    raise UsageError(f"git {arguments[0]} failed in {repo}: {said or f'exit code {done.returncode}'}")


def try_git(repo: Path, *arguments: str) -> bytes | None:
    """Run git where failing is an answer: gives None then."""
    done = run_git(repo, arguments)
    return done.stdout if done.returncode == 0 else None


def run_git(repo: Path, arguments: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
    """Run git and give its whole outcome.

    Raises:
        SurroundingsError: git is not installed.
        UsageError: there is no such folder.
    """
    if not repo.is_dir():
        raise UsageError(
            f"{repo} is {'a file' if repo.exists() else 'not there'}: a folder of a git repository is wanted"
        )
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    command = ["git", "--no-pager", "--literal-pathspecs", *settings, *arguments]
    try:
        return subprocess.run(
            command, cwd=repo, env=_environment(), stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except FileNotFoundError as error:
        raise SurroundingsError(
            "git is not installed, or not on PATH. Install it with the packages of your system"
        ) from error


def _environment() -> dict[str, str]:
    """This process's environment without what would lead git elsewhere (set inside git hooks, for one)."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    return kept | {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}


def text_of(data: bytes) -> str:
    """Bytes that git printed as text; what is not UTF-8 is shown as U+FFFD."""
    return data.decode("utf-8", "replace")


def head_of(repo: Path) -> str:
    """The commit that HEAD names; empty before the first commit."""
    found = try_git(repo, "rev-parse", "--verify", "--quiet", "HEAD")
    if found is None:
        git(repo, "rev-parse", "--git-dir")  # says why, where it is no repository at all
        return ""
    return text_of(found).strip()


def revision(repo: Path, name: str) -> str:
    """The commit that a revision names.

    Raises:
        UsageError: it names none.
    """
    if not name or name.startswith("-"):
        raise UsageError(f"{name!r} names no commit: give a tag, a branch or a commit")
    found = try_git(repo, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    if found is None:
        head_of(repo)
        raise UsageError(
            f"{name!r} names no commit of {repo}: give a tag, a branch or a commit (see: git tag, git log)"
        )
    return text_of(found).strip()
