"""The numbered course: each example runs and gives what its README says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from symphony.bootstrap import check, run

COURSE = Path(__file__).parents[2] / "examples"
LESSONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "01_hello/hello.yaml": ({}, {"greeting": "HELLO, WORLD!"}),
    "02_parameters/order.yaml": (
        {"item": "coffee", "count": 3, "names": ["Ada", "Grace"]},
        {"line": "3 x coffee for Ada and Grace", "more": 4},
    ),
    "03_each/squares.yaml": (
        {},
        {"doubled": [2, 4, 6], "squares": [1, 4, 9], "table": [1, 2, 3, 2, 4, 6], "sum": 14},
    ),
    "04_when_and_needs/publish.yaml": ({"least": 10}, {"published": None, "notice": "nothing published"}),
    "05_shell_steps/lines.yaml": ({"names": ["$(date)", "Ada"]}, {"count": "2\n"}),
    "06_sub_melodies/greet_all.yaml": ({}, {"all": "Hello, Ada! Hello, Grace!"}),
    "07_own_players/marks.py": ({}, {"passed": ["to be"], "failed": ["maybe"]}),
    "08_cache_and_why/report.yaml": ({}, {"line": "Words: 6"}),
}


@pytest.mark.parametrize("file", LESSONS)
def test_an_example_gives_what_its_readme_says(file: str, tmp_path: Path) -> None:
    params, outputs = LESSONS[file]

    result = run(COURSE / file, params=params, store=tmp_path / "state")

    assert str(result.state) == "succeeded"
    assert {name: result.outputs[name] for name in outputs} == outputs


@pytest.mark.parametrize("file", LESSONS)
def test_an_example_has_no_problem_not_even_a_note(file: str) -> None:
    assert check(COURSE / file).diagnostics == ()


def test_every_folder_of_the_course_is_run_and_listed() -> None:
    folders = sorted(p.name for p in COURSE.iterdir() if p.is_dir() and p.name[0].isdigit())
    index = (COURSE / "README.md").read_text("utf-8")

    assert folders == sorted({file.partition("/")[0] for file in LESSONS})
    assert [name for name in folders if f"({name}/README.md)" not in index] == []
    assert [name for name in folders if not (COURSE / name / "README.md").is_file()] == []


def test_a_shell_step_gets_names_as_data(tmp_path: Path) -> None:
    result = run(COURSE / "05_shell_steps/lines.yaml", params={"names": ["$(date)"]}, store=tmp_path / "state")

    assert Path(result.outputs["names"]).read_text("utf-8") == "$(date)\n"


def test_after_a_change_of_spaces_the_later_tasks_are_served(tmp_path: Path) -> None:
    lesson = COURSE / "08_cache_and_why/report.yaml"
    run(lesson, store=tmp_path / "state")

    result = run(lesson, params={"text": "To be or not to be"}, store=tmp_path / "state")

    assert {name: str(task.state) for name, task in result.tasks.items()} == {
        "clean": "succeeded",
        "words": "cached",
        "line": "cached",
    }
