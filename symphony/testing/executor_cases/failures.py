"""Cases of failures: errors as they were raised, retries, fail-fast, idempotency keys."""

# In a melody references stand for values, which a type checker cannot follow.
# mypy: disable-error-code="call-arg,arg-type,untyped-decorator"

from __future__ import annotations

from typing import Any

from symphony.define.context import Context
from symphony.define.player import operator
from symphony.define.tracing import call, expr, melody
from symphony.testing.executor_cases.case import KEPT, Cases, Road
from symphony.testing.executor_cases.graphs import add
from symphony.testing.executor_cases.marks import mark, marks, wait_until
from symphony.testing.executor_cases.stage import Stage, must, must_equal

cases = Cases()


class OwnError(Exception):
    """An error of a project."""


@operator(version="1.0.0")
def raises_its_own(n: int) -> int:
    """Fail with an error of the project."""
    raise OwnError(f"no {n}")


@operator(version="1.0.0")
def flaky(log: str, good_at: int, ctx: Context) -> int:
    """Fail until an attempt."""
    mark(log, f"attempt {ctx.attempt}")
    mark(log, ctx.idempotency_key)
    if ctx.attempt < good_at:
        raise OSError("not yet")
    return ctx.attempt


@operator(version="1.0.0")
def has_a_bug(log: str) -> int:
    """Fail as wrong code does."""
    mark(log, "try")
    raise TypeError("a bug")


@operator(version="1.0.0")
def wrong_type(n: int) -> Any:
    """Not what it was asked for."""
    return "text"


@operator(version="1.0.0")
def own_key(x: int, ctx: Context) -> str:
    """The idempotency key of the call."""
    return ctx.idempotency_key


@operator(version="1.0.0")
def ends_after(log: str, text: str) -> int:
    """End when a mark is there."""
    mark(log, "begun")
    if not wait_until(lambda: text in marks(log)):
        raise TimeoutError(f"{text!r} was not marked")
    return 5


@operator(version="1.0.0")
def fails_once_begun(log: str) -> int:
    """Fail when another body runs."""
    wait_until(lambda: "begun" in marks(log))
    raise ValueError("stop here")


@melody
def fails_alone() -> Any:
    bad = raises_its_own(n=3)
    return {"bad": bad, "good": add(a=1)}


@melody
def third_time(log: str) -> Any:
    return call(flaky, with_={"log": log, "good_at": 3}, retry={"attempts": 3, "delay": "1ms"})


@melody
def never_good(log: str) -> Any:
    f = call(flaky, with_={"log": log, "good_at": 9}, retry={"attempts": 3, "delay": "1ms"})
    return f


@melody
def a_bug(log: str) -> Any:
    b = call(has_a_bug, with_={"log": log}, retry={"attempts": 3, "delay": "1ms"})
    return b


@melody
def a_bug_that_is_asked_for(log: str) -> Any:
    b = call(has_a_bug, with_={"log": log}, retry={"attempts": 2, "delay": "1ms", "on": ["TypeError"]})
    return b


@melody
def of_a_wrong_type() -> Any:
    bad = add(a=wrong_type(n=1))
    return bad


@melody
def keys_of_elements() -> Any:
    return call(own_key, with_={"x": expr("item")}, each=[1, 2, 3], cache=False)


@melody
def retry_of_elements(log: str) -> Any:
    ys = call(flaky, with_={"log": log, "good_at": expr("item")}, each=[1, 2, 3], retry={"attempts": 3, "delay": "1ms"})
    return ys


@melody
def expression_that_fails() -> Any:
    zero = add(a=0, b=0)
    bad = add(a=expr("10 / tasks.zero"))
    return {"bad": bad, "good": add(a=zero)}


@melody
def one_runs_when_another_fails(log: str) -> Any:
    bad = fails_once_begun(log=log)
    going = ends_after(log=log, text="failed")
    after = add(a=going)
    return {"bad": bad, "going": going, "after": after}


cases.expect("a-failure-leaves-independent-tasks-alone", fails_alone, state="failed", outputs={"bad": None, "good": 2},
             tasks={"bad": "failed"})  # fmt: skip
cases.expect("an-expression-that-fails-fails-the-task-that-reads-it", expression_that_fails, state="failed",
             outputs={"bad": None, "good": 1}, tasks={"zero": "succeeded", "bad": "failed"})  # fmt: skip
cases.expect("a-value-of-a-wrong-type-fails-the-task-that-takes-it", of_a_wrong_type, state="failed",
             tasks={"wrong_type": "succeeded", "bad": "failed"})  # fmt: skip


@cases.scenario(fails_alone, roads=tuple(Road))
def an_error_arrives_as_it_was_raised(stage: Stage) -> None:
    error = stage.run(fails_alone).error_of("bad")
    must("OwnError" in str(error["type"]), f"the type of the error is {error['type']!r}")
    must_equal("the message", error["message"], "no 3")
    must("raises_its_own" in str(error["traceback"]), "the traceback does not show the body")


@cases.scenario(third_time, roads=tuple(Road))
def retries_end_with_the_first_success(stage: Stage) -> None:
    played = stage.run(third_time)
    played.must_be("succeeded", {"flaky": "succeeded"}, {})
    must_equal("the output", played.result.outputs["out"], 3)
    must_equal("attempts", played.result.tasks["flaky"].attempts, 3)
    must_equal("attempts in order", [m for m in stage.marks if " " in m], ["attempt 1", "attempt 2", "attempt 3"])
    if played.events:
        must_equal("retries that were told", len(played.told("taskRetrying")), 2)


@cases.scenario(never_good, roads=tuple(Road))
def retries_come_to_an_end(stage: Stage) -> None:
    played = stage.run(never_good)
    played.must_be("failed", {"f": "failed"}, {})
    must_equal("attempts", played.result.tasks["f"].attempts, 3)
    must_equal("bodies", len([m for m in stage.marks if m.startswith("attempt")]), 3)


@cases.scenario(never_good, roads=KEPT)
def the_idempotency_key_is_equal_over_attempts_and_resumes(stage: Stage) -> None:
    played = stage.run(never_good)
    stage.resume(played)
    keys = [m for m in stage.marks if " " not in m]
    must(len(keys) > 3, f"the resume made no attempt: {stage.marks}")
    must_equal("different keys of one call", len(set(keys)), 1)
    stage.run(never_good)
    must_equal("different keys of two runs", len({m for m in stage.marks if " " not in m}), 2)


@cases.scenario(keys_of_elements, roads=tuple(Road))
def the_idempotency_key_differs_per_element(stage: Stage) -> None:
    keys = stage.run(keys_of_elements).result.outputs["out"]
    must_equal("different keys of three elements", len(set(keys)), 3)


cases.expect("errors-of-wrong-code-are-not-retried", a_bug, state="failed", calls={"try": 1}, tasks={"b": "failed"})
cases.expect(
    "errors-of-wrong-code-are-retried-when-asked-for", a_bug_that_is_asked_for, state="failed", calls={"try": 2}
)


@cases.scenario(retry_of_elements, roads=tuple(Road))
def elements_are_retried_alone(stage: Stage) -> None:
    played = stage.run(retry_of_elements)
    must_equal("the output", played.result.outputs["out"], [1, 2, 3])
    counts = {text: n for text, n in stage.counted.items() if " " in text}
    must_equal("attempts", counts, {"attempt 1": 3, "attempt 2": 2, "attempt 3": 1})


def _mark_the_failure(stage: Stage) -> Any:
    """A listener that lets the other body end once the failure is known."""

    def listen(event: Any) -> None:
        if event.task == "bad" and str(event.kind) == "taskEnded":
            mark(stage.log, "failed")

    return listen


@cases.scenario(one_runs_when_another_fails, roads=(Road.RECORDED, Road.STRICT, Road.MEMORY))
def fail_fast_lets_what_runs_end_and_cancels_the_rest(stage: Stage) -> None:
    played = stage.run(one_runs_when_another_fails, fail_fast=True, workers=2, on_event=_mark_the_failure(stage))
    played.must_be("failed", {"bad": "failed", "going": "succeeded", "after": "cancelled"}, {})


@cases.scenario(one_runs_when_another_fails, roads=(Road.RECORDED, Road.STRICT, Road.MEMORY))
def without_fail_fast_the_rest_goes_on(stage: Stage) -> None:
    played = stage.run(one_runs_when_another_fails, workers=2, on_event=_mark_the_failure(stage))
    played.must_be("failed", {"bad": "failed", "going": "succeeded", "after": "succeeded"}, {})
    must_equal("the output", played.result.outputs["after"], 6)


@melody(on_failure="stop")
def stops(log: str) -> Any:
    bad = fails_once_begun(log=log)
    going = ends_after(log=log, text="failed")
    after = add(a=going)
    return {"bad": bad, "after": after}


@cases.scenario(stops, roads=(Road.RECORDED, Road.STRICT, Road.MEMORY))
def on_failure_stop_is_fail_fast_of_the_melody(stage: Stage) -> None:
    played = stage.run(stops, workers=2, on_event=_mark_the_failure(stage))
    played.must_be("failed", {"bad": "failed", "going": "succeeded", "after": "cancelled"}, {})
