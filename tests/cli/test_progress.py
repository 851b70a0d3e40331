"""What a run says while it runs."""

from __future__ import annotations

import pytest

from symphony.cli.failure_text import failure_text
from symphony.cli.progress import WHOLE, Tally, left_text, shown_progress
from symphony.model.event import Event, EventKind

TRACEBACK = """Traceback (most recent call last):
  File "players.py", line 3, in a
    raise ValueError("no")
ValueError: no
"""


def event(kind: EventKind, task: str = "", at: float = 0.0, **data: object) -> Event:
    return Event(kind, "r1", at, task, data or None)


def started(total: int) -> Tally:
    tally = Tally()
    tally.take(event(EventKind.RUN_STARTED, tasks=total))
    return tally


def test_elements_of_each_count_as_one_task() -> None:
    tally = started(2)
    for index in range(3):
        tally.take(event(EventKind.TASK_STARTED, f"stats[{index}]"))
        tally.take(event(EventKind.TASK_ENDED, f"stats[{index}]", state="succeeded"))
    tally.take(event(EventKind.TASK_ENDED, "stats", state="succeeded"))

    assert tally.summary() == "1 of 2 tasks done"


def test_summary_names_the_longest_running_first_and_counts_the_rest() -> None:
    tally = started(9)
    for at, name in enumerate("dcbae"):
        tally.take(event(EventKind.TASK_STARTED, name, float(at)))

    assert tally.summary() == "0 of 9 tasks done, running: d, c, b and 2 more"


def test_failures_are_counted() -> None:
    tally = started(1)

    tally.take(event(EventKind.TASK_ENDED, "a", state="failed"))

    assert tally.summary() == "1 of 1 task done, 1 failed"


def test_plain_lines_tell_the_start_and_each_failure_once(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_progress(Tally()) as take:
        take(event(EventKind.RUN_STARTED))
        take(event(EventKind.TASK_STARTED, "a"))
        take(event(EventKind.TASK_ENDED, "a", state="succeeded"))
        for _ in range(2):
            take(event(EventKind.TASK_ERROR, "b", error={"type": "ValueError", "message": "no\nmore"}))

    out, err = capsys.readouterr()
    assert out == ""
    assert err == "run r1 started\nb failed: ValueError: no\n    more\n"


def test_tracebacks_are_told_for_the_first_failures_of_a_task_only(capsys: pytest.CaptureFixture[str]) -> None:
    error = {"type": "ValueError", "message": "no", "traceback": TRACEBACK}
    tally = Tally()

    with shown_progress(tally) as take:
        for i in range(WHOLE + 2):
            take(event(EventKind.TASK_ERROR, f"a[{i}]", error=error))

    err = capsys.readouterr().err
    assert err.count("raise ValueError") == WHOLE
    assert err.endswith(f"a[{WHOLE}] failed: ValueError: no\na[{WHOLE + 1}] failed: ValueError: no\n")
    assert tally.told == {f"a[{i}]" for i in range(WHOLE + 2)}


def test_a_failure_begins_with_what_went_wrong() -> None:
    error = {"type": "ValueError", "message": "no", "traceback": TRACEBACK}

    assert failure_text("a", error) == (
        'a failed: ValueError: no\n    File "players.py", line 3, in a\n      raise ValueError("no")'
    )
    assert failure_text("a", None) == "a failed: error:"


def test_running_elements_are_counted_with_their_task() -> None:
    tally = started(2)
    tally.take(event(EventKind.TASK_EXPANDED, "stats", count=3))
    for index in range(2):
        tally.take(event(EventKind.TASK_STARTED, f"stats[{index}]"))
    tally.take(event(EventKind.TASK_ENDED, "stats[0]", state="succeeded"))

    assert tally.summary() == "0 of 2 tasks done, running: stats 1/3"

    for index in (1, 2):
        tally.take(event(EventKind.TASK_ENDED, f"stats[{index}]", state="succeeded"))
    tally.take(event(EventKind.TASK_ENDED, "stats", state="succeeded"))

    assert tally.summary() == "1 of 2 tasks done"


def test_tasks_inside_an_element_do_not_count_as_elements() -> None:
    tally = started(1)
    tally.take(event(EventKind.TASK_EXPANDED, "child", count=2))
    tally.take(event(EventKind.TASK_STARTED, "child[0].a"))
    tally.take(event(EventKind.TASK_ENDED, "child[0].a", state="succeeded"))

    assert tally.summary() == "0 of 1 task done, running: child 0/2"


def test_what_a_body_prints_is_shown_on_stdout_with_its_task_and_without_control_characters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with shown_progress(Tally()) as take:
        take(event(EventKind.LOG, "a", level="info", message="red \x1b[31m", origin="stdout"))
        take(event(EventKind.LOG, "a", level="warning", message="careful", origin="log"))

    seen = capsys.readouterr()
    assert (seen.out, seen.err) == ("a | red \\x1b[31m\n", "a | warning: careful\n")


@pytest.mark.parametrize(
    ("elapsed", "usual", "said"),
    [(1.0, None, ""), (0.5, 1.0, ""), (2.0, 10.0, "about 8.0 s left"), (11.0, 10.0, "longer than last time (10.0 s)")],
)
def test_what_is_left_is_judged_by_the_last_run(elapsed: float, usual: float | None, said: str) -> None:
    assert left_text(elapsed, usual) == said
