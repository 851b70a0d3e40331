"""Reads the commits of a repository, newest first, with the files that each one changed."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from symphony.errors import UsageError
from symphony.players.repository.commands import git, head_of, text_of

_MARK = b"\x1ecommit"
_FORMAT = "%x00%x1ecommit%x00%H%x00%aN%x00%aE%x00%at%x00%ct%x00%P%x00%s"
_FIELDS = 7
_SPAN = re.compile(r"(\d+)\s*(d|w|m|y)")
_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
_LAST = 253_370_764_800  # the year 9999, in seconds: a commit's time can be any number


def read_history(repo: Path, *, since: str, limit: int) -> list[dict[str, Any]]:
    """Read the commits that HEAD reaches; see `git.history` for the rows."""
    if not head_of(repo):
        return []
    arguments = ["log", "--numstat", "-M", "-z", "--no-ext-diff", "--no-textconv", f"--format={_FORMAT}"]
    if limit > 0:
        arguments.append(f"--max-count={limit}")
    if since:
        arguments.append(f"--since={_start(repo, since)}")
    inside = git(repo, "rev-parse", "--show-prefix").strip()  # limiting to a folder drops merges: only where asked for
    below = ["--relative", "HEAD", "--", "."] if inside else ["HEAD", "--"]
    return list(parse_log(git(repo, *arguments, *below)))


def _start(repo: Path, since: str) -> str:
    """The time that `since` names. Spans count back from the newest commit, so that equal HEADs give equal rows.

    Raises:
        UsageError: it names none.
    """
    span = _SPAN.fullmatch(since.strip().lower())
    try:
        if span is None:
            return datetime.datetime.fromisoformat(since).replace(tzinfo=datetime.UTC).isoformat()
        newest = int(git(repo, "log", "-1", "--format=%ct", "HEAD"))
        return iso(newest - int(span[1]) * _DAYS[span[2]] * 86_400)
    except ValueError as error:
        raise UsageError(
            f"since is {since!r}: write a date such as 2024-01-31, or a span such as 90d, 12w, 6m, 2y"
        ) from error


def parse_log(output: bytes) -> Iterator[dict[str, Any]]:
    """Read what ``git log --numstat -z`` printed in this module's format.

    Every part is ended by NUL, which no name can hold: a numstat entry has two tabs, a renamed file has its old and new
    name in the two parts that follow.
    """
    parts = output.split(b"\0")
    at, end = 0, len(parts)
    while at < end:
        if parts[at].strip(b"\n") != _MARK:
            at += 1
            continue
        commit = _commit(parts[at + 1 : at + 1 + _FIELDS])
        at += 1 + _FIELDS
        files: list[dict[str, Any]] = []
        while at < end and parts[at].strip(b"\n") != _MARK:
            entry = parts[at].lstrip(b"\n").split(b"\t", 2)
            at += 1
            if len(entry) != 3:
                continue
            old = b""
            if not entry[2]:
                old, entry[2] = parts[at], parts[at + 1]
                at += 2
            files.append(_file(entry, old))
        yield commit | {"files": files}


def _commit(fields: list[bytes]) -> dict[str, Any]:
    commit, author, email, authored, committed, parents, subject = map(text_of, fields)
    return {
        "commit": commit,
        "author": author or "(no name)",
        "email": email,
        "time": _seconds(authored),
        "date": iso(_seconds(authored)),
        "committed": iso(_seconds(committed)),
        "parents": len(parents.split()),
        "subject": subject.strip("\n"),
    }


def _seconds(text: str) -> int:
    try:
        return max(0, min(int(text), _LAST))
    except ValueError:
        return 0


def iso(seconds: int) -> str:
    """A time as text, in UTC: ``2024-01-31T12:00:00+00:00``."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat()


def _file(entry: list[bytes], old: bytes) -> dict[str, Any]:
    binary = entry[0] == b"-"
    row: dict[str, Any] = {
        "path": text_of(entry[2]),
        "added": 0 if binary else int(entry[0]),
        "deleted": 0 if binary else int(entry[1]),
    }
    return row | {"old": text_of(old)} if old else row
