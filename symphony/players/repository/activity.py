"""What follows from a history: churn per file, work per author, commits per week, changes by kind. Pure."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

History = Sequence[dict[str, Any]]
_WEEK_S = 7 * 86_400


def churn_of(history: History) -> list[dict[str, Any]]:
    """How often and by whom each file was changed, under the name it has now.

    The history is read newest first: a rename seen there tells which name the older changes belong to.
    """
    now: dict[str, str] = {}
    files: dict[str, dict[str, Any]] = {}
    people: dict[str, Counter[str]] = {}
    for commit in history:
        for change in commit["files"]:
            path = now.get(change["path"], change["path"])
            if "old" in change:
                now[change["old"]] = path
            row = files.get(path)
            if row is None:
                row = files[path] = {
                    "path": path,
                    "commits": 0,
                    "added": 0,
                    "deleted": 0,
                    "last": commit["date"],
                    "first": "",
                }
                people[path] = Counter()
            row["commits"] += 1
            row["added"] += change["added"]
            row["deleted"] += change["deleted"]
            row["first"] = commit["date"]
            people[path][commit["author"]] += 1
    for path, row in files.items():
        author, most = max(people[path].items(), key=lambda pair: (pair[1], pair[0]))
        row |= {"authors": len(people[path]), "main_author": author, "main_share": round(most / row["commits"], 3)}
    return sorted(files.values(), key=lambda r: (-r["commits"], -r["added"] - r["deleted"], r["path"]))


def authors_of(history: History) -> list[dict[str, Any]]:
    """What each author did. People are told apart by name, after the repository's ``.mailmap``."""
    found: dict[str, dict[str, Any]] = {}
    touched: dict[str, set[str]] = {}
    for commit in history:
        name = commit["author"]
        row = found.setdefault(
            name,
            {"author": name, "commits": 0, "added": 0, "deleted": 0, "first": commit["date"], "last": commit["date"]},
        )
        row["commits"] += 1
        row["added"] += sum(f["added"] for f in commit["files"])
        row["deleted"] += sum(f["deleted"] for f in commit["files"])
        row["first"] = min(row["first"], commit["date"])
        row["last"] = max(row["last"], commit["date"])
        touched.setdefault(name, set()).update(f["path"] for f in commit["files"])
    total = sum(r["commits"] for r in found.values())
    for name, row in found.items():
        row |= {"files": len(touched[name]), "share": round(row["commits"] / total, 4)}
    return sorted(found.values(), key=lambda r: (-r["commits"], r["author"]))


def weeks_of(history: History) -> list[dict[str, Any]]:
    """Commits, lines and authors per calendar week (Monday first, UTC), without gaps, oldest first."""
    weeks: dict[int, dict[str, Any]] = {}
    names: dict[int, set[str]] = {}
    for commit in history:
        week = _monday(commit["time"])
        row = weeks.setdefault(week, _empty_week(week))
        row["commits"] += 1
        row["added"] += sum(f["added"] for f in commit["files"])
        row["deleted"] += sum(f["deleted"] for f in commit["files"])
        names.setdefault(week, set()).add(commit["author"])
    if not weeks:
        return []
    for week, row in weeks.items():
        row["authors"] = len(names[week])
    return [weeks.get(week) or _empty_week(week) for week in range(min(weeks), max(weeks) + 1, _WEEK_S)]


def _monday(seconds: int) -> int:
    return seconds - (seconds + 3 * 86_400) % _WEEK_S  # 1970-01-01 was a Thursday


def _empty_week(monday: int) -> dict[str, Any]:
    day = datetime.datetime.fromtimestamp(monday, datetime.UTC).date().isoformat()
    return {"week": day, "commits": 0, "added": 0, "deleted": 0, "authors": 0}


_CONVENTIONAL = re.compile(r"(?P<kind>[A-Za-z]+)(?:\((?P<scope>[^)]*)\))?(?P<breaking>!)?:\s+(?P<text>.+)", re.S)
_KINDS = {
    "feat": "features",
    "feature": "features",
    "fix": "fixes",
    "bugfix": "fixes",
    "perf": "performance",
    "docs": "documentation",
    "doc": "documentation",
    "refactor": "internal",
    "test": "internal",
    "tests": "internal",
    "ci": "internal",
    "build": "internal",
    "chore": "internal",
    "style": "internal",
    "deps": "internal",
}
_VERBS = {
    "add": "features",
    "added": "features",
    "adds": "features",
    "support": "features",
    "implement": "features",
    "introduce": "features",
    "allow": "features",
    "fix": "fixes",
    "fixed": "fixes",
    "fixes": "fixes",
    "correct": "fixes",
    "revert": "fixes",
    "speed": "performance",
    "optimize": "performance",
    "optimise": "performance",
    "document": "documentation",
    "docs": "documentation",
    "bump": "internal",
    "refactor": "internal",
    "rename": "internal",
    "test": "internal",
    "tests": "internal",
    "lint": "internal",
}
GROUPS = ("breaking", "features", "fixes", "performance", "documentation", "other", "internal")
"""The kinds of change, in the order in which readers look for them."""


def grouped_changes(history: History) -> dict[str, list[dict[str, Any]]]:
    """Commits by kind: by their Conventional Commits prefix, else by their first word. Merges are left out."""
    groups: dict[str, list[dict[str, Any]]] = {name: [] for name in GROUPS}
    for commit in history:
        if commit["parents"] > 1:
            continue
        group, scope, text = _kind(commit["subject"], commit.get("body", ""))
        groups[group].append({"text": text, "scope": scope, "commit": commit["commit"], "author": commit["author"]})
    return {name: rows for name, rows in groups.items() if rows}


def _kind(subject: str, body: str) -> tuple[str, str, str]:
    match = _CONVENTIONAL.fullmatch(subject)
    known = _KINDS.get(match["kind"].lower()) if match else None
    broken = re.search(r"^BREAKING[ -]CHANGE:", body, re.M) is not None
    if match and (known or match["breaking"]):
        return ("breaking" if broken or match["breaking"] else known or "other"), match["scope"] or "", match["text"]
    first = re.match(r"\w+", subject)
    return "breaking" if broken else _VERBS.get(first[0].lower() if first else "", "other"), "", subject
