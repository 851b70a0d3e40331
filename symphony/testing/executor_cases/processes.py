"""Cases of process isolation: values there and back, errors, and workers that die."""

# In a melody references stand for values, which a type checker cannot follow.
# mypy: disable-error-code="call-arg,arg-type,untyped-decorator"

from __future__ import annotations

import os
import signal
import threading
from typing import Any

from symphony.define.context import Context
from symphony.define.player import operator
from symphony.define.tracing import each, expr, melody
from symphony.testing.executor_cases.case import ONCE, Cases, Road
from symphony.testing.executor_cases.graphs import add, count_to, total
from symphony.testing.executor_cases.marks import mark, marks, wait_until
from symphony.testing.executor_cases.stage import Stage, must, must_equal
from symphony.testing.executor_cases.values import Person, Point, a_person, a_point

cases = Cases()
_BOTH = (Road.RECORDED, Road.MEMORY)
_CALLS = 12


@operator(version="1.0.0", isolation="process", cache=False)
def own_process(x: int) -> int:
    """The number of the process."""
    return os.getpid()


@operator(version="1.0.0", isolation="process")
def apart(x: int) -> int:
    """A number a hundred greater."""
    return x + 100


@operator(version="1.0.0", isolation="process")
def describe(point: Point, person: Person, data: bytes) -> str:
    """Values in words."""
    return f"{point.label} {person.name} {len(data)}"


@operator(version="1.0.0", isolation="process")
def refuses_apart(x: int) -> int:
    """Fail."""
    raise LookupError(f"no {x}")


@operator(version="1.0.0", isolation="process")
def again_apart(ctx: Context) -> int:
    """Fail at first."""
    if ctx.attempt == 1:
        raise OSError("not yet")
    return ctx.attempt


@operator(version="1.0.0", isolation="process")
def poison(log: str) -> int:
    """End the process that makes this call."""
    mark(log, "poisoned")
    os.kill(os.getpid(), signal.SIGKILL)
    return 1


@operator(version="1.0.0", isolation="process")
def dies_once(log: str, x: int, die: bool) -> int:
    """A number a thousand greater; one call ends its process the first time."""
    mark(log, f"begun {x}")
    if die and x == 3 and "died" not in marks(log):
        mark(log, "died")
        os.kill(os.getpid(), signal.SIGKILL)
    return x + 1000


@melody
def in_a_process() -> Any:
    return own_process(x=each(count_to(n=2)))


@melody
def values_there_and_back() -> Any:
    xs = apart(x=each(count_to(n=3)))
    words = describe(point=a_point(), person=a_person(), data=expr("b'abc'"))
    return {"xs": xs, "sum": total(xs=xs), "words": words}


@melody
def fails_in_a_process() -> Any:
    bad = refuses_apart(x=7)
    return bad


@melody
def retried_in_a_process() -> Any:
    return again_apart.with_options(retry={"attempts": 2, "delay": "1ms"})()


@melody
def poisonous(log: str) -> Any:
    bad = poison(log=log)
    beside = apart(x=each(count_to(n=4)))
    return {"bad": bad, "after": add(a=bad), "beside": beside}


@melody
def loses_a_worker(log: str, die: bool) -> Any:
    return dies_once(log=log, x=each(count_to(n=_CALLS)), die=die)


cases.expect("values-go-to-processes-and-come-back", values_there_and_back,
             outputs={"xs": [100, 101, 102], "sum": 303, "words": "here Ada 3"}, roads=(Road.STRICT,))  # fmt: skip
cases.expect("a-call-in-a-process-is-retried", retried_in_a_process, outputs={"out": 2}, roads=ONCE)


@cases.scenario(in_a_process)
def a_call_in_a_process_is_not_in_this_one(stage: Stage) -> None:
    found = stage.run(in_a_process).result.outputs["out"]
    must(os.getpid() not in found, "a body ran in the process of the engine")


@cases.scenario(fails_in_a_process)
def an_error_comes_back_from_a_process(stage: Stage) -> None:
    error = stage.run(fails_in_a_process).error_of("bad")
    must_equal("the type", error["type"], "LookupError")
    must_equal("the message", error["message"], "no 7")
    must("refuses_apart" in str(error["traceback"]), "the traceback does not show the body")


@cases.scenario(poisonous, roads=_BOTH)
def a_call_that_kills_its_worker_fails_alone_after_three_deaths(stage: Stage) -> None:
    played = stage.run(poisonous)
    played.must_be("failed", {"bad": "failed", "beside": "succeeded", "add": "skipped"}, {"add": "failed: bad"})
    must_equal("the type of its error", played.error_of("bad")["type"], "WorkerDiedError")
    must_equal("the others", played.result.outputs["beside"], [100, 101, 102, 103])
    must_equal("bodies", stage.counted, {"poisoned": 3})


@cases.scenario(loses_a_worker)
def a_worker_lost_in_the_middle_loses_no_call(stage: Stage) -> None:
    lose = stage.lose_a_worker
    if lose is not None:
        threading.Thread(target=_lose_once_begun, args=(stage, lose), daemon=True).start()
    played = stage.run(loses_a_worker, {"die": lose is None})
    played.must_be("succeeded", {"dies_once": "succeeded"}, {})
    must_equal("the output", played.result.outputs["out"], [1000 + x for x in range(_CALLS)])


def _lose_once_begun(stage: Stage, lose: Any) -> None:
    wait_until(lambda: len(stage.marks) >= 2)
    lose()
