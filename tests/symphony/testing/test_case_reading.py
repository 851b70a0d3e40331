"""Files of test cases are read strictly; every problem has its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from symphony.errors import CompileError, UsageError
from symphony.testing.case_reading import read_cases

WRONG = """\
melody: first
case: 4
cases:
  - nam: reads a page
    params: [url]
    stubs:
      a: {return: 4}
      b: {returns: 3, raises: x}
      c: {raises: {type: Foo}}
    expect:
      outputs: {page: {matches: "("}}
      state: succeded
      tasks: {x: ok}
      calls: {a: -1}
"""


def problems_of(text: str, folder: Path) -> list[str]:
    (folder / "x.test.yaml").write_text(text)
    with pytest.raises(CompileError) as caught:
        read_cases(folder / "x.test.yaml")
    return [d.one_line().partition("x.test.yaml:")[2] for d in caught.value.diagnostics]


def test_every_problem_is_told_with_its_place(tmp_path: Path) -> None:
    assert problems_of(WRONG, tmp_path) == [
        "2:1: SYM102 the key 'case' is unknown (did you mean 'cases'?)",
        "4:5: SYM102 the key 'nam' is unknown (did you mean 'name'?)",
        "4:5: SYM103 the key 'name' is missing (write name: …)",
        "5:13: SYM106 params takes a map",
        "7:11: SYM102 the key 'return' is unknown (did you mean 'returns'?)",
        "8:10: SYM106 a stub says one of returns, raises and in_turn",
        "9:26: SYM106 'Foo' is none of Python's own exceptions, such as TimeoutError, OSError or ValueError",
        "11:33: SYM106 '(' is no regular expression: missing ), unterminated subpattern at position 0",
        "12:14: SYM106 state: input should be 'succeeded' or 'failed'",
        "13:18: SYM106 x: input should be 'pending', 'succeeded', 'cached', 'failed', 'skipped' or 'cancelled'",
        "14:18: SYM106 a: input should be greater than or equal to 0",
    ]


def test_words_of_other_tools_are_told_ours(tmp_path: Path) -> None:
    assert "1:1: SYM102 the key 'tests' is unknown (did you mean 'cases'?)" in problems_of("tests: []\n", tmp_path)


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "SYM111 the file is empty"), ("- a\n", "SYM106 a test file takes a map"),
     ("cases: []\n", "SYM106 cases: list should have at least 1 item"),
     ("cases:\n  - {name: a}\n  - {name: a}\n", "SYM106 two cases have the name 'a'"),
     ("a: [\n", "SYM100"), ("cases: 1\ncases: 2\n", "SYM104")],
)  # fmt: skip
def test_files_that_are_refused(tmp_path: Path, text: str, says: str) -> None:
    assert any(says in problem for problem in problems_of(text, tmp_path))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_cases(tmp_path / "x.test.yaml")


def test_a_value_means_equality_and_a_map_with_one_known_key_something_else(tmp_path: Path) -> None:
    (tmp_path / "x.test.yaml").write_text(
        "cases:\n  - name: a\n    expect:\n      outputs:\n        a: 1\n        b: {matches: x}\n"
        "        c: {matches: x, more: y}\n        d: {equals: {snapshot: true}}\n"
    )

    outputs = read_cases(tmp_path / "x.test.yaml").document.cases[0].expect.outputs

    assert {name: (m.kind, getattr(m, m.kind)) for name, m in outputs.items()} == {
        "a": ("equals", 1), "b": ("matches", "x"), "c": ("equals", {"matches": "x", "more": "y"}), "d": ("equals", {"snapshot": True}),
    }  # fmt: skip
