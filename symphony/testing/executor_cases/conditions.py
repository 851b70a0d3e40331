"""Cases of conditions: when, absent values, skips by failure, clean-up and notices."""

from __future__ import annotations

from typing import Any

from symphony.define.player import operator
from symphony.define.tracing import call, expr, melody
from symphony.testing.executor_cases.case import Cases
from symphony.testing.executor_cases.graphs import add, marked

cases = Cases()


@operator(version="1.0.0")
def fails(why: str = "on purpose") -> int:
    """Fail."""
    raise ValueError(why)


@melody
def under_a_condition(n: int) -> Any:
    a = add(a=n)
    t = call(add, with_={"a": expr("tasks.a"), "b": 10}, when=expr("tasks.a > 5"))
    after = add(a=expr("tasks.t"), b=100)
    either = add(a=expr("tasks.?t.orValue(7)"), b=1000)
    return {"t": t, "after": after, "either": either, "a": a}


@melody
def needs_a_skipped_one() -> Any:
    skipped = call(add, with_={"a": 1}, when=expr("1 > 2"))
    met = call(add, with_={"a": 40, "b": 2}, needs=("skipped",))
    return {"skipped": skipped, "met": met}


@melody
def needs_a_failed_one() -> Any:
    bad = fails()
    unmet = call(add, with_={"a": 1}, needs=("bad",))
    return {"bad": bad, "unmet": unmet}


@melody
def clean_up(log: str) -> Any:
    bad = fails()
    call(marked, with_={"log": log, "text": "notice"}, when=expr("failed(tasks.bad)")).named("notice")
    call(marked, with_={"log": log, "text": "clean"}, needs=("bad",), when=expr("always()")).named("clean")
    call(marked, with_={"log": log, "text": "fine"}, when=expr("succeeded(tasks.bad)")).named("fine")
    call(marked, with_={"log": log, "text": "never"}, needs=("bad",)).named("never")
    del bad


@melody
def clean_up_after_success(log: str) -> Any:
    good = add(a=1)
    call(marked, with_={"log": log, "text": "notice"}, when=expr("failed(tasks.good)")).named("notice")
    call(marked, with_={"log": log, "text": "clean"}, needs=("good",), when=expr("always()")).named("clean")
    call(marked, with_={"log": log, "text": "fine"}, when=expr("succeeded(tasks.good)")).named("fine")
    del good


@melody
def skipped_far_down() -> Any:
    bad = fails()
    one = add(a=bad)
    two = add(a=one)
    beside = add(a=1)
    return {"two": two, "beside": add(a=beside)}


@melody
def condition_that_cannot_be_asked() -> Any:
    call(add, with_={"a": 0, "b": 0}).named("zero")
    broken = call(add, with_={"a": 1}, when=expr("10 / tasks.zero > 1"))
    return {"broken": broken, "beside": add(a=4)}


cases.expect("a-condition-that-holds", under_a_condition, params={"n": 9},
             outputs={"t": 20, "after": 120, "either": 1020, "a": 10})  # fmt: skip
cases.expect("a-condition-that-does-not-hold-skips-and-the-run-succeeds", under_a_condition, params={"n": 1},
             outputs={"t": None, "after": None, "either": 1007, "a": 2},
             tasks={"a": "succeeded", "t": "skipped", "after": "skipped", "either": "succeeded"}, notes={"t": "when"})  # fmt: skip
cases.expect(
    "needs-of-a-task-skipped-by-its-condition-are-met", needs_a_skipped_one, outputs={"skipped": None, "met": 42}
)
cases.expect("needs-of-a-failed-task-are-not-met", needs_a_failed_one, state="failed", outputs={"bad": None, "unmet": None},
             tasks={"bad": "failed", "unmet": "skipped"}, notes={"unmet": "failed: bad"})  # fmt: skip
cases.expect("clean-up-and-notices-run-after-a-failure", clean_up, state="failed", calls={"notice": 1, "clean": 1},
             tasks={"fine": "skipped", "never": "skipped"})  # fmt: skip
cases.expect("clean-up-runs-after-success-and-notices-do-not", clean_up_after_success, calls={"clean": 1, "fine": 1},
             tasks={"notice": "skipped"}, notes={"notice": "when"})  # fmt: skip
cases.expect("a-failure-skips-all-that-depends-on-it-with-the-cause", skipped_far_down, state="failed",
             outputs={"two": None, "beside": 3}, tasks={"one": "skipped", "two": "skipped"},
             notes={"one": "failed: bad", "two": "failed: bad"})  # fmt: skip
cases.expect("a-condition-that-cannot-be-asked-fails-its-task", condition_that_cannot_be_asked, state="failed",
             outputs={"broken": None, "beside": 5}, tasks={"broken": "failed"})  # fmt: skip
