"""The suite for executors: it is large, its cases are told apart, they can fail, and it costs nobody an import."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from symphony.bootstrap.running import resume, run
from symphony.runtime.contract import Traits
from symphony.testing.executor_cases.case import Case, Cases
from symphony.testing.executor_cases.graphs import chain
from symphony.testing.executor_cases.marks import between, counted, mark, most_at_once
from symphony.testing.executor_cases.stage import Stage
from symphony.testing.executor_suite import _missing, every_case


def test_there_are_many_cases_and_each_has_its_own_name() -> None:
    names = Counter(case.name for case in every_case())

    assert len(names) >= 60
    assert [name for name, count in names.items() if count > 1] == []


def test_every_case_says_which_melody_is_run() -> None:
    assert [case.name for case in every_case() if case.melody is None or not case.roads] == []


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"outputs": {"out": 6}}, "the output 'out': 5, where 6 must be"),
        ({"outputs": {"out": 5.0}}, "the output 'out': 5, where 5.0 must be"),
        ({"state": "failed"}, "the run is succeeded, and must be failed"),
        ({"tasks": {"a": "skipped"}}, "how the tasks ended"),
        ({"notes": {"a": "when"}}, "notes"),
        ({"calls": {"a": 1}}, "the calls that bodies marked"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_case_fails_where_something_else_comes_of_it(wanted: dict[str, object], message: str, tmp_path: Path) -> None:
    cases = Cases()
    cases.expect("a-chain", chain, **wanted)  # type: ignore[arg-type]
    (case,) = cases
    stage = Stage(tmp_path, partial(run, executor="pit"), resume, {"record": False})

    with pytest.raises(AssertionError, match=message):
        case.play(stage)


def test_what_an_executor_lacks_is_named() -> None:
    case = Case(name="x", melody=chain, play=lambda stage: None, needs=("can_kill", "resource:cpus", "resource:gpus"))

    assert _missing(case, Traits(resources=frozenset({"cpus"}))) == ["can_kill", "resource:gpus"]
    assert _missing(case, Traits(can_kill=True, resources=frozenset({"cpus", "gpus"}))) == []


def test_marks_are_counted(tmp_path: Path) -> None:
    mark(str(tmp_path), "a")
    with between(str(tmp_path), "x"), between(str(tmp_path), "x"):
        mark(str(tmp_path), "a")
    with between(str(tmp_path), "x"):
        pass

    assert counted(str(tmp_path))["a"] == 2
    assert most_at_once(str(tmp_path), "x", each=2.5) == 5.0


def test_symphony_testing_does_not_import_pytest() -> None:
    code = "import sys, symphony.testing, symphony.testing.executor_cases.telling; sys.exit('pytest' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
