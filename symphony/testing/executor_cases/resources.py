"""Cases of resources: what tasks ask for is never exceeded, what can never be met is refused, who goes first."""

from __future__ import annotations

import time
from typing import Any

from symphony.define.player import operator
from symphony.define.tracing import call, expr, melody
from symphony.errors import CompileError
from symphony.testing.executor_cases.case import KEPT, Cases, Road
from symphony.testing.executor_cases.graphs import marked
from symphony.testing.executor_cases.marks import between, most_at_once
from symphony.testing.executor_cases.stage import Stage, must, must_equal

cases = Cases()
_BOTH = (Road.RECORDED, Road.MEMORY)
_TASKS = list(range(6))


@operator(version="1.0.0")
def occupies(log: str, x: int, name: str) -> int:
    """Go on for a little while."""
    with between(log, name):
        time.sleep(0.02)  # long enough that bodies which may run at the same time do
    return x


@operator(version="1.0.0", tokens={"own": 1})
def occupies_its_token(log: str, x: int) -> int:
    """Go on for a little while."""
    with between(log, "own"):
        time.sleep(0.02)  # as above
    return x


@melody
def takes_cpus(log: str) -> Any:
    return call(occupies, with_={"log": log, "x": expr("item"), "name": "cpus"}, each=_TASKS, cpus=2)


@melody
def takes_memory(log: str) -> Any:
    return call(occupies, with_={"log": log, "x": expr("item"), "name": "memory"}, each=_TASKS, memory="100MB")


@melody
def takes_tokens(log: str) -> Any:
    return call(occupies, with_={"log": log, "x": expr("item"), "name": "token"}, each=_TASKS, tokens={"api": 1})


@melody
def takes_a_token_of_its_player(log: str) -> Any:
    return call(occupies_its_token, with_={"log": log, "x": expr("item")}, each=_TASKS)


@melody
def takes_all_or_nothing(log: str) -> Any:
    for i in range(3):
        for name, tokens in (("a", {"left": 1, "right": 1}), ("b", {"right": 1, "left": 1})):
            call(occupies, with_={"log": log, "x": i, "name": name}, tokens=tokens).named(f"{name}{i}")


@melody
def asks_for_too_much() -> Any:
    call(marked, with_={"log": ".", "text": "never"}, cpus=100_000)


@melody
def by_priority(log: str) -> Any:
    call(marked, with_={"log": log, "text": "gate"}).named("gate")
    for name, priority in (("low", -5), ("middle", 0), ("high", 5)):
        call(marked, with_={"log": log, "text": name}, needs=("gate",), priority=priority).named(name)


def _must_not_exceed(stage: Stage, melody: Any, name: str, limit: str, *, most: float, each: float = 1) -> None:
    stage.limit(limit)
    played = stage.run(melody, workers=6)
    played.must_be("succeeded", {}, {})
    found = most_at_once(stage.log, name, each=each)
    must(0 < found <= most, f"{name}: {found:g} were taken at a time, and there are {most:g}")


@cases.scenario(takes_cpus, needs=("resource:cpus",), roads=_BOTH)
def cpus_are_not_exceeded(stage: Stage) -> None:
    _must_not_exceed(stage, takes_cpus, "cpus", "cpus = 5", most=5, each=2)


@cases.scenario(takes_memory, needs=("resource:memory",), roads=_BOTH)
def memory_is_not_exceeded(stage: Stage) -> None:
    _must_not_exceed(stage, takes_memory, "memory", 'memory = "250MB"', most=250, each=100)


@cases.scenario(takes_tokens, needs=("resource:tokens",), roads=_BOTH)
def tokens_are_not_exceeded(stage: Stage) -> None:
    _must_not_exceed(stage, takes_tokens, "token", "tokens.api = 2", most=2)


@cases.scenario(takes_a_token_of_its_player, needs=("resource:tokens",), roads=_BOTH)
def a_token_that_is_not_configured_counts_one(stage: Stage) -> None:
    _must_not_exceed(stage, takes_a_token_of_its_player, "own", "cpus = 8", most=1)


@cases.scenario(takes_all_or_nothing, needs=("resource:tokens",))
def tasks_that_ask_for_two_tokens_do_not_block_each_other(stage: Stage) -> None:
    stage.run(takes_all_or_nothing, workers=6).must_be("succeeded", {"a0": "succeeded", "b2": "succeeded"}, {})
    must_equal("at a time", most_at_once(stage.log, "a"), 1.0)


@cases.scenario(asks_for_too_much, needs=("resource:cpus",))
def what_can_never_be_met_is_refused_before_the_run(stage: Stage) -> None:
    stage.limit("cpus = 4")
    try:
        stage.run(asks_for_too_much)
    except CompileError as error:
        must_equal("the code", [d.code for d in error.diagnostics], ["SYM193"])
    else:
        must(False, "a task that asks for 100,000 cores was not refused")


@cases.scenario(by_priority, roads=(*KEPT, Road.MEMORY))
def the_higher_priority_goes_first(stage: Stage) -> None:
    stage.run(by_priority, workers=1).must_be("succeeded", {}, {})
    must_equal("the order", stage.marks, ["gate", "high", "middle", "low"])
