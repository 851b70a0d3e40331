"""The health report of a repository as a page: from invented documents of any size, hostile ones included."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from symphony.players import html
from symphony.players.repository.activity import authors_of, churn_of, weeks_of
from symphony.players.source.health import health_of
from symphony.players.source.inventory import ages_of, functions_of, hot_spots_of, languages_of, marks_of

EVIL = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'&"
DAY = 86_400
START = 1_500_000_000


def file_row(path: str, **measured: Any) -> dict[str, Any]:
    function = {"name": f"f{EVIL}", "line": 1, "lines": 120, "complexity": 30, "parameters": 3}
    mark = {"line": 3, "tag": "FIXME", "text": EVIL}
    return {
        "path": path,
        "name": path,
        "language": f"Python{EVIL}",
        "kind": "code",
        "bytes": 2_000_000,
        "lines": 300,
        "code": 200,
        "comments": 60,
        "blank": 40,
        "complexity": 60,
        "exact": True,
        "functions": [function],
        "marks": [mark],
        "longest_line": 80,
        "generated": False,
        "encoding": "utf-8",
        "problem": f"does not parse: {EVIL}",
        "test": False,
        "foreign": False,
        **measured,
    }


def commit(number: int, paths: list[str], author: str) -> dict[str, Any]:
    import datetime

    time = START + number * 3 * DAY
    date = datetime.datetime.fromtimestamp(time, datetime.UTC).isoformat()
    files = [{"path": p, "added": 5, "deleted": 2} for p in paths]
    return {"author": author, "time": time, "date": date, "parents": 1, "subject": EVIL, "files": files}


def document(files: int, commits: int, people: int = 3) -> Any:
    """A health document of `files` files and `commits` commits, each over a third of the files."""
    inventory = [file_row(f"src{EVIL}/file_{i}.py", complexity=1 + i * 3, test=i % 5 == 4) for i in range(files)]
    paths = [r["path"] for r in inventory]
    history = [commit(i, paths[i % 3 :: 3], f"Author {i % people} {EVIL}") for i in range(commits)][::-1]
    churn = churn_of(history)
    last = history[0]["date"] if history else ""
    about = {
        "name": EVIL,
        "branch": f"b{EVIL}",
        "commit": "0123456789abcdef" if history else "",
        "subject": EVIL,
        "committed": last,
        "first": history[-1]["date"] if history else "",
        "commits": commits,
        "files": files,
        "changed": 3,
    }
    return health_of(
        about=about,
        inventory=inventory,
        history=history,
        churn=churn,
        authors=authors_of(history),
        weeks=weeks_of(history),
        hot_spots=hot_spots_of(inventory, churn, top=20),
        languages=languages_of(inventory),
        complex_functions=functions_of(inventory, by="complexity", over=15, top=20, tests=False),
        long_functions=functions_of(inventory, by="lines", over=80, top=20, tests=False),
        marks=marks_of(inventory),
        ages=ages_of(inventory, churn, now=last),
    )


SIZES = [(0, 0), (3, 0), (1, 1), (2, 3), (12, 40), (40, 600)]


@pytest.mark.parametrize(("files", "commits"), SIZES)
def test_page_of_any_size_stands_alone(check_page: Any, files: int, commits: int) -> None:
    page = check_page(html.repository(document(files, commits)))

    assert len(page.named("section")) == 9
    assert "alert(1)" in page.text
    assert "nan" not in page.text.split()


@pytest.mark.parametrize(("files", "commits"), SIZES)
def test_links_of_the_page_lead_somewhere(check_page: Any, files: int, commits: int) -> None:
    page = check_page(html.repository(document(files, commits), title=EVIL))
    places = {a["id"] for _, a in page.tags if "id" in a}

    assert {(a["href"] or "")[1:] for a in page.named("a")} <= places


def test_page_shows_what_the_document_says(check_page: Any) -> None:
    page = check_page(html.repository(document(12, 40)))

    for text in ("Hot spots", "Activity", "file_11.py", "Author 0", "FIXME", "40", "uncommitted"):
        assert text in page.text
    assert len(page.named("svg")) == 7


def test_same_document_gives_the_same_page_and_stays_as_it_was() -> None:
    """Semantics 8: inputs are read-only. A report that changed by itself could never be served again."""
    health = document(12, 40)
    before = copy.deepcopy(health)

    assert html.repository(health) == html.repository(health)
    assert health == before


def findings(health: Any) -> dict[str, str]:
    return {f["title"]: f["level"] for f in health["findings"]}


def test_findings_name_what_needs_a_look() -> None:
    found = findings(document(40, 600))

    assert found["Start here"] == "look"
    assert found["Broken files"] == "look"
    assert found["Heavy files"] == "note"
    assert found["Open ends"] == "note"
    assert list(found.values()) == sorted(found.values(), key=["look", "note", "good"].index)


def test_one_person_is_said_to_carry_it() -> None:
    assert findings(document(12, 40, people=1))["One person"] == "note"


def test_nothing_is_found_in_nothing() -> None:
    assert findings(document(0, 0)) == {"No open ends": "good"}


def test_every_finding_points_to_a_section_of_the_page(read_page: Any) -> None:
    health = document(40, 600)
    sections = {a["id"] for a in read_page(html.repository(health)).named("section")}

    assert {f["section"] for f in health["findings"]} <= sections
