"""Cases of taking up a run: after a failure that was repaired, after a cancel; what is recorded is not made again."""

# In a melody references stand for values, which a type checker cannot follow.
# mypy: disable-error-code="call-arg,arg-type,untyped-decorator"

from __future__ import annotations

from pathlib import Path
from typing import Any

from symphony.define.context import Context
from symphony.define.player import operator
from symphony.define.tracing import each, melody
from symphony.errors import UsageError
from symphony.testing.executor_cases.case import KEPT, ONCE, Cases
from symphony.testing.executor_cases.graphs import count_to, total
from symphony.testing.executor_cases.marks import mark, wait_until
from symphony.testing.executor_cases.stage import Stage, must_equal

cases = Cases()


def _repair(log: str) -> None:
    (Path(log) / "repaired").touch()


def _is_repaired(log: str) -> bool:
    return (Path(log) / "repaired").exists()


@operator(version="1.0.0")
def step(log: str, x: int) -> int:
    """The next number."""
    mark(log, f"step {x}")
    return x + 1


@operator(version="1.0.0", cache=False)
def uncached_step(log: str, x: int) -> int:
    """The next number, never served from the store."""
    mark(log, f"uncached {x}")
    return x + 1


@operator(version="1.0.0")
def works_once_repaired(log: str, x: int) -> int:
    """Ten times a number, once the fault is repaired."""
    mark(log, f"tried {x}")
    if x == 2 and not _is_repaired(log):
        raise OSError("not repaired yet")
    return 10 * x


@operator(version="1.0.0")
def goes_on_until_cancelled(log: str, x: int, ctx: Context) -> int:
    """A hundred times a number; works until the run is cancelled, at first."""
    mark(log, "begun")
    if not _is_repaired(log):
        wait_until(lambda: ctx.cancelled)
        raise OSError("the run was cancelled")
    return 100 * x


@melody
def fails_in_the_middle(log: str) -> Any:
    a = step(log=log, x=0)
    u = uncached_step(log=log, x=a)
    b = works_once_repaired(log=log, x=u)
    c = step(log=log, x=b)
    return c


@melody
def fails_in_one_element(log: str) -> Any:
    ys = works_once_repaired(log=log, x=each(count_to(n=4)))
    return total(xs=ys)


@melody
def cancelled_in_the_middle(log: str) -> Any:
    a = step(log=log, x=0)
    b = goes_on_until_cancelled(log=log, x=a)
    return step(log=log, x=b)


@cases.scenario(fails_in_the_middle, roads=KEPT)
def a_resume_makes_what_is_not_recorded_and_nothing_else(stage: Stage) -> None:
    played = stage.run(fails_in_the_middle)
    played.must_be("failed", {"a": "succeeded", "u": "succeeded", "b": "failed", "c": "skipped"}, {"c": "failed: b"})
    _repair(stage.log)
    again = stage.resume(played)
    again.must_be("succeeded", {"b": "succeeded", "c": "succeeded"}, {})
    must_equal("the run", again.result.run, played.result.run)
    must_equal("the output", again.result.outputs["out"], 21)
    must_equal("bodies", stage.counted, {"step 0": 1, "uncached 1": 1, "tried 2": 2, "step 20": 1})


@cases.scenario(fails_in_one_element, roads=KEPT)
def a_resume_makes_the_elements_that_are_not_recorded(stage: Stage) -> None:
    played = stage.run(fails_in_one_element)
    played.must_be("failed", {"ys": "failed", "ys[2]": "failed", "ys[3]": "succeeded"}, {})
    _repair(stage.log)
    again = stage.resume(played)
    again.must_be("succeeded", {"ys": "succeeded", "ys[2]": "succeeded"}, {})
    must_equal("the output", again.result.outputs["out"], 60)
    must_equal("bodies", stage.counted, {"tried 0": 1, "tried 1": 1, "tried 2": 2, "tried 3": 1})


@cases.scenario(cancelled_in_the_middle)
def a_resume_goes_on_after_a_cancel(stage: Stage) -> None:
    played = stage.run_and_cancel(cancelled_in_the_middle, "begun")
    must_equal("the run", str(played.result.state), "cancelled")
    _repair(stage.log)
    again = stage.resume(played)
    again.must_be("succeeded", {"b": "succeeded", "step": "succeeded"}, {})
    must_equal("the output", again.result.outputs["out"], 101)
    must_equal("bodies", stage.counted, {"step 0": 1, "begun": 2, "step 100": 1})


@cases.scenario(fails_in_the_middle, roads=ONCE)
def a_run_that_succeeded_cannot_be_resumed(stage: Stage) -> None:
    _repair(stage.log)
    played = stage.run(fails_in_the_middle)
    try:
        stage.resume(played)
    except UsageError:
        return
    raise AssertionError("a run that succeeded was taken up again")
