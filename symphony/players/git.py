"""Players that read a git repository: its files, its history, and what follows from it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Annotated, Any, TypedDict

from symphony.define.annotations import ByName, Table
from symphony.define.player import operator
from symphony.errors import UsageError
from symphony.players.reading.glob import EVERYTHING, compile_glob, matches
from symphony.players.repository.activity import authors_of, churn_of, grouped_changes, weeks_of
from symphony.players.repository.commands import git, head_of, revision, text_of, try_git
from symphony.players.repository.history import iso, read_history

Repo = Annotated[Path, ByName]
_FIELD = "%x1f"


class Repository(TypedDict):
    """What a repository is at this moment. Times are ISO 8601 in UTC; most is empty before the first commit."""

    name: str
    branch: str
    commit: str
    subject: str
    committed: str
    first: str
    commits: int
    files: int
    changed: int


def _tracked(repo: Path, *, untracked: bool = False) -> list[str]:
    """Regular files of the index that are there, relative to `repo`, sorted. One `lstat` each."""
    names = set()
    for entry in git(repo, "ls-files", "-s", "-z").split(b"\0"):
        if entry[:3] == b"100":  # 120000 is a link, 160000 a submodule
            names.add(entry[entry.index(b"\t") + 1 :])
    if not names and not _has_files(repo):
        raise UsageError(f"{repo} is a bare repository: it has a history and no files. Give a checkout of it")
    if untracked:
        names.update(git(repo, "ls-files", "--others", "--exclude-standard", "-z").split(b"\0"))
    folder = os.fsencode(repo)
    return sorted(text for name in names if name and (text := _utf8(name)) and _is_regular(os.path.join(folder, name)))


def _utf8(name: bytes) -> str:
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        return ""


def _is_regular(path: bytes) -> bool:
    try:
        return os.lstat(path).st_mode & 0o170000 == 0o100000
    except OSError:
        return False


def _selected(repo: Path, pattern: str, untracked: bool) -> list[str]:
    matches(pattern, "")
    names = _tracked(repo, untracked=untracked)
    if pattern == EVERYTHING:
        return names
    regex = compile_glob(pattern)
    return [n for n in names if regex.fullmatch(n)]


def _listing(repo: Path, pattern: str = EVERYTHING, untracked: bool = False, **_: Any) -> str:
    return hashlib.sha256("\0".join(_selected(repo, pattern, untracked)).encode()).hexdigest()


def _past(repo: Path, **_: Any) -> dict[str, str]:
    """What a history depends on: the newest commit, where a shallow clone ends, and the map of names."""
    head = head_of(repo)
    common = text_of(git(repo, "rev-parse", "--git-common-dir")).strip()
    top = text_of(try_git(repo, "rev-parse", "--show-toplevel") or b"").strip()
    return {
        "head": head,
        "shallow": _digest(repo / common / "shallow"),
        "names": _digest(Path(top) / ".mailmap") if top else "",
    }


def _digest(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return ""


@operator(version="1.0.0", tags=("git", "files", "list"), fingerprint=_listing)
def list_files(repo: Repo, pattern: str = EVERYTHING, untracked: bool = False) -> list[Path]:
    """List the files that git tracks, in the order of their names.

    Only files that are there are listed: no deleted ones, no links, no submodules, and no names that are not UTF-8.
    In a folder inside a repository, the files below that folder.

    Args:
        repo: the repository, or a folder in it.
        pattern: which files: `*.py` at any depth, `src/**/*.ts`.
        untracked: whether new files that git does not ignore are listed too.

    Raises:
        UsageError: it is no repository, or a bare one.

    Example:
        ```yaml
        files:
          player: git.list_files
          with: {repo: ., pattern: "*.py"}
        ```
    """
    return [repo / name for name in _selected(repo, pattern, untracked)]


def _description(repo: Path, **_: Any) -> dict[str, Any]:
    return dict(_described(repo))


@operator(version="1.0.0", tags=("git", "information"), fingerprint=_description)
def describe(repo: Repo) -> Repository:
    """Say what a repository is at this moment: name, branch, newest commit, how many commits and files.

    Args:
        repo: the repository, or a folder in it.

    Raises:
        UsageError: it is no repository.

    Example:
        ```yaml
        about:
          player: git.describe
          with: {repo: .}
        ```
    """
    return _described(repo)


def _described(repo: Path) -> Repository:
    head = head_of(repo)
    status = try_git(repo, "status", "--porcelain=v1", "-z", "--untracked-files=no", "--no-renames") or b""
    branch = text_of(try_git(repo, "symbolic-ref", "--short", "--quiet", "HEAD") or b"").strip()
    found: Repository = {
        "name": _name(repo),
        "branch": branch,
        "commit": head,
        "subject": "",
        "committed": "",
        "first": "",
        "commits": 0,
        "files": len(_tracked(repo)) if _has_files(repo) else 0,
        "changed": sum(1 for s in status.split(b"\0") if s),
    }
    if head:
        fields = text_of(git(repo, "log", "-1", f"--format=%ct{_FIELD}%s", "HEAD")).strip("\n").split("\x1f", 1)
        roots = git(repo, "log", "--max-parents=0", "--format=%at", "HEAD").split()
        found["committed"], found["subject"] = iso(int(fields[0])), fields[1]
        found["first"] = iso(max(0, min(map(int, roots)))) if roots else ""
        found["commits"] = int(git(repo, "rev-list", "--count", "HEAD"))
    return found


def _has_files(repo: Path) -> bool:
    return text_of(try_git(repo, "rev-parse", "--is-inside-work-tree") or b"").strip() == "true"


def _name(repo: Path) -> str:
    top = text_of(try_git(repo, "rev-parse", "--show-toplevel") or b"").strip("\n")
    prefix = text_of(try_git(repo, "rev-parse", "--show-prefix") or b"").strip("\n/")
    name = Path(top).name if top else repo.resolve().name.removesuffix(".git") or repo.resolve().parent.name
    return f"{name}/{prefix}" if prefix else name


@operator(version="1.0.0", tags=("git", "history", "commits", "log"), fingerprint=_past)
def history(repo: Repo, since: str = "", limit: int = 20_000) -> Table:
    """Read the commits of a repository, newest first, each with the files it changed.

    Args:
        repo: the repository; in a folder inside it, only commits that changed something below.
        since: a date such as `2024-01-31`, or a span before the newest commit such as `90d`, `12w`, `6m`, `2y`;
            empty: from the start.
        limit: the most commits; 0: all.

    Raises:
        UsageError: it is no repository, or `since` cannot be read.

    Returns:
        Rows with `commit author email time date committed parents subject files`; each file with `path added deleted`,
        and `old` where it was renamed. Times are ISO 8601 in UTC, `time` is in seconds. A merge has no files.

    Example:
        ```yaml
        history:
          player: git.history
          with: {repo: ., since: 1y}
        ```
    """
    return read_history(repo, since=since, limit=limit)


@operator(version="1.0.0", tags=("git", "history", "churn", "statistics"))
def churn(history: Table) -> Table:
    """Count how often, how much and by whom each file was changed; renamed files keep their past.

    Args:
        history: what `git.history` gave.

    Returns:
        Rows with `path commits added deleted first last authors main_author main_share`, the most changed first.

    Example:
        ```yaml
        churn:
          player: git.churn
          with:
            history: ${{ tasks.history }}
        ```
    """
    return churn_of(history)


@operator(version="1.0.0", tags=("git", "history", "people", "statistics"))
def authors(history: Table) -> Table:
    """Count what each author did. The repository's `.mailmap` decides which names are one person.

    Args:
        history: what `git.history` gave.

    Returns:
        Rows with `author commits added deleted files share first last`, the most active first.

    Example:
        ```yaml
        authors:
          player: git.authors
          with:
            history: ${{ tasks.history }}
        ```
    """
    return authors_of(history)


@operator(version="1.0.0", tags=("git", "history", "activity", "statistics", "time"))
def commits_per_week(history: Table) -> Table:
    """Count commits, lines and authors per calendar week, quiet weeks included.

    Args:
        history: what `git.history` gave.

    Returns:
        Rows with `week` (its Monday) `commits added deleted authors`, oldest first.

    Example:
        ```yaml
        weeks:
          player: git.commits_per_week
          with:
            history: ${{ tasks.history }}
        ```
    """
    return weeks_of(history)


@operator(version="1.0.0", tags=("git", "history", "release", "changelog"))
def group_changes(commits: Table) -> dict[str, Table]:
    """Group commits by kind of change: breaking, features, fixes, performance, documentation, other, internal.

    The prefix of Conventional Commits (`feat:`, `fix(core)!:`) decides, else the first word. Merges are left out.

    Args:
        commits: what `git.log_between` or `git.history` gave.

    Returns:
        Rows with `text scope commit author` by kind; kinds without commits are left out.

    Example:
        ```yaml
        changes:
          player: git.group_changes
          with:
            commits: ${{ tasks.commits }}
        ```
    """
    return grouped_changes(commits)


def _refs(repo: Path, **_: Any) -> str:
    return hashlib.sha256(git(repo, "for-each-ref", "refs/tags")).hexdigest()


@operator(version="1.0.0", tags=("git", "tags", "release"), fingerprint=_refs)
def tags(repo: Repo, limit: int = 0) -> Table:
    """List the tags of a repository, newest first.

    Args:
        repo: the repository.
        limit: the most tags; 0: all.

    Raises:
        UsageError: it is no repository.

    Returns:
        Rows with `tag commit date subject`.

    Example:
        ```yaml
        tags:
          player: git.tags
          with: {repo: ., limit: 10}
        ```
    """
    form = "%1f".join(
        ("%(refname:short)", "%(objectname)", "%(*objectname)", "%(creatordate:unix)", "%(contents:subject)")
    )
    arguments = ["for-each-ref", "--sort=-creatordate", f"--format={form}", "refs/tags"]
    if limit > 0:
        arguments.insert(1, f"--count={limit}")
    rows = []
    for line in text_of(git(repo, *arguments)).split("\n"):
        fields = line.split("\x1f")
        if len(fields) == 5:
            name, direct, behind, seconds, subject = fields
            date = iso(int(seconds)) if seconds.isdigit() else ""
            rows.append({"tag": name, "commit": behind or direct, "date": date, "subject": subject})
    return rows


def _two_ends(repo: Path, older: str = "", newer: str = "HEAD", **_: Any) -> list[str]:
    return [*_ends(repo, older, newer), _past(repo)["names"]]


def _ends(repo: Path, older: str, newer: str) -> tuple[str, str]:
    """The commits at both ends; the first is empty where the history starts."""
    last = revision(repo, newer)
    if older:
        return revision(repo, older), last
    tag = try_git(repo, "describe", "--tags", "--abbrev=0", f"{last}^")
    return (revision(repo, text_of(tag).strip()) if tag else ""), last


@operator(version="1.0.0", tags=("git", "history", "commits", "release", "changelog"), fingerprint=_two_ends)
def log_between(repo: Repo, older: str = "", newer: str = "HEAD") -> Table:
    """List the commits that one revision has and an older one has not, newest first.

    Args:
        repo: the repository.
        older: a tag, branch or commit; empty: the last tag before `newer`, or the start of the history.
        newer: a tag, branch or commit.

    Raises:
        UsageError: it is no repository, or there is no such revision.

    Returns:
        Rows with `commit author date parents subject body`.

    Example:
        ```yaml
        commits:
          player: git.log_between
          with: {repo: ., older: v1.0.0}
        ```
    """
    first, last = _ends(repo, older, newer)
    form = "%x00".join(("%H", "%aN", "%at", "%P", "%s", "%b"))
    wanted = [f"{first}..{last}"] if first else [last]
    fields = text_of(git(repo, "log", "-z", f"--format={form}", *wanted, "--")).split("\0")
    rows = []
    for commit, author, seconds, parents, subject, body in zip(*(fields[i::6] for i in range(6)), strict=False):
        row = {"commit": commit, "author": author, "date": iso(int(seconds)), "parents": len(parents.split())}
        rows.append(row | {"subject": subject, "body": body.strip()})
    return rows


def _changes(repo: Path, base: str = "HEAD", **_: Any) -> str:
    return hashlib.sha256("\0".join(_changed(repo, base)).encode()).hexdigest()


def _changed(repo: Path, base: str) -> list[str]:
    start = revision(repo, base)
    fork = text_of(try_git(repo, "merge-base", start, "HEAD") or b"").strip() or start
    names = set(git(repo, "diff", "--name-only", "-z", "--relative", "--no-ext-diff", fork, "--", ".").split(b"\0"))
    there = set(_tracked(repo, untracked=True))
    new = {n for n in git(repo, "ls-files", "--others", "--exclude-standard", "-z").split(b"\0") if n}
    return sorted(text for n in names | new if (text := _utf8(n)) and text in there)


@operator(version="1.0.0", tags=("git", "files", "changes", "diff"), fingerprint=_changes)
def changed_files(repo: Repo, base: str = "HEAD") -> list[Path]:
    """List the files that differ from where this branch left another: committed, not yet committed, and new ones.

    Args:
        repo: the repository, or a folder in it.
        base: the branch, tag or commit to compare with.

    Raises:
        UsageError: it is no repository, or there is no such revision.

    Example:
        ```yaml
        changed:
          player: git.changed_files
          with: {repo: ., base: main}
        ```
    """
    return [repo / name for name in _changed(repo, base)]


@operator(
    version="1.0.0",
    tags=("git", "files", "read", "history"),
    fingerprint=lambda repo, revision="HEAD", **_: _resolve(repo, revision),
)
def show_file(repo: Repo, path: str, revision: str = "HEAD") -> bytes:
    """Read a file as it was in a commit.

    Args:
        repo: the repository.
        path: the file, from the repository's root.
        revision: a tag, branch or commit.

    Raises:
        UsageError: it is no repository, there is no such revision, or the file was not in it.

    Example:
        ```yaml
        before:
          player: git.show_file
          with: {repo: ., path: pyproject.toml, revision: v1.0.0}
        ```
    """
    commit = _resolve(repo, revision)
    data = try_git(repo, "cat-file", "blob", f"{commit}:{path.removeprefix('./')}")
    if data is None:
        raise UsageError(f"there is no file {path!r} in {revision} of {repo}: paths start at the repository's root")
    return data


def _resolve(repo: Path, name: str) -> str:
    return revision(repo, name)
