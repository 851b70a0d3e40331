"""Players that measure source code and say where it needs care."""

from __future__ import annotations

import copy
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symphony.players import code, git
from symphony.players.source.languages import language_of
from symphony.players.source.python import measure_python

PYTHON = '''"""Doc of
the module."""

import os


class Thing:
    """Doc."""

    def method(self, a, *, b=1, **rest):
        # a comment
        if a and b or rest:
            return [x for x in a if x]
        def inner():
            while True:
                pass
        return inner


async def top(x):
    try:
        async for y in x:
            z = 1 if y else 2
    except ValueError:
        match z:
            case 1:
                pass
            case _:
                pass
    return lambda: x if x else 0
'''


def measure(tmp_path: Path, name: str, content: str | bytes, **options: Any) -> Any:
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return code.measure(file, **options)


def test_python_is_measured_by_its_tree(tmp_path: Path) -> None:
    stats = measure(tmp_path, "thing.py", PYTHON)

    assert (stats["language"], stats["kind"], stats["exact"], stats["problem"]) == ("Python", "code", True, "")
    assert (stats["lines"], stats["blank"], stats["comments"]) == (30, 6, 4)
    assert stats["code"] + stats["blank"] + stats["comments"] == stats["lines"]
    functions = {f["name"]: f for f in stats["functions"]}
    assert {n: f["complexity"] for n, f in functions.items()} == {"Thing.method": 6, "Thing.method.inner": 2, "top": 6}
    assert functions["Thing.method"] == {
        "name": "Thing.method",
        "line": 10,
        "lines": 8,
        "complexity": 6,
        "parameters": 4,
    }
    assert stats["complexity"] == 14


@pytest.mark.parametrize(
    ("source", "complexity"),
    [
        ("x = 1", 0),
        ("if a:\n    pass\nelif b:\n    pass\nelse:\n    pass", 2),
        ("for a in b:\n    pass\nelse:\n    pass", 1),
        ("a = b and c and d or e", 3),
        ("a = [i for i in b if c if d for j in e]", 4),
        ("with a as b:\n    assert b", 0),
        ("try:\n    pass\nexcept A:\n    pass\nexcept B:\n    pass\nfinally:\n    pass", 2),
        ("match a:\n    case 1 | 2:\n        pass\n    case x if x:\n        pass\n    case _:\n        pass", 2),
        ("def f(x=1 if a else 2):\n    pass", 2),
        ("f = lambda: a if b else c", 1),
    ],
)
def test_decisions_are_counted(source: str, complexity: int) -> None:
    assert measure_python(source).complexity == complexity


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("def f(:\n", "does not parse: invalid syntax, line 1"),
        ("print 'old'\n", "does not parse: Missing parentheses"),
        ("x = " + "(" * 500 + ")" * 500, "does not parse: too many nested parentheses"),
        ("x = " + "-" * 100_000 + "1", "does not parse"),
        ("x = 'a\x00b'\n", ""),
    ],
    ids=["syntax", "python 2", "nested", "deep", "nul"],
)
def test_broken_python_is_measured_as_text(tmp_path: Path, content: str, problem: str) -> None:
    stats = measure(tmp_path, "broken.py", content)

    assert stats["problem"].startswith(problem)
    assert not stats["exact"]
    assert stats["lines"] >= (1 if problem else 0)


def test_odd_escapes_of_the_file_do_not_warn(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", module="<measured>")
        assert measure(tmp_path, "w.py", r"x = '\d'" + "\n" + "assert (1, 'always')\n")["problem"] == ""


@pytest.mark.parametrize(
    ("content", "kind", "encoding"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0", "binary", ""),
        ("# ä\n".encode("latin-1"), "code", "latin-1"),
        ("# ä\n".encode("utf-16"), "code", "utf-16"),
        ("# -*- coding: cp1251 -*-\n# ж\n".encode("cp1251"), "code", "cp1251"),
        (b"", "code", "utf-8"),
        (b"\xef\xbb\xbfx = 1\r\ny = 2\r", "code", "utf-8"),
    ],
    ids=["binary", "latin-1", "utf-16", "declared", "empty", "mark and line ends"],
)
def test_any_bytes_are_measured(tmp_path: Path, content: bytes, kind: str, encoding: str) -> None:
    stats = measure(tmp_path, "f.py", content)

    assert (stats["kind"], stats["encoding"], stats["bytes"]) == (kind, encoding, len(content))


def test_line_ends_of_all_sorts_count_alike(tmp_path: Path) -> None:
    assert {measure(tmp_path, "f.py", f"x = 1{end}{end}# y{end}")["lines"] for end in ("\n", "\r\n", "\r")} == {3}


def test_huge_files_are_only_weighed(tmp_path: Path) -> None:
    stats = measure(tmp_path, "f.py", "x = 1\n" * 100, max_bytes=50)

    assert (stats["bytes"], stats["lines"], stats["problem"]) == (600, 0, "larger than 50 bytes: not measured")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["a.py", "a.js", "a.html", "a.lua", "a", "a.md"]))
def test_measuring_never_fails_and_lines_add_up(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str
) -> None:
    stats = measure(tmp_path_factory.mktemp("any"), name, content)

    assert stats["code"] + stats["comments"] + stats["blank"] == stats["lines"]


def test_comments_of_c_like_languages(tmp_path: Path) -> None:
    source = (
        '// one\n\nint a; /* starts\nstill\nends */\n/* whole */\n/* a */ int b;\nchar *s = "/* no";\nif (a && b) {}\n'
    )

    stats = measure(tmp_path, "a.c", source)

    assert (stats["code"], stats["comments"], stats["blank"]) == (4, 4, 1)
    assert (stats["complexity"], stats["exact"]) == (3, False)


def test_words_in_strings_and_comments_decide_nothing(tmp_path: Path) -> None:
    stats = measure(
        tmp_path, "a.js", "const a = 'if for while'; // if\n/* while */ const b = `if`;\nconst c = x ? 1 : y?.z ?? 2;\n"
    )

    assert stats["complexity"] == 2


def test_marks_stand_in_comments_only(tmp_path: Path) -> None:
    source = 'TODO = "TODO: not this"\n# TODO(ada): this\nx = 1  # FIXME later\n"""\nXXX\n"""\n'

    stats = measure(tmp_path, "a.py", source)

    assert [(m["line"], m["tag"], m["text"]) for m in stats["marks"]] == [
        (2, "TODO", "(ada) this"),
        (3, "FIXME", "later"),
    ]
    assert [m["tag"] for m in measure(tmp_path, "a.md", "TODO: write\nThe TODO list\n")["marks"]] == ["TODO"]
    assert measure(tmp_path, "a.html", "<!-- HACK: a -->\n")["marks"][0]["text"] == "a"


@pytest.mark.parametrize(
    "content", ["x" * 3000 + "\n", "# Code generated by tool. DO NOT EDIT.\nx = 1\n", "/* @generated */\n"]
)
def test_generated_files_are_marked(tmp_path: Path, content: str) -> None:
    assert measure(tmp_path, "a.py", content)["generated"]


@pytest.mark.parametrize(
    ("name", "text", "language"),
    [
        ("a.PY", "", "Python"),
        ("Makefile", "", "Make"),
        ("Dockerfile", "", "Dockerfile"),
        ("x.tar.unknown", "", "Other"),
        ("run", "#!/usr/bin/env python3\n", "Python"),
        ("run", "#!/bin/bash -e\n", "Shell"),
        ("run", "#!/usr/bin/env -S node\n", "JavaScript"),
        ("README.fr", "", "Text"),
        (".gitignore", "", "Ignore list"),
        ("package-lock.json", "", "Lock file"),
        ("a.b.ts", "", "TypeScript"),
        ("run", "", "Other"),
        ("run", "#!\n", "Other"),
    ],
)
def test_language_is_told_by_name_or_first_line(name: str, text: str, language: str) -> None:
    assert language_of(name, text).name == language


@pytest.fixture
def measured(repo: Any) -> dict[str, Any]:
    """The repository, its inventory and its history."""
    repo.commit(
        "more",
        {
            "tests/test_engine.py": "def test():\n    assert 1\n",
            "vendor/lib.py": "if 1:\n    pass\n# TODO: theirs\n",
            "src/gen.py": "# Generated by x. Do not edit.\nif 1:\n    pass\n",
        },
        date="2024-03-02",
    )
    files = git.list_files(repo.folder)
    inventory = code.inventory(files, [code.measure(f) for f in files], repo.folder)
    history = git.history(repo.folder)
    return {"about": git.describe(repo.folder), "inventory": inventory, "history": history, "churn": git.churn(history)}


def test_inventory_has_paths_and_says_what_is_test_or_foreign(measured: Any) -> None:
    rows = {r["path"]: r for r in measured["inventory"]}

    assert list(rows) == [
        "README.md",
        "logo.png",
        "src/engine.py",
        "src/gen.py",
        "tests/test_engine.py",
        "vendor/lib.py",
    ]
    assert [p for p, r in rows.items() if r["test"]] == ["tests/test_engine.py"]
    assert [p for p, r in rows.items() if r["foreign"]] == ["vendor/lib.py"]
    assert [p for p, r in rows.items() if r["generated"]] == ["src/gen.py"]


def test_inventory_of_unequal_lists_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="1 files and 0 measurements"):
        code.inventory([tmp_path / "a"], [], tmp_path)


def test_hot_spots_leave_out_generated_and_foreign_code(measured: Any) -> None:
    spots = code.hot_spots(measured["inventory"], measured["churn"])

    assert [s["path"] for s in spots] == ["src/engine.py", "tests/test_engine.py"]
    assert (spots[0]["score"], spots[0]["commits"], spots[0]["complexity"]) == (100.0, 3, 5)
    assert code.hot_spots(measured["inventory"], measured["churn"], top=1) == spots[:1]
    assert code.hot_spots([], []) == []


def test_functions_beyond_a_limit(measured: Any) -> None:
    inventory = measured["inventory"]

    assert [f["function"] for f in code.complex_functions(inventory, over=1)] == ["f"]
    assert code.complex_functions(inventory, over=5) == []
    assert [f["function"] for f in code.long_functions(inventory, over=1, tests=True)] == ["f", "test"]


def test_languages_add_up(measured: Any) -> None:
    rows = {r["language"]: r for r in code.languages(measured["inventory"])}

    assert rows["Python"]["files"] == 4
    assert sum(r["files"] for r in rows.values()) == 6
    assert rows["Binary"]["code"] == 0


def test_marks_of_others_do_not_count(measured: Any) -> None:
    assert code.marks(measured["inventory"]) == [{"path": "src/engine.py", "line": 9, "tag": "TODO", "text": "speed"}]


def test_ages_are_seen_from_the_newest_commit(measured: Any) -> None:
    ages = {a["age"]: a["files"] for a in code.ages(measured["inventory"], measured["churn"], measured["about"])}

    assert ages["under a month"] == 2
    assert sum(ages.values()) == 2


def health_of(measured: Any) -> Any:
    inventory, churn, history = measured["inventory"], measured["churn"], measured["history"]
    return code.health(
        about=measured["about"],
        inventory=inventory,
        history=history,
        churn=churn,
        authors=git.authors(history),
        weeks=git.commits_per_week(history),
        hot_spots=code.hot_spots(inventory, churn),
        languages=code.languages(inventory),
        complex_functions=code.complex_functions(inventory),
        long_functions=code.long_functions(inventory),
        marks=code.marks(inventory),
        ages=code.ages(inventory, churn, measured["about"]),
    )


def test_health_counts_own_code_and_keeps_all_files(measured: Any) -> None:
    health = health_of(measured)

    assert health["format"] == "symphony.repository-health/1"
    assert (health["totals"]["files"], health["totals"]["code_files"], health["totals"]["binary"]) == (6, 2, 1)
    assert len(health["files"]) == 6
    assert health["history"] == {
        "commits": 5,
        "whole": True,
        "from": "2024-01-01T12:00:00+00:00",
        "to": "2024-03-02T12:00:00+00:00",
    }
    assert {f["level"] for f in health["findings"]} <= {"look", "note", "good"}


def test_health_leaves_its_inputs_alone(measured: Any) -> None:
    """Semantics 8: inputs are read-only."""
    before = copy.deepcopy(measured)

    health_of(measured)

    assert before == measured
