"""Puts everything known of a repository into one document, with the sentences that a reader should see first. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from symphony.players.source.inventory import Inventory, is_own_code

Table = Sequence[Mapping[str, Any]]
FORMAT = "symphony.repository-health/1"
COMPLEX, LONG = 15, 80  # a function beyond either is worth a look
_SHOWN_OF_FILE = (
    "path",
    "language",
    "kind",
    "lines",
    "code",
    "comments",
    "complexity",
    "bytes",
    "test",
    "generated",
    "foreign",
    "problem",
)
_LARGE_BYTES = 1_000_000


def totals_of(inventory: Inventory) -> dict[str, Any]:
    """The numbers of the whole repository. Code counts where people of this repository wrote it."""
    own = [row for row in inventory if is_own_code(row)]
    code = sum(r["code"] for r in own)
    comments = sum(r["comments"] for r in own)
    tests = sum(r["code"] for r in own if r["test"])
    functions = [f for r in own if not r["test"] for f in r["functions"]]
    return {
        "files": len(inventory),
        "bytes": sum(r["bytes"] for r in inventory),
        "lines": sum(r["lines"] for r in inventory),
        "code_files": len(own),
        "code": code,
        "comments": comments,
        "test_code": tests,
        "comment_share": _share(comments, code + comments),
        "test_share": _share(tests, code),
        "complexity": sum(r["complexity"] for r in own),
        "functions": len(functions),
        "complex_functions": sum(f["complexity"] > COMPLEX for f in functions),
        "long_functions": sum(f["lines"] > LONG for f in functions),
        "marks": sum(len(r["marks"]) for r in inventory if not r["foreign"]),
        "binary": sum(r["kind"] == "binary" for r in inventory),
        "problems": sum(bool(r["problem"]) for r in inventory),
    }


def _share(part: float, whole: float) -> float:
    return round(part / whole, 4) if whole else 0.0


def health_of(
    *,
    about: Mapping[str, Any],
    inventory: Inventory,
    history: Table,
    churn: Table,
    authors: Table,
    weeks: Table,
    hot_spots: Table,
    languages: Table,
    complex_functions: Table,
    long_functions: Table,
    marks: Table,
    ages: Table,
) -> dict[str, Any]:
    """Build the document. Everything in it is plain JSON data."""
    totals = totals_of(inventory)
    changes = {row["path"]: row for row in churn}
    files = [
        {name: row[name] for name in _SHOWN_OF_FILE}
        | {
            "commits": changes[p]["commits"] if (p := row["path"]) in changes else 0,
            "last": changes[p]["last"] if p in changes else "",
            "main_author": changes[p]["main_author"] if p in changes else "",
        }
        for row in inventory
    ]
    span = {
        "commits": len(history),
        "whole": len(history) >= about["commits"],
        "from": min((c["date"] for c in history), default=""),
        "to": max((c["date"] for c in history), default=""),
    }
    document: dict[str, Any] = {
        "format": FORMAT,
        "repository": dict(about),
        "history": span,
        "totals": totals,
        "findings": [],
        "languages": list(languages),
        "hot_spots": list(hot_spots),
        "complex_functions": list(complex_functions),
        "long_functions": list(long_functions),
        "marks": list(marks),
        "weeks": list(weeks),
        "authors": list(authors),
        "ages": list(ages),
        "files": files,
    }
    document["findings"] = findings_of(document, churn)
    return document


def findings_of(health: Mapping[str, Any], churn: Table) -> list[dict[str, str]]:
    """The sentences to read first. `level` is ``look`` (worth acting on), ``note`` or ``good``."""
    there = {f["path"] for f in health["files"]}
    found = [
        _hottest(health),
        _concentration([c for c in churn if c["path"] in there]),
        _people(health["authors"]),
        _islands(health["hot_spots"]),
        _functions(health),
        _unparsed(health["files"]),
        _tests(health["totals"]),
        _trend(health["weeks"]),
        _marks(health["marks"]),
        _ages(health["ages"]),
        _large(health["files"]),
    ]
    order = {"look": 0, "note": 1, "good": 2}
    return sorted((f for f in found if f), key=lambda f: order[f["level"]])


Finding = dict[str, str] | None


def _finding(level: str, title: str, text: str, anchor: str) -> dict[str, str]:
    return {"level": level, "title": title, "text": text, "section": anchor}


def plural(count: int, one: str, many: str = "") -> str:
    """``1 file``, ``2,300 files``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _hottest(health: Mapping[str, Any]) -> Finding:
    spots = [s for s in health["hot_spots"] if not s["test"]]
    if not spots or spots[0]["commits"] < 5:
        return None
    spot = spots[0]
    text = (
        f"{spot['path']} is the hottest spot: complexity {spot['complexity']:,}, "
        f"changed in {plural(spot['commits'], 'commit')} by {plural(spot['authors'], 'person', 'people')}. "
        "Simplifying it pays back most."
    )
    return _finding("look" if spot["complexity"] > 50 else "note", "Start here", text, "hot-spots")


def _concentration(churn: Table) -> Finding:
    total = sum(c["commits"] for c in churn)
    if total < 50 or len(churn) < 10:
        return None
    half, count = 0, 0
    for row in sorted(churn, key=lambda c: -c["commits"]):
        half, count = half + row["commits"], count + 1
        if half * 2 >= total:
            break
    share = round(100 * count / len(churn))
    few = f"{plural(count, 'file')}, {share}% of the {len(churn):,}"
    text = f"Half of all changes fall on {few} that were ever changed and are still there."
    return _finding("note", "Where the work goes", text, "hot-spots")


def _people(authors: Table) -> Finding:
    authors = [a for a in authors if not a["author"].endswith("[bot]")]
    if not authors:
        return None
    if len(authors) == 1:
        return _finding("note", "One person", f"{authors[0]['author']} made every commit.", "people")
    total, made, few = sum(a["commits"] for a in authors), 0, []
    for author in authors:
        made += author["commits"]
        few.append(author["author"])
        if made * 2 >= total:
            break
    share = round(100 * made / total)
    if len(few) == 1:
        others = plural(len(authors) - 1, "other")
        text = f"{few[0]} made {share}% of all commits; {others} made the rest. Who could take over?"
        return _finding("look", "One person carries it", text, "people")
    names = ", ".join(few[:3]) + (f" and {len(few) - 3} more" if len(few) > 3 else "")
    return _finding(
        "good" if len(few) > 3 else "note",
        "Who carries it",
        f"{len(few)} of {len(authors):,} people made {share}% of all commits: {names}.",
        "people",
    )


def _islands(spots: Table) -> Finding:
    alone = [s for s in spots if s["main_share"] >= 0.85 and s["commits"] >= 10 and s["authors"] > 1 and not s["test"]]
    if len(alone) < 2:
        return None
    text = (
        f"{len(alone)} of {len(spots)} hot spots are changed almost only by one person, such as {alone[0]['path']} "
        f"({alone[0]['main_author']}, {round(100 * alone[0]['main_share'])}%)."
    )
    return _finding("look", "Knowledge islands", text, "hot-spots")


def _functions(health: Mapping[str, Any]) -> Finding:
    totals = health["totals"]
    if not totals["functions"]:
        return None
    many, long = totals["complex_functions"], totals["long_functions"]
    if not many and not long:
        return _finding(
            "good",
            "Small functions",
            f"None of {totals['functions']:,} functions is beyond complexity {COMPLEX} or {LONG} lines.",
            "functions",
        )
    beyond = f"{plural(many, 'function')} beyond complexity {COMPLEX}, {plural(long, 'function')} beyond {LONG} lines"
    text = f"{beyond}, of {totals['functions']:,}."
    worst = health["complex_functions"][:1]
    if worst:
        text += f" The most involved is {worst[0]['function']} in {worst[0]['path']} with {worst[0]['complexity']}."
    return _finding(
        "look" if many > max(5, totals["functions"] // 50) else "note", "Functions to split", text, "functions"
    )


def _unparsed(files: Table) -> Finding:
    bad = [f for f in files if f["problem"].startswith("does not parse")]
    if not bad:
        return None
    reason = bad[0]["problem"].partition(": ")[2]
    does = "does" if len(bad) == 1 else "do"
    text = f"{plural(len(bad), 'Python file')} {does} not parse, such as {bad[0]['path']} ({reason})."
    return _finding("note" if all(f["test"] for f in bad) else "look", "Broken files", text, "files")


def _tests(totals: Mapping[str, Any]) -> Finding:
    if totals["code"] < 200:
        return None
    share = round(100 * totals["test_share"])
    if share < 10:
        return _finding("look", "Few tests", f"{share}% of the code is tests.", "files")
    return _finding("good" if share >= 30 else "note", "Tests", f"{share}% of the code is tests.", "files")


def _trend(weeks: Table) -> Finding:
    if len(weeks) < 52:
        return None
    now, before = (sum(w["commits"] for w in part) for part in (weeks[-26:], weeks[-52:-26]))
    if max(now, before) < 10:
        return _finding(
            "note",
            "Quiet",
            f"{plural(now, 'commit')} in the last half year of its history, {before:,} in the half year before.",
            "activity",
        )
    change = round(100 * (now - before) / before) if before else 100
    word = (
        "about as many as" if abs(change) < 20 else (f"{change}% more than" if change > 0 else f"{-change}% fewer than")
    )
    return _finding(
        "note",
        "Pace",
        f"{plural(now, 'commit')} in the last half year of its history, {word} in the half year before ({before:,}).",
        "activity",
    )


def _marks(marks: Table) -> Finding:
    if not marks:
        return _finding("good", "No open ends", "No TODO, FIXME, XXX or HACK in any comment.", "marks")
    files = len({m["path"] for m in marks})
    urgent = sum(m["tag"] != "TODO" for m in marks)
    return _finding(
        "note",
        "Open ends",
        f"{plural(len(marks), 'mark')} in {plural(files, 'file')}, {urgent:,} of them FIXME, XXX or HACK.",
        "marks",
    )


def _ages(ages: Table) -> Finding:
    code = sum(a["code"] for a in ages)
    old = sum(a["code"] for a in ages if a["age"] in ("2-5 years", "over 5 years"))
    if not code or old * 4 < code:
        return None
    return _finding(
        "note",
        "Settled code",
        f"{round(100 * old / code)}% of all lines of code lie in files untouched for two years or more.",
        "age",
    )


def _large(files: Table) -> Finding:
    large = sorted((f for f in files if f["bytes"] > _LARGE_BYTES), key=lambda f: -f["bytes"])
    if not large:
        return None
    weight = f"{large[0]['bytes'] / 1e6:.1f} MB"
    text = f"{plural(len(large), 'file')} over 1 MB, the largest is {large[0]['path']} with {weight}."
    return _finding("note", "Heavy files", text, "files")
