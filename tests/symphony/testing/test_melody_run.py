"""Runs of melodies for tests: found by name, strict, stubbed, on a clock that jumps."""

from __future__ import annotations

from pathlib import Path

import pytest

from symphony.errors import CompileError, UsageError
from symphony.testing import FakeClock, in_turn, run_melody

DAY_S = 86_400.0


def test_a_melody_of_the_project_is_found_by_its_name_from_any_folder(project: Path) -> None:
    result = run_melody("pages", {"url": "u"}, stubs={"http.get_text": "a\nb"}, near=project / "tests" / "test_x.py")

    assert result.outputs["lines"] == ["a", "b"]
    assert result.tasks["loud"].state == "succeeded"


def test_a_path_starts_beside_the_test(project: Path) -> None:
    result = run_melody("melodies/pages.yaml", stubs={"http.get_text": "a"}, near=project / "test_x.py")

    result.assert_states(page="succeeded", loud="skipped")


def test_nothing_is_left_in_the_project(project: Path) -> None:
    run_melody("pages", stubs={"http.get_text": "a"}, near=project)

    assert sorted(p.name for p in project.iterdir()) == ["melodies", "pyproject.toml"]


def test_retries_after_days_take_no_time_on_a_clock_that_jumps(project: Path) -> None:
    clock = FakeClock()

    result = run_melody(
        "pages", stubs={"http.get_text": in_turn(OSError("one"), OSError("two"), "three")}, clock=clock, near=project
    )

    assert result.outputs["page"] == "three"
    assert clock.monotonic() == 14 * DAY_S
    assert [call.attempt for call in result.stubs["http.get_text"]] == [1, 2, 3]
    assert result.tasks["page"].started_at == 14 * DAY_S


def test_the_limit_of_a_run_goes_by_the_clock_that_jumps(project: Path) -> None:
    clock = FakeClock()

    result = run_melody(
        "pages", stubs={"http.get_text": OSError("gone")}, clock=clock, limit_s=10 * DAY_S, near=project
    )

    assert result.state == "failed"
    assert clock.monotonic() == 10 * DAY_S
    assert "took longer than the 864000 s" in result.errors[""]


def test_the_start_of_a_run_is_the_time_of_the_clock(project: Path) -> None:
    (project / "melodies" / "now.yaml").write_text("melody: now\noutputs:\n  at: ${{ run.started_at }}\n")

    result = run_melody("now", clock=FakeClock(start_s=1_000_000.0), near=project)

    assert result.outputs["at"] == 1_000_000.0


def test_a_body_that_changes_its_input_fails(project: Path) -> None:
    """Semantics 8: inputs are read-only, and tests are strict."""
    (project / "spoil.py").write_text(
        "from symphony import operator\n\n\n@operator\ndef spoil(values: list[int]) -> int:\n"
        "    values.append(1)\n    return len(values)\n"
    )
    (project / "melodies" / "m.yaml").write_text(
        "melody: m\ntasks:\n  a: {player: flow.numbers, with: {count: 2}}\n"
        "  b: {player: 'spoil:spoil', with: {values: '${{ tasks.a }}'}}\n"
    )

    result = run_melody("m", near=project)

    assert "changed its input 'values'" in result.errors["b"]


def test_an_unknown_parameter_is_told_with_the_nearest(project: Path) -> None:
    with pytest.raises(UsageError, match="pages has no parameter 'ulr': did you mean 'url'"):
        run_melody("pages", {"ulr": "x"}, near=project)


def test_a_melody_that_does_not_compile_is_an_error_of_the_test(project: Path) -> None:
    (project / "melodies" / "bad.yaml").write_text("melody: bad\ntasks:\n  a: {player: text.spilt}\n")

    with pytest.raises(CompileError, match="SYM150"):
        run_melody("bad", near=project)


def test_a_folder_as_store_serves_the_second_time(project: Path, tmp_path: Path) -> None:
    stubs = {"http.get_text": lambda url: "a"}

    first = run_melody("pages", stubs=stubs, store=tmp_path / "state", near=project)
    second = run_melody("pages", stubs=stubs, store=tmp_path / "state", near=project)

    assert first.tasks["lines"].state == "succeeded"
    assert second.tasks["lines"].state == "cached"


def test_a_wait_of_a_week_takes_no_time_on_a_clock_that_jumps(project: Path) -> None:
    (project / "melodies" / "wait.yaml").write_text(
        "melody: wait\ntasks:\n  wait: {player: flow.sleep, with: {seconds: 604800, value: 5}}\noutputs: {out: '${{ tasks.wait }}'}\n"
    )
    clock = FakeClock()

    result = run_melody("wait", clock=clock, near=str(project))

    assert result.outputs["out"] == 5
    assert clock.monotonic() == 7 * DAY_S
