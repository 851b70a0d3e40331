"""What a run says while it runs."""

from __future__ import annotations

import pytest

from symphony.cli.failure_text import failure_text
from symphony.cli.progress import WHOLE, Tally, shown_progress
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
