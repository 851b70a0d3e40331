"""Calls on threads of this process, without Prefect."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

from symphony import bootstrap, melody, operator
from symphony.runtime.remote.done import Done
from symphony.runtime.remote.remote_call import RemoteCall
from symphony.runtime.remote.sheet import RunSheet
from symphony.runtime.remote.worker import CallWorker
from symphony_prefect.thread_calls import ThreadCalls


@operator
def plus_one(a: int) -> int:
    return a + 1


@melody
def m():
    return plus_one(a=1)


class Slow(CallWorker):
    """A worker whose calls leave their thread only when they may, long after their end was told."""

    may_leave = threading.Event()

    def perform(self, call: RemoteCall, given: Mapping[str, Done]) -> Done:
        done = super().perform(call, given)
        self.may_leave.wait(10)
        return done


def test_values_are_waited_for_when_the_end_was_told_before_they_are_there(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("symphony_prefect.thread_calls.CallWorker", Slow)
    calls = ThreadCalls()
    calls.start(workers=1)
    calls.open(RunSheet(run="r", plan=bootstrap.compile(m).to_text(), root=str(tmp_path), recorded=False))
    step = next(task.id for task in bootstrap.compile(m).tasks)
    calls.submit([RemoteCall("a#1", "r", step, step, -1, 1, (step,))])
    while not any(news["what"] == "ended" for news in calls.news(5)):
        pass
    found: list[int] = []
    fetching = threading.Thread(target=lambda: found.append(calls.fetch("a#1").held("out").value))

    fetching.start()
    fetching.join(0.1)
    waited = fetching.is_alive()
    Slow.may_leave.set()
    fetching.join(10)

    assert (waited, found) == (True, [2])
    assert calls.stop(grace_s=5)
