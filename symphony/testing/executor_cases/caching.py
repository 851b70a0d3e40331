"""Cases of the cache: served calls, early cutoff, calls that are never served, equal calls in flight."""

# In a melody references stand for values, which a type checker cannot follow.
# mypy: disable-error-code="call-arg,arg-type,untyped-decorator"

from __future__ import annotations

from pathlib import Path
from typing import Any

from symphony.define.player import operator
from symphony.define.tracing import each, melody
from symphony.testing.executor_cases.case import KEPT, ONCE, Cases, Road
from symphony.testing.executor_cases.graphs import count_to, total
from symphony.testing.executor_cases.marks import mark
from symphony.testing.executor_cases.stage import Played, Stage, must, must_equal

cases = Cases()


@operator(version="1.0.0")
def halved(log: str, n: int) -> int:
    """Half a number, rounded down."""
    mark(log, f"halved {n}")
    return n // 2


@operator(version="1.0.0")
def squared(log: str, n: int) -> int:
    """A number times itself."""
    mark(log, f"squared {n}")
    return n * n


@operator(version="1.0.0", cache=False)
def never_served(log: str) -> int:
    """Always the same, and never from the store."""
    mark(log, "never served")
    return 5


@operator(version="1.0.0")
def effect(log: str, n: int) -> None:
    """Do something to the world."""
    mark(log, f"effect {n}")


@operator(version="1.0.0")
def content(log: str, file: Path) -> str:
    """The text of a file."""
    mark(log, "content")
    return file.read_text()


@melody
def two_steps(log: str, n: int) -> Any:
    half = halved(log=log, n=n)
    return squared(log=log, n=half)


@melody
def elements(log: str, n: int) -> Any:
    ys = squared(log=log, n=each(count_to(n=n)))
    return {"ys": ys, "sum": total(xs=ys)}


@melody
def fresh_every_time(log: str) -> Any:
    fresh = never_served(log=log)
    after = squared(log=log, n=fresh)
    done: Any = effect(log=log, n=after)
    return {"after": after, "done": done}


@melody
def equal_calls(log: str) -> Any:
    return [squared(log=log, n=7), squared(log=log, n=7), squared(log=log, n=7)]


@melody
def equal_call_behind(log: str) -> Any:
    first = squared(log=log, n=1)
    second = squared(log=log, n=first)
    return squared(log=log, n=second)


@melody
def of_a_file(log: str, file: Path) -> Any:
    return content(log=log, file=file)


@melody
def policies_differ(log: str) -> Any:
    return squared.with_options(retry=3, priority=5)(log=log, n=3)


@melody
def policies_are_the_defaults(log: str) -> Any:
    another_name = squared(log=log, n=3)
    return another_name


def _states(played: Played) -> dict[str, str]:
    played.must_be("succeeded", {}, {})
    return played.states


@cases.scenario(two_steps, roads=KEPT)
def a_second_run_is_served(stage: Stage) -> None:
    stage.run(two_steps, {"n": 9})
    again = stage.run(two_steps, {"n": 9})
    must_equal("the states", _states(again), {"half": "cached", "squared": "cached"})
    must_equal("the output", again.result.outputs["out"], 16)
    must_equal("counts", again.result.counts["cached"], 2)
    must_equal("bodies", stage.counted, {"halved 9": 1, "squared 4": 1})


@cases.scenario(two_steps, roads=KEPT)
def what_gives_the_same_again_runs_nothing_behind_it(stage: Stage) -> None:
    stage.run(two_steps, {"n": 8})
    again = stage.run(two_steps, {"n": 9})
    must_equal("the states", _states(again), {"half": "succeeded", "squared": "cached"})
    must_equal("bodies", stage.counted, {"halved 8": 1, "halved 9": 1, "squared 4": 1})


@cases.scenario(elements, roads=KEPT)
def elements_are_served_one_by_one(stage: Stage) -> None:
    stage.run(elements, {"n": 3})
    again = stage.run(elements, {"n": 4})
    states = _states(again)
    must_equal("elements", [states[f"ys[{i}]"] for i in range(4)], ["cached"] * 3 + ["succeeded"])
    must_equal("the task", states["ys"], "succeeded")
    must_equal("the task when all were", _states(stage.run(elements, {"n": 4}))["ys"], "cached")
    must_equal("bodies", stage.counted, {f"squared {i}": 1 for i in range(4)})


@cases.scenario(two_steps, roads=KEPT)
def no_cache_serves_nothing(stage: Stage) -> None:
    stage.run(two_steps, {"n": 9})
    again = stage.run(two_steps, {"n": 9}, no_cache=True)
    must_equal("the states", _states(again), {"half": "succeeded", "squared": "succeeded"})
    must_equal("bodies", stage.counted, {"halved 9": 2, "squared 4": 2})


@cases.scenario(fresh_every_time, roads=KEPT)
def effects_and_uncached_players_always_run(stage: Stage) -> None:
    stage.run(fresh_every_time)
    again = stage.run(fresh_every_time)
    must_equal("the states", _states(again), {"fresh": "succeeded", "after": "cached", "done": "succeeded"})
    must_equal("bodies", stage.counted, {"never served": 2, "squared 5": 1, "effect 25": 2})


@cases.scenario(equal_calls, roads=KEPT)
def equal_calls_of_one_run_are_made_once(stage: Stage) -> None:
    played = stage.run(equal_calls)
    must_equal("the output", played.result.outputs["out"], [49, 49, 49])
    must_equal("bodies", stage.counted, {"squared 7": 1})
    must_equal("the states", sorted(_states(played).values()), ["cached", "cached", "succeeded"])


@cases.scenario(equal_call_behind, roads=KEPT)
def a_call_that_turns_out_equal_to_one_before_it_is_served(stage: Stage) -> None:
    states = _states(stage.run(equal_call_behind, workers=1))
    must_equal("bodies", stage.counted, {"squared 1": 1})
    must_equal("the states", sorted(states.values()), ["cached", "cached", "succeeded"])


@cases.scenario(of_a_file, roads=ONCE)
def a_file_counts_by_its_content(stage: Stage) -> None:
    file = stage.folder / "data.txt"
    file.write_text("one")
    stage.run(of_a_file, {"file": file})
    file.touch()
    must_equal("touched", _states(stage.run(of_a_file, {"file": file})), {"content": "cached"})
    file.write_text("two, which is longer")
    changed = stage.run(of_a_file, {"file": file})
    must_equal("changed", _states(changed), {"content": "succeeded"})
    must_equal("the output", changed.result.outputs["out"], "two, which is longer")


@cases.scenario(policies_differ, roads=ONCE)
def policies_and_names_are_no_part_of_a_key(stage: Stage) -> None:
    stage.run(policies_differ)
    must_equal("the other melody", _states(stage.run(policies_are_the_defaults)), {"another_name": "cached"})


@cases.scenario(two_steps, roads=(Road.MEMORY,))
def results_in_memory_are_not_kept(stage: Stage) -> None:
    first = stage.run(two_steps, {"n": 9})
    again = stage.run(two_steps, {"n": 9})
    must_equal("the states", _states(again), {"half": "succeeded", "squared": "succeeded"})
    must(not first.result.artifacts, "artifacts were kept")


@cases.scenario(two_steps, roads=ONCE)
def the_same_result_is_the_same_artifact(stage: Stage) -> None:
    first, again = stage.run(two_steps, {"n": 9}), stage.run(two_steps, {"n": 9}, no_cache=True)
    must_equal("the artifact", again.result.artifacts["out"].digest, first.result.artifacts["out"].digest)
