"""Cases of what bodies know and tell: their place in the run, progress, log lines, prints."""

# In a melody references stand for values, which a type checker cannot follow.
# mypy: disable-error-code="call-arg,arg-type,untyped-decorator"

from __future__ import annotations

import logging
import sys
from typing import Any

from symphony.bootstrap.asking import find_run, logs
from symphony.bootstrap.stores import open_project_store
from symphony.define.context import Context
from symphony.define.player import operator
from symphony.define.tracing import each, expr, melody
from symphony.testing.executor_cases.case import ONCE, Cases, Road
from symphony.testing.executor_cases.graphs import add
from symphony.testing.executor_cases.stage import Played, Stage, must, must_equal

cases = Cases()
_HEARD = (Road.RECORDED, Road.STRICT, Road.MEMORY)


@operator(version="1.0.0", cache=False)
def own_place(x: int, ctx: Context) -> list[str]:
    """Where the body is."""
    return [ctx.run_id, ctx.task_id, str(ctx.attempt)]


@operator(version="1.0.0", cache=False)
def own_text(x: str) -> str:
    """The text itself."""
    return x


@operator(version="1.0.0")
def talks(name: str, ctx: Context) -> str:
    """Say something in every way."""
    ctx.log.info("%s by the context", name)
    logging.getLogger("someone.else").warning("%s by logging", name)
    print(f"{name} by print")  # noqa: T201  what is printed is what the case is about
    print(f"{name} aside", file=sys.stderr)  # noqa: T201  what is printed is what the case is about
    return name


@operator(version="1.0.0", isolation="process")
def talks_apart(name: str, ctx: Context) -> str:
    """Say something in every way."""
    ctx.log.info("%s by the context", name)
    print(f"{name} by print")  # noqa: T201  what is printed is what the case is about
    ctx.progress(1, 4)
    return name


@operator(version="1.0.0")
def makes_progress(n: int, ctx: Context) -> int:
    """Say how far it is."""
    ctx.progress(0, n)
    ctx.progress(n, n)
    return n


@melody
def places() -> Any:
    return {"alone": own_place(x=1), "each": own_place(x=each([1, 2])), "run": own_text(x=expr("run.id"))}


@melody
def talking() -> Any:
    first = talks(name=each(["one", "two"]))
    other = talks(name="other")
    return {"first": first, "other": other}


@melody
def talking_apart() -> Any:
    return talks_apart(name="apart")


@melody
def progressing() -> Any:
    return makes_progress(n=10)


@melody
def two_calls() -> Any:
    a = add(a=1)
    b = add(a=a, b=5)
    return b


def _lines(played: Played, task: str) -> set[str]:
    return {str((e.data or {}).get("message")) for e in played.told("log", task)}


@cases.scenario(places, roads=tuple(Road))
def bodies_know_where_they_are(stage: Stage) -> None:
    played = stage.run(places)
    run, outputs = played.result.run, played.result.outputs
    must_equal("alone", outputs["alone"], [run, "own_place", "1"])
    must_equal("an element", outputs["each"][1], [run, "own_place_2[1]", "1"])
    must_equal("run.id", outputs["run"], run)


@cases.scenario(talking, roads=_HEARD)
def what_bodies_say_is_told_with_their_task(stage: Stage) -> None:
    played = stage.run(talking)
    for task, name in (("first[0]", "one"), ("first[1]", "two"), ("other", "other")):
        wanted = {f"{name} by the context", f"{name} by logging", f"{name} by print", f"{name} aside"}
        must_equal(f"lines of {task}", _lines(played, task), wanted)


@cases.scenario(talking)
def what_bodies_say_is_kept_with_their_task(stage: Stage) -> None:
    played = stage.run(talking)
    with open_project_store(stage.project) as store:
        found = logs(store, find_run(store, played.result.run), "first")
    must({"one by print", "two by the context"} <= {line["message"] for line in found}, f"kept: {found}")
    must(not any("other" in line["message"] for line in found), "lines of another task are among them")


@cases.scenario(talking_apart, roads=(Road.MEMORY,))
def what_bodies_in_processes_say_is_told(stage: Stage) -> None:
    played = stage.run(talking_apart)
    must_equal("lines", _lines(played, "talks_apart"), {"apart by the context", "apart by print"})
    must_equal("progress", [(e.data or {}).get("done") for e in played.told("taskProgress")], [1])


@cases.scenario(progressing, roads=_HEARD)
def progress_is_told(stage: Stage) -> None:
    told = stage.run(progressing).told("taskProgress", "makes_progress")
    must(told, "no progress was told")
    must_equal("the first", told[0].data, {"done": 0, "total": 10})


@cases.scenario(two_calls, roads=ONCE)
def results_have_times_and_counts(stage: Stage) -> None:
    result = stage.run(two_calls).result
    a, b = result.tasks["a"], result.tasks["b"]
    must(a.started_at is not None and a.ended_at is not None and a.started_at <= a.ended_at, "the times of a are wrong")
    must(b.ended_at is not None and (a.ended_at or 0) <= b.ended_at, "b ended before a")
    must_equal("counts", dict(result.counts), {"succeeded": 2, "cached": 0, "failed": 0, "skipped": 0, "cancelled": 0})
    must_equal("attempts", (a.attempts, b.attempts), (1, 1))
    must_equal("failures", result.failures, ())
