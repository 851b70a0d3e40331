"""What a change is likely to cost."""

from __future__ import annotations

from typing import Any

from symphony.compiler.diff import compare
from symphony.compiler.diff_forecast import forecast
from symphony.compiler.report_diff import forecast_sentences
from symphony.compiler.report_diff_html import report_diff_html
from symphony.model.plan import Plan


def plan(**changes: Any) -> Plan:
    """``files -> stats -> page``, and ``lint`` beside them."""
    pins = {n: {"name": n, "kind": "operator", "module": "m", "qualname": n, "identity": n} for n in "abcd"}
    tasks: dict[str, Any] = {
        "files": {"player": "a", "with": {"x": 1}},
        "stats": {"player": "b", "with": {"x": "${{ tasks.files }}"}},
        "page": {"player": "c", "with": {"x": "${{ tasks.stats }}"}},
        "lint": {"player": "d", "with": {"x": "<script>"}},
    } | changes  # fmt: skip
    outputs = {"page": "${{ tasks.page }}"}
    written = [{"id": name, **task} for name, task in tasks.items()]
    return Plan.model_validate({"melody": "demo", "tasks": written, "players": pins, "outputs": outputs})


SECONDS = {"files": 1.0, "stats": 4.0, "page": 2.0, "lint": 0.5}
BEFORE = plan()


def test_what_changed_and_what_reads_it_is_made_and_the_rest_is_served() -> None:
    after = plan(stats={"player": "b", "with": {"x": "${{ tasks.files }}", "y": 2}})

    found = forecast(BEFORE, after, compare(BEFORE, after), SECONDS)

    assert (found.made, found.served) == (("stats", "page"), ("files", "lint"))
    assert (found.made_s, found.before_s, found.after_s) == (6.0, 7.0, 7.0)


def test_a_policy_makes_nothing_anew() -> None:
    after = plan(stats={"player": "b", "with": {"x": "${{ tasks.files }}"}, "timeout": 3})

    found = forecast(BEFORE, after, compare(BEFORE, after), SECONDS)

    assert found.made == ()
    assert forecast_sentences(found) == ["A next run is served all 4 tasks, where the results are kept."]


def test_a_new_task_is_named_among_those_of_which_nothing_is_known() -> None:
    after = plan(more={"player": "a", "with": {"x": "${{ tasks.page }}"}})

    found = forecast(BEFORE, after, compare(BEFORE, after), SECONDS)

    assert (found.made, found.unknown) == (("more",), ("more",))
    assert found.made_s is None


def test_without_a_history_only_counts_are_said() -> None:
    after = plan(files={"player": "a", "with": {"x": 2}})

    said = forecast_sentences(forecast(BEFORE, after, compare(BEFORE, after), {}))

    assert said == ["A next run makes 3 of 4 tasks; 1 are served where the results are kept."]


def test_the_page_loads_nothing_and_escapes_what_melodies_say() -> None:
    after = plan(lint={"player": "d", "with": {"x": "<img src=x>"}})

    page = report_diff_html(BEFORE, after, compare(BEFORE, after))

    assert "default-src 'none'" in page
    assert "<script" not in page.replace("&lt;script", "")
    assert "&lt;img src=x&gt;" in page
    assert page.count("<svg") == 2
