"""Stand-ins for players: typed against the ports, counted, looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from symphony.errors import UsageError
from symphony.testing import in_turn, run_melody


@pytest.mark.parametrize(
    "answer",
    ["text", lambda url: f"{url}!", lambda: "none", lambda **inputs: str(inputs), in_turn("a", "b")],
    ids=["value", "of one input", "of no input", "of all inputs", "in turn"],
)
def test_an_answer_may_be_a_value_or_a_function(project: Path, answer: Any) -> None:
    assert run_melody("pages", stubs={"http.get_text": answer}, near=project).state == "succeeded"


@pytest.mark.parametrize("error", [ValueError("no"), ValueError], ids=["instance", "class"])
def test_an_error_is_raised(project: Path, error: Any) -> None:
    (project / "melodies" / "once.yaml").write_text(
        "melody: once\ntasks:\n  page: {player: http.get_text, with: {url: u}}\n"
    )

    result = run_melody("once", stubs={"http.get_text": error}, near=project)

    assert result.state == "failed"
    assert result.errors["page"].startswith("ValueError")


def test_a_stub_for_a_player_that_no_task_calls_names_the_nearest(project: Path) -> None:
    with pytest.raises(UsageError, match=r"no task that calls the player 'http.get_tex': did you mean 'http.get_text'"):
        run_melody("pages", stubs={"http.get_tex": "x"}, near=project)


def test_a_value_that_does_not_fit_the_output_is_told_before_the_run(project: Path) -> None:
    with pytest.raises(
        UsageError, match=r"the stub of http.get_text does not fit its output: 5 \(int\) does not fit string"
    ):
        run_melody("pages", stubs={"http.get_text": 5}, near=project)


def test_a_function_whose_result_does_not_fit_is_told_after_the_run_and_not_tried_again(project: Path) -> None:
    calls = []

    with pytest.raises(UsageError, match=r"does not fit its output: b'x' \(bytes\)"):
        run_melody("pages", stubs={"http.get_text": lambda url: calls.append(url) or b"x"}, near=project)

    assert len(calls) == 1


def test_a_function_of_something_that_is_no_input_names_the_nearest(project: Path) -> None:
    with pytest.raises(UsageError, match="takes 'uri', which is no input of it: did you mean 'url'"):
        run_melody("pages", stubs={"http.get_text": lambda uri: "x"}, near=project)


def test_calls_are_counted_with_their_inputs_defaults_included(project: Path) -> None:
    result = run_melody("pages", {"url": "u"}, stubs={"http.get_text": "x"}, near=project)
    calls = result.stubs["http.get_text"]

    assert len(calls) == 1
    assert (calls[0].task, calls[0].attempt) == ("page", 1)
    assert calls[0].inputs["url"] == "u"
    assert "timeout_s" in calls[0].inputs
    calls.assert_called_with(url="u")
    with pytest.raises(AssertionError, match="should be called 2 times, and it was called 1 time\n  page"):
        calls.assert_count(2)
    with pytest.raises(AssertionError, match="was never called with url='v'"):
        calls.assert_called_with(url="v")


def test_elements_of_each_are_told_apart(project: Path) -> None:
    (project / "melodies" / "many.yaml").write_text(
        "melody: many\ntasks:\n  pages: {player: http.get_text, each: [a, b], with: {url: '${{ item }}'}}\n"
        "outputs: {pages: '${{ tasks.pages }}'}\n"
    )

    result = run_melody("many", stubs={"http.get_text": lambda url, ctx: f"{url} {ctx.task_id}"}, near=project)

    assert result.outputs["pages"] == ["a pages[0]", "b pages[1]"]


def test_an_async_player_in_a_process_of_its_own_can_be_stubbed(project: Path) -> None:
    (project / "slow.py").write_text(
        "from symphony import operator\n\n\n@operator(isolation='process', timeout='1s')\ndef far(n: int) -> int:\n"
        "    raise SystemExit\n\n\n@operator\nasync def near(n: int) -> int:\n    raise SystemExit\n"
    )
    (project / "melodies" / "m.yaml").write_text(
        "melody: m\ntasks:\n  a: {player: 'slow:far', with: {n: 1}}\n  b: {player: 'slow:near', with: {n: '${{ tasks.a }}'}}\n"
        "outputs: {b: '${{ tasks.b }}'}\n"
    )

    result = run_melody("m", stubs={"slow:far": lambda n: n + 1, "slow:near": lambda n: n * 10}, near=project)

    assert result.outputs["b"] == 20


def test_in_turn_needs_an_answer() -> None:
    with pytest.raises(UsageError, match="at least one answer"):
        in_turn()


def test_stubs_are_refused_where_calls_are_made_elsewhere(project: Path) -> None:
    pytest.importorskip("distributed")

    with pytest.raises(UsageError, match="stubs are called in this process"):
        run_melody("pages", stubs={"http.get_text": "x"}, executor="dask", near=project)


def test_a_stub_is_called_for_every_call_and_never_served(project: Path, tmp_path: Path) -> None:
    (project / "melodies" / "twice.yaml").write_text(
        "melody: twice\ntasks:\n  a: {player: text.upper, with: {text: x}}\n  b: {player: text.upper, with: {text: x}}\n"
        "outputs: {a: '${{ tasks.a }}'}\n"
    )

    first = run_melody("twice", stubs={"text.upper": "one"}, store=tmp_path / "state", near=project)
    second = run_melody("twice", stubs={"text.upper": "two"}, store=tmp_path / "state", near=project)
    third = run_melody("twice", store=tmp_path / "state", near=project)

    assert len(first.stubs["text.upper"]) == 2
    assert second.outputs["a"] == "two"
    assert third.outputs["a"] == "X"
