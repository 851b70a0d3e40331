"""What a run says while it runs."""

from __future__ import annotations

import pytest

from symphony.cli.progress import Tally, shown_progress
from symphony.model.event import Event, EventKind


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

    assert tally.summary() == "1 of 1 tasks done, 1 failed"


def test_plain_lines_tell_the_start_and_each_failure_once(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_progress() as take:
        take(event(EventKind.RUN_STARTED))
        take(event(EventKind.TASK_STARTED, "a"))
        take(event(EventKind.TASK_ENDED, "a", state="succeeded"))
        for _ in range(2):
            take(event(EventKind.TASK_ERROR, "b", error={"type": "ValueError", "message": "no\nmore"}))

    out, err = capsys.readouterr()
    assert out == ""
    assert err == "run r1 started\nb failed: ValueError: no\n"
