"""What follows from the measurements of all files: languages, hot spots, functions, marks, ages. Pure."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any

Inventory = Sequence[Mapping[str, Any]]
_TEST_FOLDERS = frozenset({"test", "tests", "testing", "__tests__", "spec", "specs", "testdata"})
_TEST_NAME = re.compile(r"(test_.*|.*_tests?|conftest|.*\.(test|spec))\.\w+|conftest\.py", re.I)
_FOREIGN = frozenset(
    {"vendor", "vendored", "_vendor", "third_party", "thirdparty", "external", "extern", "node_modules"}
)
AGES = (
    (30, "under a month"),
    (91, "1-3 months"),
    (182, "3-6 months"),
    (365, "6-12 months"),
    (730, "1-2 years"),
    (1826, "2-5 years"),
)


def take_inventory(
    files: Sequence[PurePath], stats: Sequence[Mapping[str, Any]], root: PurePath
) -> list[dict[str, Any]]:
    """Put each file's path in front of what was measured of it.

    Raises:
        ValueError: there are not as many measurements as files.
    """
    if len(files) != len(stats):
        raise ValueError(
            f"{len(files)} files and {len(stats)} measurements: give both lists whole and in the same order"
        )
    return [_row(_relative(file, root), stat) for file, stat in zip(files, stats, strict=True)]


def _relative(file: PurePath, root: PurePath) -> str:
    return (file.relative_to(root) if file.is_relative_to(root) else file).as_posix()


def _row(path: str, stat: Mapping[str, Any]) -> dict[str, Any]:
    parts = path.split("/")
    folders = {p.lower() for p in parts[:-1]}
    test = bool(folders & _TEST_FOLDERS) or _TEST_NAME.fullmatch(parts[-1]) is not None
    return {"path": path, **stat, "test": test, "foreign": bool(folders & _FOREIGN)}


def is_own_code(row: Mapping[str, Any]) -> bool:
    """Whether people of this repository wrote the file as code."""
    return row["kind"] == "code" and not row["generated"] and not row["foreign"]


def languages_of(inventory: Inventory) -> list[dict[str, Any]]:
    """Files and lines per language, the most code first."""
    found: dict[str, dict[str, Any]] = {}
    for row in inventory:
        into = found.setdefault(
            row["language"],
            {
                "language": row["language"],
                "kind": row["kind"],
                "files": 0,
                "bytes": 0,
                "lines": 0,
                "code": 0,
                "comments": 0,
                "blank": 0,
                "complexity": 0,
            },
        )
        into["files"] += 1
        for name in ("bytes", "lines", "code", "comments", "blank", "complexity"):
            into[name] += row[name]
    return sorted(found.values(), key=lambda r: (-r["code"], -r["files"], r["language"]))


def hot_spots_of(inventory: Inventory, churn: Iterable[Mapping[str, Any]], *, top: int) -> list[dict[str, Any]]:
    """Code that is both involved and often changed: the score is complexity times commits, 100 for the hottest."""
    changes = {row["path"]: row for row in churn}
    spots = []
    for row in inventory:
        change = changes.get(row["path"])
        if change is None or not row["complexity"] or not is_own_code(row):
            continue
        spots.append(
            {
                "path": row["path"],
                "language": row["language"],
                "complexity": row["complexity"],
                "code": row["code"],
                "commits": change["commits"],
                "changed": change["added"] + change["deleted"],
                "authors": change["authors"],
                "main_author": change["main_author"],
                "main_share": change["main_share"],
                "last": change["last"],
                "test": row["test"],
                "product": row["complexity"] * change["commits"],
            }
        )
    spots = [
        s for s in spots if s["commits"] > 1
    ] or spots  # changed once is not often, unless nothing was changed twice
    spots.sort(key=lambda s: (-s["product"], s["path"]))
    most = spots[0]["product"] if spots else 1
    for spot in spots:
        spot["score"] = round(100 * spot.pop("product") / most, 1)
    return spots[:top] if top > 0 else spots


def functions_of(inventory: Inventory, *, by: str, over: int, top: int, tests: bool) -> list[dict[str, Any]]:
    """The functions with more than `over` lines or complexity, the worst first."""
    found = [
        {
            "path": row["path"],
            "function": f["name"],
            "line": f["line"],
            "lines": f["lines"],
            "complexity": f["complexity"],
            "parameters": f["parameters"],
            "test": row["test"],
        }
        for row in inventory
        if is_own_code(row) and (tests or not row["test"])
        for f in row["functions"]
        if f[by] > over
    ]
    found.sort(key=lambda f: (-f[by], f["path"], f["line"]))
    return found[:top] if top > 0 else found


def marks_of(inventory: Inventory) -> list[dict[str, Any]]:
    """Every mark with its file, in the order of the files. Code of others does not count."""
    return [{"path": row["path"], **mark} for row in inventory if not row["foreign"] for mark in row["marks"]]


def ages_of(inventory: Inventory, churn: Iterable[Mapping[str, Any]], *, now: str) -> list[dict[str, Any]]:
    """Files and lines of own code by the time since their last change, seen from `now` (ISO 8601)."""
    last = {row["path"]: row["last"] for row in churn}
    labels = [label for _, label in AGES] + ["over 5 years", "not in the history read"]
    table: dict[str, dict[str, Any]] = {label: {"age": label, "files": 0, "code": 0} for label in labels}
    end = datetime.datetime.fromisoformat(now) if now else None
    for row in [r for r in inventory if is_own_code(r)] or inventory:
        when = last.get(row["path"])
        label = labels[-1]
        if when and end:
            days = (end - datetime.datetime.fromisoformat(when)).days
            label = next((text for limit, text in AGES if days <= limit), labels[-2])
        table[label]["files"] += 1
        table[label]["code"] += row["code"]
    return [row for row in table.values() if row["files"] or row["age"] != labels[-1]]
