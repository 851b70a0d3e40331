"""Test cases in YAML: what they run, and what they say when something is not as expected."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from symphony.testing.case_reading import read_cases
from symphony.testing.case_running import run_case

ONE = """\
melody: pages
cases:
  - name: a case
"""


def problems_of(project: Path, case: str, *, update: bool = False, ci: bool = False) -> list[str]:
    """Run one case whose keys are given; the file's path is left out of what is wrong."""
    file = project / "pages.test.yaml"
    file.write_text(ONE + "".join(f"    {line}\n" for line in case.splitlines()))
    problems = run_case(read_cases(file), 0, update=update, ci=ci)
    return [problem.partition("pages.test.yaml:")[2] for problem in problems]


def test_a_case_that_is_as_expected_says_nothing(project: Path) -> None:
    case = """\
params: {url: u}
stubs:
  http.get_text: {in_turn: [{raises: {type: OSError, message: no network}}, {returns: one line}]}
expect:
  state: succeeded
  outputs: {page: {contains: line}, lines: [one line]}
  tasks: {loud: skipped}
  calls: {http.get_text: 2}"""

    assert problems_of(project, case) == []


def test_everything_that_is_not_as_expected_is_told_with_its_line(project: Path) -> None:
    case = """\
stubs:
  http.get_text: {returns: a b}
expect:
  outputs:
    page: {matches: "^x"}
    lines: [b]
    line: 3
  tasks:
    loud: succeeded
    louder: failed
  calls: {http.get_text: 3, http.get: 1}"""

    assert problems_of(project, case) == [
        "12: the task loud: should be succeeded, is skipped (when)",
        "13: there is no task 'louder': did you mean 'loud'?",
        "14: the stub of http.get_text should be called 3 times, and it was called 1 time\n"
        "    page (attempt 1): url='http://nowhere', "
        "headers=None, token='', max_bytes=50000000, timeout_s=30.0, max_age=None, sha256=''",
        "14: calls of 'http.get' are only counted where it has a stub: did you mean 'http.get_text'?",
        "8: the output page: should match '^x', is \"a b\"",
        '9: the output lines: should be ["b"], is ["a b"]',
        "10: there is no output 'line': did you mean 'lines'?",
    ]


def test_a_failure_can_be_expected(project: Path) -> None:
    case = """\
stubs: {http.get_text: {raises: {type: ValueError, message: no page}}}
expect:
  errors: {page: {matches: "^ValueError: no page$"}}
  tasks: {lines: skipped}"""

    assert problems_of(project, case) == []


def test_a_failure_that_is_not_expected_tells_the_error(project: Path) -> None:
    problems = problems_of(project, "stubs: {http.get_text: {raises: no page}}")

    assert problems == [
        "3: the run of pages should end succeeded, and it ended failed\n    page: RuntimeError: no page\n"
        "  tasks: page failed, lines skipped, loud skipped"
    ]


@pytest.mark.parametrize(
    ("case", "says"),
    [("params: {ulr: x}", "4: pages has no parameter 'ulr': did you mean 'url'?"),
     ("stubs: {http.get_txt: {returns: x}}",
      "4: pages has no task that calls the player 'http.get_txt': did you mean 'http.get_text'?"),
     ("stubs:\n  http.get_text: {returns: 5}",
      "5: the stub of http.get_text does not fit its output: the integer 5 does not fit string"),
     ("params: {url: 5}", "4: the parameter 'url'")],
)  # fmt: skip
def test_a_case_that_makes_no_sense_points_at_its_line(project: Path, case: str, says: str) -> None:
    assert problems_of(project, case)[0].startswith(says)


def test_snapshots_are_kept_beside_the_file_and_compared(project: Path) -> None:
    case = "stubs: {http.get_text: {returns: VALUE}}\nexpect: {outputs: {page: {snapshot: true}}}"

    assert problems_of(project, case.replace("VALUE", "one"), ci=True)[0].startswith(
        "5: the output page: there is no snapshot"
    )
    assert problems_of(project, case.replace("VALUE", "one")) == []
    assert (project / "__snapshots__" / "pages.test" / "a_case.page.txt").read_text() == "one"
    assert "-one\n  +two" in problems_of(project, case.replace("VALUE", "two"))[0]
    assert problems_of(project, case.replace("VALUE", "two"), update=True, ci=True) == []
    assert (project / "__snapshots__" / "pages.test" / "a_case.page.txt").read_text() == "two"


def test_the_melody_may_be_the_one_that_the_file_is_named_after(project: Path) -> None:
    for folder in (project / "melodies", project / "melodies" / "tests", project / "tests"):
        folder.mkdir(exist_ok=True)
        file = folder / "pages.test.yaml"
        file.write_text("cases:\n  - name: a\n    stubs: {http.get_text: {returns: x}}\n")

        assert run_case(read_cases(file), 0) == []


def test_a_melody_that_is_not_there_is_told(project: Path) -> None:
    file = project / "other.test.yaml"
    file.write_text("cases:\n  - name: a\n")

    assert "there is no melody 'other' beside other.test.yaml" in run_case(read_cases(file), 0)[0]


def test_the_environment_is_set_for_the_case_alone(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PLACE", raising=False)
    (project / "melodies" / "pages.yaml").write_text("melody: pages\nenv: [PLACE]\noutputs:\n  at: ${{ env.PLACE }}\n")

    assert problems_of(project, "env: {PLACE: here}\nexpect: {outputs: {at: here}}") == []
    assert "PLACE" not in os.environ
