"""Cases of work that is ended: timeouts and cancelling, of bodies in threads, processes, coroutines and shell steps."""

# In a melody references stand for values, which a type checker cannot follow.
# mypy: disable-error-code="call-arg,arg-type,untyped-decorator"

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from typing import Any

from symphony.define.context import Context
from symphony.define.player import operator
from symphony.define.tracing import call, each, melody, shell
from symphony.testing.executor_cases.case import ONCE, Cases, Road
from symphony.testing.executor_cases.graphs import add, marked
from symphony.testing.executor_cases.marks import alive, is_gone, mark, wait_until
from symphony.testing.executor_cases.stage import Played, Stage, must, must_equal

cases = Cases()
_LONG_S = 60.0
_BOTH = (Road.RECORDED, Road.MEMORY)


@operator(version="1.0.0", isolation="process")
def hangs(log: str, name: str = "body") -> int:
    """Sleep, and so does a child in a session of its own."""
    with alive(log, name) as handle:
        sleeper = [sys.executable, "-c", f"import time; time.sleep({_LONG_S})"]
        with subprocess.Popen(sleeper, pass_fds=(handle,), start_new_session=True):
            time.sleep(_LONG_S)
    return 1


@operator(version="1.0.0")
def looks_whether_cancelled(log: str, ctx: Context) -> int:
    """Work until the run is cancelled."""
    mark(log, "thread began")
    if wait_until(lambda: ctx.cancelled, at_most_s=_LONG_S):
        mark(log, "thread was told")
    return 1


@operator(version="1.0.0")
async def awaits(log: str) -> int:
    """Wait, and say when the waiting is ended."""
    mark(log, "coroutine began")
    try:
        await asyncio.sleep(_LONG_S)
    except asyncio.CancelledError:
        mark(log, "coroutine was told")
        raise
    return 1


@melody
def too_long(log: str) -> Any:
    slow = call(hangs, with_={"log": log}, timeout="700ms")
    after = add(a=slow)
    beside = add(a=1)
    return {"after": after, "beside": beside}


@melody
def too_long_twice(log: str) -> Any:
    slow = call(hangs, with_={"log": log}, timeout="300ms", retry={"attempts": 2, "delay": "1ms"})
    return slow


@melody
def too_long_coroutine(log: str) -> Any:
    slow = call(awaits, with_={"log": log}, timeout="50ms")
    return {"slow": slow, "beside": add(a=1)}


@melody
def too_long_script() -> Any:
    slow = shell(f"sleep {_LONG_S}", timeout="200ms")
    return slow.stdout


@melody
def long_in_a_thread(log: str) -> Any:
    body = looks_whether_cancelled(log=log)
    return add(a=body)


@melody
def long_in_a_process(log: str) -> Any:
    body = hangs(log=log)
    return add(a=body)


@melody
def long_coroutine(log: str) -> Any:
    body = awaits(log=log)
    return add(a=body)


@melody
def long_script(log: str) -> Any:
    body: Any = shell(
        'exec 9>"$log/body.lock"; flock 9; echo "body began" >>"$log/marks.txt"; sleep 60', with_={"log": log}
    )
    return body.named("body").stdout


@melody
def elements_in_processes(log: str) -> Any:
    body = hangs(log=log, name=each(["one", "two", "three", "four"]))
    done: Any = call(marked, with_={"log": log, "text": "done"}, needs=("body",))
    del body, done


def _must_have_timed_out(played: Played, task: str) -> None:
    error = played.error_of(task)
    must_equal(f"the type of the error of {task}", error["type"], "TimeoutError")


@cases.scenario(too_long, needs=("can_kill",))
def a_timeout_ends_the_body_and_its_children(stage: Stage) -> None:
    played = stage.run(too_long)
    played.must_be("failed", {"slow": "failed", "after": "skipped", "beside": "succeeded"}, {"after": "failed: slow"})
    _must_have_timed_out(played, "slow")
    must(wait_until(lambda: is_gone(stage.log, "body"), at_most_s=5), "the body or its child is still there")


@cases.scenario(too_long_twice, needs=("can_kill",))
def a_timeout_is_per_attempt(stage: Stage) -> None:
    played = stage.run(too_long_twice)
    played.must_be("failed", {"slow": "failed"}, {})
    _must_have_timed_out(played, "slow")
    must_equal("attempts", played.result.tasks["slow"].attempts, 2)
    must(wait_until(lambda: is_gone(stage.log, "body"), at_most_s=5), "a body or its child is still there")


@cases.scenario(too_long_coroutine, roads=_BOTH)
def a_timeout_ends_a_coroutine(stage: Stage) -> None:
    played = stage.run(too_long_coroutine)
    played.must_be("failed", {"slow": "failed", "add": "succeeded"}, {})
    _must_have_timed_out(played, "slow")
    must(wait_until(lambda: "coroutine was told" in stage.marks, at_most_s=5), "the coroutine was not cancelled")


@cases.scenario(too_long_script, needs=("can_kill",))
def a_timeout_ends_a_script(stage: Stage) -> None:
    _must_have_timed_out(stage.run(too_long_script), "slow")


@cases.scenario(long_in_a_thread, roads=ONCE)
def cancelling_tells_a_body_that_looks(stage: Stage) -> None:
    played = stage.run_and_cancel(long_in_a_thread, "thread began")
    must_equal("the run", str(played.result.state), "cancelled")
    must(wait_until(lambda: "thread was told" in stage.marks, at_most_s=5), "ctx.cancelled did not become true")
    must_equal("what had not started", played.states["add"], "cancelled")


def _must_be_gone_when_cancelled(stage: Stage, melody: Any) -> None:
    played = stage.run_and_cancel(melody, "body began")
    played.must_be("cancelled", {"body": "cancelled"}, {})
    must(wait_until(lambda: is_gone(stage.log, "body"), at_most_s=5), "the body or its child is still there")


@cases.scenario(long_in_a_process, needs=("can_kill",))
def cancelling_ends_a_process_and_its_children(stage: Stage) -> None:
    _must_be_gone_when_cancelled(stage, long_in_a_process)


@cases.scenario(long_script, needs=("can_kill",))
def cancelling_ends_a_script(stage: Stage) -> None:
    _must_be_gone_when_cancelled(stage, long_script)


@cases.scenario(long_coroutine)
def cancelling_ends_a_coroutine(stage: Stage) -> None:
    played = stage.run_and_cancel(long_coroutine, "coroutine began")
    played.must_be("cancelled", {"body": "cancelled", "add": "cancelled"}, {})
    must(wait_until(lambda: "coroutine was told" in stage.marks, at_most_s=5), "the coroutine was not cancelled")


@cases.scenario(elements_in_processes, needs=("can_kill",))
def cancelling_ends_what_runs_and_what_waits(stage: Stage) -> None:
    played = stage.run_and_cancel(elements_in_processes, "* began", processes=1, workers=1)
    played.must_be("cancelled", {"body": "cancelled", "done": "cancelled", "body[3]": "cancelled"}, {})
    must_equal("bodies that began", sum(n for name, n in stage.counted.items() if name.endswith(" began")), 1)
