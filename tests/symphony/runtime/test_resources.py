"""Resources, tokens, priorities and players that are set up, through a whole run."""

from __future__ import annotations

import sys
import threading
import time
import types
from typing import Any

import pytest

from symphony import bootstrap
from symphony.define.player import instrument, operator
from symphony.define.tracing import each, melody
from symphony.errors import CompileError

running: list[str] = []
most: dict[str, int] = {}
order: list[int] = []
lock = threading.Lock()
states: list[str] = []


def busy(n: int, *, kind: str = "a") -> int:
    with lock:
        running.append(kind)
        most[kind] = max(most.get(kind, 0), running.count(kind))
        order.append(n)
    time.sleep(0.02)
    with lock:
        running.remove(kind)
    return n


class Model:
    def __init__(self) -> None:
        states.append("set up")

    def close(self) -> None:
        states.append("torn down")


def classify(model: Model, n: int) -> int:
    return n + 1


async def classify_async(model: Model, n: int) -> int:
    return n + 2


module = types.ModuleType("resource_players")
for function in (busy, classify, classify_async):
    function.__module__, function.__qualname__ = module.__name__, function.__name__
module.busy = operator(version="1.0.0", cache=False)(busy)  # type: ignore[attr-defined]
module.classify = instrument(version="1.0.0", setup=Model, teardown=Model.close, cache=False)(classify)  # type: ignore[attr-defined]
module.classify_async = instrument(version="1.0.0", setup=Model, teardown=Model.close, cache=False)(classify_async)  # type: ignore[attr-defined]
sys.modules[module.__name__] = module
busy_player: Any = module.busy  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def clean() -> None:
    for found in (running, order, states):
        found.clear()
    most.clear()


def test_a_token_is_held_by_one_call_at_a_time() -> None:
    @melody(version="1.0.0")
    def m() -> list[int]:
        return busy_player(n=each([1, 2, 3, 4, 5, 6])).options(tokens={"api": 1})  # type: ignore[no-any-return]

    result = bootstrap.run(m, store="memory", workers=4)

    assert (result.state, most) == ("succeeded", {"a": 1})
    assert result.outputs["out"] == [1, 2, 3, 4, 5, 6]


def test_cores_are_counted_and_others_go_on_meanwhile() -> None:
    @melody(version="1.0.0")
    def m() -> dict[str, Any]:
        wide = busy_player(n=each([1, 2, 3]), kind="wide").options(cpus=0.75)
        free = busy_player(n=each([1, 2, 3]), kind="free")
        return {"wide": wide, "free": free}

    plan = bootstrap.compile(m)
    from symphony.runtime.execute import Order, execute
    from symphony.store.store import Store

    result = execute(plan, Order(workers=6, capacity={"cpus": 1.0}), Store.open(None), bootstrap.executor_named("pit"))

    assert result.state == "succeeded"
    assert most["wide"] == 1


def test_higher_priority_goes_first() -> None:
    @melody(version="1.0.0")
    def m() -> dict[str, Any]:
        return {f"t{n}": busy_player(n=n).named(f"t{n}").options(priority=n) for n in range(6)}

    bootstrap.run(m, store="memory", workers=1)

    assert order == [5, 4, 3, 2, 1, 0]


def test_a_request_that_can_never_be_met_is_a_compile_error() -> None:
    @melody(version="1.0.0")
    def m() -> int:
        return busy_player(n=1).options(cpus=100_000)  # type: ignore[no-any-return]

    with pytest.raises(CompileError) as caught:
        bootstrap.compile(m)

    assert [d.code for d in caught.value.diagnostics] == ["SYM193"]


@pytest.mark.parametrize(("player", "given"), [("classify", 1), ("classify_async", 2)])
def test_a_player_that_is_set_up_once_serves_all_calls_of_one_worker(player: str, given: int) -> None:
    called: Any = getattr(module, player)

    @melody(version="1.0.0")
    def m() -> list[int]:
        return called(n=each([1, 2, 3, 4]))  # type: ignore[no-any-return]

    result = bootstrap.run(m, store="memory", workers=1)

    assert list(result.outputs["out"]) == [n + given for n in (1, 2, 3, 4)]
    assert states.count("set up") == states.count("torn down")
    assert states.count("set up") <= (2 if player == "classify" else 4)


@pytest.mark.parametrize("record", [True, False])
def test_players_are_torn_down_whether_or_not_the_run_is_recorded(record: bool) -> None:
    called: Any = module.classify  # type: ignore[attr-defined]

    @melody(version="1.0.0")
    def m() -> int:
        return called(n=1)  # type: ignore[no-any-return]

    bootstrap.run(m, store="memory" if record else None, record=record, workers=1)

    assert states == ["set up", "torn down"]


def test_what_a_call_waited_for_is_recorded() -> None:
    from symphony.store.store import Store

    @melody(version="1.0.0")
    def m() -> list[int]:
        return busy_player(n=each([1, 2])).options(tokens={"api": 1})  # type: ignore[no-any-return]

    store = Store.open(None)
    result = bootstrap.run(m, store=store, workers=2)

    waited = [c.measures["waited_for"] for c in store.calls(result.run) if c.measures and "waited_for" in c.measures]
    assert len(waited) == 1
    assert waited[0].startswith("token api: 1 of 1 held by run ")
