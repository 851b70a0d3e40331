"""What failed checks of a result say."""

from __future__ import annotations

from pathlib import Path

import pytest

from symphony.testing import MelodyResult, run_melody


@pytest.fixture
def failed(project: Path) -> MelodyResult:
    """A run whose first task fails for good."""
    return run_melody("pages", stubs={"http.get_text": TypeError("no page")}, near=project)


def test_outputs_of_a_failed_run_tell_why_it_failed(failed: MelodyResult) -> None:
    with pytest.raises(AssertionError) as caught:
        failed.outputs["page"]

    assert str(caught.value) == (
        "the run of pages should end succeeded, and it ended failed\n  page: TypeError: no page\n"
        "tasks: page failed, lines skipped, loud skipped"
    )


def test_every_wrong_state_is_told_with_its_cause(failed: MelodyResult) -> None:
    with pytest.raises(AssertionError) as caught:
        failed.assert_states({"page": "cached"}, lines="succeeded", line="failed", loud="skipped")

    assert str(caught.value) == (
        "tasks of pages are not as they should be:\n"
        "  page: should be cached, is failed (TypeError: no page)\n"
        "  lines: should be succeeded, is skipped (failed: page)\n"
        "  line: there is no such task: did you mean 'lines'?\n"
        "all: page failed, lines skipped, loud skipped"
    )


def test_a_word_that_is_no_state_is_told_with_the_nearest(failed: MelodyResult) -> None:
    with pytest.raises(AssertionError, match="'skiped' is none of the states of a task: did you mean 'skipped'"):
        failed.assert_states(page="skiped")


def test_a_task_that_is_not_there_is_told_with_the_nearest(failed: MelodyResult) -> None:
    with pytest.raises(AssertionError, match="pages: there is no task 'pag': did you mean 'page'"):
        failed.tasks["pag"]


def test_outputs_that_differ_are_told_with_both_values(project: Path) -> None:
    result = run_melody("pages", stubs={"http.get_text": "a"}, near=project)

    with pytest.raises(AssertionError) as caught:
        result.assert_outputs(page="b", lines=["a"])

    assert str(caught.value) == "outputs of pages are not as they should be:\n  page: should be 'b', is 'a'"


def test_a_stub_that_was_not_given_is_told(failed: MelodyResult) -> None:
    with pytest.raises(AssertionError, match=r"there is no stub 'text.lines': valid stubs: http.get_text"):
        failed.stubs["text.lines"]
