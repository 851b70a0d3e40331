"""Players kept warm: within the budget, ahead of need, torn down exactly once."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from itertools import count, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symphony.errors import InternalError
from symphony.runtime.player_copy import Handle, PlayerKind
from symphony.runtime.player_pool import PlayerPool
from symphony.runtime.player_states import TRANSITIONS, PlayerState


class World:
    """Makes players and counts what is done to their states."""

    def __init__(self) -> None:
        self.made = count()
        self.set_up: Counter[str] = Counter()
        self.torn_down: Counter[tuple[str, int]] = Counter()

    def kind(self, name: str, size: int = 0, *, shared: bool = False) -> PlayerKind:
        def setup() -> tuple[str, int]:
            self.set_up[name] += 1
            return name, next(self.made)

        def teardown(state: tuple[str, int]) -> None:
            self.torn_down[state] += 1

        return PlayerKind(name, setup, teardown=teardown, shared=shared, size_bytes=size)


@pytest.fixture
def world() -> World:
    return World()


def ticking() -> Callable[[], float]:
    ticks = count(1)
    return lambda: float(next(ticks))


def steps_of(pool: PlayerPool, kind: PlayerKind) -> list[str]:
    return [str(t.after) for t in pool.transitions if t.player == kind.name]


# taking and giving back ----------------------------------------------------------------------------------------------


def test_a_state_is_set_up_once_and_used_again(world: World):
    pool = PlayerPool()
    kind = pool.add(world.kind("a"))

    values = set()
    for i in range(5):
        handle = pool.take(kind)
        values.add(handle.value)
        pool.give(handle, float(i))

    assert len(values) == 1
    assert pool.hit_rate == 0.8
    assert steps_of(pool, kind) == ["loading", "warming", "ready"]
    assert pool.report()["players"] == [
        {"player": "a", "copies": [{"copy": 1, "state": "ready"}], "bytes": 0, "uses": 5, "hits": 4, "misses": 1}
    ]


def test_the_handle_used_last_is_taken_first(world: World):
    pool = PlayerPool()
    kind = pool.add(world.kind("a"))
    one, two = pool.take(kind), pool.take(kind)
    pool.give(one, 1.0)
    pool.give(two, 2.0)

    assert pool.take(kind) is two


def test_calls_at_the_same_time_have_a_state_each(world: World):
    pool = PlayerPool()
    kind = pool.add(world.kind("a"))

    handles = [pool.take(kind) for _ in range(3)]

    assert len({h.value for h in handles}) == 3
    assert [c.state for c in kind.copies] == [PlayerState.ACTIVE] * 3


def test_a_shared_state_is_used_by_all_at_the_same_time(world: World):
    pool = PlayerPool()
    kind = pool.add(world.kind("a", 10, shared=True))

    handles = [pool.take(kind) for _ in range(3)]

    assert len({h.value for h in handles}) == 1
    assert pool.report()["players"][0]["bytes"] == 10
    assert pool.report()["players"][0]["misses"] == 1


def test_eight_threads_that_ask_at_once_set_a_shared_state_up_once(world: World):
    pool = PlayerPool()
    kind = pool.add(world.kind("a", shared=True))
    gate = threading.Barrier(8)
    handles: list[Handle] = []

    def call() -> None:
        gate.wait()
        handles.append(pool.take(kind))

    run_threads([call] * 8)

    assert world.set_up["a"] == 1
    assert len({id(h) for h in handles}) == 8


def test_calls_that_find_no_room_for_a_state_of_their_own_take_turns(world: World):
    pool = PlayerPool(budget_bytes=10)
    kind = pool.add(world.kind("a", 10))
    gate = threading.Barrier(8)

    def call() -> None:
        gate.wait()
        for i in range(20):
            handle = pool.take(kind)
            assert handle.copy.state is PlayerState.ACTIVE
            pool.give(handle, float(i))

    run_threads([call] * 8)

    assert world.set_up["a"] == 1
    assert kind.uses == 160


def test_no_state_is_used_by_two_calls_at_once(world: World):
    pool = PlayerPool(budget_bytes=40)
    kinds = [pool.add(world.kind(name, 10)) for name in "abcdef"]
    users: Counter[tuple[str, int]] = Counter()

    def call(seed: int) -> None:
        rng = random.Random(seed)
        for i in range(300):
            handle = pool.take(rng.choice(kinds))
            users[handle.value] += 1
            assert users[handle.value] == 1
            assert not world.torn_down[handle.value]
            users[handle.value] -= 1
            pool.give(handle, float(i))

    run_threads([lambda seed=seed: call(seed) for seed in range(4)])
    pool.close()

    assert sum(world.set_up.values()) == len(world.torn_down)
    assert set(world.torn_down.values()) == {1}
    assert sum(k.uses for k in kinds) == 1200


# memory --------------------------------------------------------------------------------------------------------------


def test_what_was_used_longest_ago_makes_room(world: World):
    pool = PlayerPool(budget_bytes=20)
    kinds = {name: pool.add(world.kind(name, 10)) for name in "abc"}
    for now, name in enumerate("abab"):
        pool.give(pool.take(kinds[name]), float(now))
    pool.give(pool.take(kinds["a"]), 9.0)

    pool.give(pool.take(kinds["c"]), 10.0)

    assert [name for name, _ in world.torn_down] == ["b"]
    assert steps_of(pool, kinds["b"])[-2:] == ["evicted", "unloaded"]


def test_what_is_in_use_is_never_evicted_and_goes_when_it_is_idle(world: World):
    pool = PlayerPool(budget_bytes=10)
    one, other = pool.add(world.kind("one", 10)), pool.add(world.kind("other", 10))
    held = pool.take(one)

    beyond = pool.take(other)
    assert not world.torn_down

    pool.give(held, 1.0)
    assert world.torn_down == {("one", 0): 1}
    pool.give(beyond, 2.0)
    assert [c.state for c in other.copies] == [PlayerState.READY]


def test_a_state_larger_than_the_budget_serves_its_call_and_goes(world: World):
    pool = PlayerPool(budget_bytes=10)
    kind = pool.add(world.kind("a", 50))

    pool.give(pool.take(kind), 1.0)

    assert sum(world.torn_down.values()) == 1
    assert kind.copies == []


# trouble -------------------------------------------------------------------------------------------------------------


def test_a_set_up_that_fails_fails_the_call_and_the_next_call_tries_again():
    answers = iter([OSError("no such model"), 7])

    def setup() -> int:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    pool = PlayerPool()
    kind = pool.add(PlayerKind("a", setup))

    with pytest.raises(OSError, match="no such model"):
        pool.take(kind)
    assert pool.transitions[-1].cause == "OSError: no such model"
    assert pool.take(kind).value == 7
    assert steps_of(pool, kind) == ["loading", "failed", "loading", "warming", "ready"]


def test_a_warm_up_runs_before_the_first_call_and_may_fail():
    warmed: list[int] = []
    pool = PlayerPool()
    kind = pool.add(PlayerKind("a", lambda: 7, warmup=warmed.append))
    bad = pool.add(PlayerKind("b", lambda: 7, warmup=lambda _: 1 / 0))

    pool.take(kind)

    assert warmed == [7]
    with pytest.raises(ZeroDivisionError):
        pool.take(bad)
    assert steps_of(pool, bad) == ["loading", "warming", "failed"]


def test_a_spoiled_state_is_torn_down_and_not_used_again(world: World):
    pool = PlayerPool()
    kind = pool.add(world.kind("a"))
    handle = pool.take(kind)

    pool.discard(handle, "the call was cancelled")

    assert world.torn_down == {("a", 0): 1}
    assert [t.cause for t in pool.transitions if t.after is PlayerState.EVICTED] == ["the call was cancelled"]
    assert pool.take(kind).value == ("a", 1)


def test_a_spoiled_shared_state_goes_when_its_last_user_gives_it_back(world: World):
    pool = PlayerPool()
    kind = pool.add(world.kind("a", shared=True))
    idle, one, two = (pool.take(kind) for _ in range(3))
    pool.give(idle, 0.0)

    pool.discard(one, "spoiled")
    assert not world.torn_down
    assert pool.take(kind).value == ("a", 1)
    pool.give(two, 1.0)

    assert world.torn_down == {("a", 0): 1}


def test_closing_tears_down_what_is_idle_at_once_and_the_rest_when_it_is_given_back(world: World):
    pool = PlayerPool()
    kind = pool.add(world.kind("a"))
    one, two = pool.take(kind), pool.take(kind)
    pool.give(one, 0.0)

    assert pool.close() == []
    assert world.torn_down == {("a", 0): 1}
    pool.give(two, 1.0)
    pool.close()

    assert world.torn_down == {("a", 0): 1, ("a", 1): 1}
    with pytest.raises(InternalError, match="a is asked for after the pool was closed"):
        pool.take(kind)


def test_a_tear_down_that_fails_is_told_and_not_tried_again():
    def teardown(_: int) -> None:
        raise OSError("stuck")

    pool = PlayerPool()
    kind = pool.add(PlayerKind("a", lambda: 1, teardown=teardown))
    pool.give(pool.take(kind), 0.0)

    assert pool.close() == ["a: its tear-down failed: OSError: stuck"]
    assert pool.close() == ["a: its tear-down failed: OSError: stuck"]


# ahead of need -------------------------------------------------------------------------------------------------------


def test_players_that_the_plan_needs_next_are_warm_when_they_are_needed(world: World):
    pool = PlayerPool(budget_bytes=20)
    kinds = [pool.add(world.kind(name, 10)) for name in "abc"]

    pool.upcoming(kinds)
    assert pool.settled(10.0)
    states = [[str(c.state) for c in kind.copies] for kind in kinds]
    pool.give(pool.take(kinds[0]), 1.0)

    assert states == [["ready"], ["ready"], []]
    assert pool.hit_rate == 1.0
    pool.close()


def test_what_is_needed_sooner_is_not_evicted_for_what_is_needed_later(world: World):
    pool = PlayerPool(budget_bytes=20)
    a, b, c = (pool.add(world.kind(name, 10)) for name in "abc")
    for now, kind in enumerate((a, b)):
        pool.give(pool.take(kind), float(now))

    pool.upcoming([b, c])
    assert pool.settled(10.0)

    assert [name for name, _ in world.torn_down] == ["a"]
    assert [len(k.copies) for k in (a, b, c)] == [0, 1, 1]
    pool.close()


def test_a_set_up_that_fails_ahead_of_need_is_left_to_the_call(world: World):
    tries = count()

    def setup() -> int:
        if next(tries) == 0:
            raise OSError("not yet")
        return 7

    pool = PlayerPool()
    kind = pool.add(PlayerKind("a", setup))

    pool.upcoming([kind])
    assert pool.settled(10.0)
    pool.upcoming([kind])
    assert pool.settled(10.0)

    assert next(tries) == 1
    assert pool.take(kind).value == 7
    pool.close()


def test_a_call_waits_for_the_state_that_is_being_set_up_for_it(world: World):
    started, go = threading.Event(), threading.Event()
    made = count()

    def setup() -> int:
        started.set()
        assert go.wait(10)
        return next(made)

    pool = PlayerPool()
    kind = pool.add(PlayerKind("a", setup))
    pool.upcoming([kind])
    assert started.wait(10)
    taken: list[Handle] = []
    thread = threading.Thread(target=lambda: taken.append(pool.take(kind)))
    thread.start()
    go.set()
    thread.join(10)

    assert [h.value for h in taken] == [0]
    assert next(made) == 1
    pool.close()


def test_a_layered_plan_with_room_for_three_of_eight_players_finds_most_of_them_warm(world: World):
    rng = random.Random(3)
    pool, blind = PlayerPool(budget_bytes=30), PlayerPool(budget_bytes=30)
    kinds = [pool.add(world.kind(f"p{i}", 10)) for i in range(8)]
    others = {kind: blind.add(World().kind(kind.name, 10)) for kind in kinds}
    calls = [kind for _ in range(40) for kind in rng.sample(kinds, 2) * 3]

    for i, kind in enumerate(calls):
        handle = pool.take(kind)
        pool.upcoming(calls[i + 1 : i + 7])
        assert pool.settled(10.0)  # set-ups run while the call does
        pool.give(handle, float(i))
        blind.give(blind.take(others[kind]), float(i))

    assert pool.hit_rate is not None
    assert blind.hit_rate is not None
    assert pool.hit_rate > 0.8
    assert blind.hit_rate < 0.8
    assert sum(k.size_bytes * len(k.copies) for k in kinds) <= 30
    pool.close()
    assert set(world.torn_down.values()) == {1}


# always --------------------------------------------------------------------------------------------------------------

_STEP = st.tuples(st.sampled_from(["take", "give", "discard", "close"]), st.integers(0, 5))


@settings(max_examples=150, deadline=None)
@given(st.lists(_STEP, max_size=60), st.integers(0, 50))
def test_every_copy_lives_by_the_table_and_is_torn_down_once(steps: list[tuple[str, int]], budget: int):
    world = World()
    pool = PlayerPool(budget_bytes=budget, clock=ticking(), recorded=10_000)
    kinds = [pool.add(world.kind(f"p{i}", 10, shared=i == 0)) for i in range(4)]
    held: list[Handle] = []
    for i, (what, number) in enumerate(steps):
        kind = kinds[number % 4]
        if what == "take" and not (kind.copies and any(h.kind is kind for h in held) and not kind.shared):
            held.append(pool.take(kind))
            assert not world.torn_down[held[-1].value]
        elif held and what in ("give", "discard"):
            handle = held.pop(number % len(held))
            pool.give(handle, float(i)) if what == "give" else pool.discard(handle, "spoiled")
        assert all(not world.torn_down[h.value] for h in held)
        idle = [c for k in kinds for c in k.copies if c.state is PlayerState.READY]
        assert not idle or sum(len(k.copies) * 10 for k in kinds) <= budget
    for handle in held:
        pool.give(handle, 99.0)
    pool.close()

    assert sum(world.set_up.values()) == len(world.torn_down)
    assert set(world.torn_down.values()) <= {1}
    lives: dict[tuple[str, int], list[PlayerState]] = {}
    for t in pool.transitions:
        lives.setdefault((t.player, t.copy), [t.before]).append(t.after)
    allowed = {(before, after) for (before, _), after in TRANSITIONS.items()}
    assert all(set(pairwise(life)) <= allowed and life[-1] is PlayerState.UNLOADED for life in lives.values())


def run_threads(bodies: list[Callable[[], None]]) -> None:
    """Run each in a thread of its own and wait for all; an error of one is the test's."""
    errors: list[BaseException] = []

    def guarded(body: Callable[[], None]) -> None:
        try:
            body()
        except BaseException as error:  # noqa: BLE001  # told below
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(body,), daemon=True) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    assert errors == []
