"""Who may start: never too much at once, nobody starves, and people can read why they wait."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symphony.errors import InternalError, SurroundingsError
from symphony.runtime.arbitration import Arbiter, Request, units_of

CAPACITY = {"cpus": 4.0, "memory": 1000.0, "token:api": 2.0}


def ask(
    arbiter: Arbiter, name: str, now: float = 0.0, *, tenant: str = "run", priority: int = 0, **demand: float
) -> bool:
    named = {key.replace("token_", "token:"): amount for key, amount in demand.items()}
    return arbiter.ask(Request(name, units_of(named), tenant, priority, now), now)


# what fits -----------------------------------------------------------------------------------------------------------


def test_what_fits_starts_at_once_and_the_rest_when_something_is_given_back():
    arbiter = Arbiter({"cpus": 4})

    assert ask(arbiter, "a", cpus=3)
    assert not ask(arbiter, "b", cpus=2)
    assert arbiter.give_back("a", 1.0) == ["b"]
    assert arbiter.in_use() == {"cpus": 2.0}


def test_a_demand_is_met_whole_or_not_at_all():
    arbiter = Arbiter({"cpus": 4, "gpus": 1})
    ask(arbiter, "a", gpus=1)

    assert not ask(arbiter, "b", cpus=2, gpus=1)
    assert arbiter.in_use() == {"cpus": 0.0, "gpus": 1.0}


def test_a_demand_beyond_everything_there_is_is_refused_at_once():
    arbiter = Arbiter({"cpus": 4, "memory": 2e9})

    with pytest.raises(SurroundingsError, match=r"^run run task a asks for 8 of cpus, there is 4 in all$"):
        ask(arbiter, "a", cpus=8)
    with pytest.raises(SurroundingsError, match=r"asks for 3GB of memory, there is 2GB in all$"):
        ask(arbiter, "b", memory=3e9)
    with pytest.raises(SurroundingsError, match=r"asks for 1 of gpus, there is 0 in all$"):
        ask(arbiter, "c", gpus=1)
    assert list(arbiter.waiting) == []


def test_a_token_that_nobody_configured_counts_one():
    arbiter = Arbiter({})

    assert ask(arbiter, "a", token_database=1)
    assert not ask(arbiter, "b", token_database=1)


def test_thirds_add_up_to_a_whole():
    arbiter = Arbiter({"cpus": 1})

    for round_ in range(1000):
        assert all(ask(arbiter, f"{round_}-{i}", cpus=1 / 3) for i in range(3))
        for i in range(3):
            arbiter.give_back(f"{round_}-{i}", 0.0)
    assert arbiter.in_use() == {"cpus": 0.0}
    assert ask(arbiter, "whole", cpus=1)


def test_giving_back_twice_frees_nothing_twice_and_is_counted():
    arbiter = Arbiter({"token:api": 1})
    ask(arbiter, "a", token_api=1)
    arbiter.give_back("a", 0.0)
    ask(arbiter, "b", token_api=1)

    assert arbiter.give_back("a", 0.0) == []
    assert arbiter.withdraw("never", 0.0) == []
    assert arbiter.unknown == 2
    assert not ask(arbiter, "c", token_api=1)


def test_an_id_asks_once():
    arbiter = Arbiter({"cpus": 1})
    ask(arbiter, "a", cpus=1)

    with pytest.raises(InternalError, match="asks a second time"):
        ask(arbiter, "a", cpus=1)


def test_amounts_below_zero_are_refused():
    with pytest.raises(ValueError, match="cannot be negative"):
        units_of({"cpus": -1})


# order ---------------------------------------------------------------------------------------------------------------


def test_higher_priority_goes_first_within_a_run():
    arbiter = Arbiter({"token:api": 1})
    ask(arbiter, "now", token_api=1)
    ask(arbiter, "low", 1.0, token_api=1)
    ask(arbiter, "high", 2.0, token_api=1, priority=5)

    assert arbiter.give_back("now", 3.0) == ["high"]


def test_waiting_makes_up_for_priority():
    arbiter = Arbiter({"token:api": 1}, ageing_s=10.0)
    ask(arbiter, "now", token_api=1)
    ask(arbiter, "low", 0.0, token_api=1)
    ask(arbiter, "high", 51.0, token_api=1, priority=5)

    assert arbiter.give_back("now", 60.0) == ["low"]


def test_of_equals_the_first_to_ask_goes_first():
    arbiter = Arbiter({"token:api": 1})
    ask(arbiter, "now", token_api=1)
    for name in "cab":
        ask(arbiter, name, 1.0, token_api=1)

    order = [arbiter.give_back(name, 2.0)[0] for name in ("now", "c", "a")]

    assert order == ["c", "a", "b"]


def test_the_run_that_holds_less_of_its_dominant_resource_goes_first():
    arbiter = Arbiter({"cpus": 10, "memory": 100})
    ask(arbiter, "a1", cpus=4, tenant="a")  # 40 % of the cores
    ask(arbiter, "b1", memory=30, tenant="b")  # 30 % of the memory
    ask(arbiter, "c1", cpus=6, tenant="c")
    ask(arbiter, "a2", 1.0, cpus=1, tenant="a")
    ask(arbiter, "b2", 2.0, cpus=1, tenant="b")

    assert arbiter.give_back("c1", 3.0) == ["b2", "a2"]


def test_a_run_of_twice_the_weight_holds_twice_as_much():
    arbiter = Arbiter({"cpus": 6}, weights={"heavy": 2.0})
    ask(arbiter, "all", cpus=6, tenant="first")
    for i in range(6):
        ask(arbiter, f"heavy{i}", cpus=1, tenant="heavy")
        ask(arbiter, f"light{i}", cpus=1, tenant="light")

    granted = arbiter.give_back("all", 1.0)

    assert sorted(name[:5] for name in granted) == ["heavy"] * 4 + ["light"] * 2


def test_a_small_run_is_served_in_turn_with_a_large_one():
    arbiter = Arbiter({"token:api": 1})
    for i in range(1000):
        ask(arbiter, f"large{i}", token_api=1, tenant="large")
    for i in range(10):
        ask(arbiter, f"small{i}", 1.0, token_api=1, tenant="small")

    order = ["large0"]
    while len(order) < 30:
        order += arbiter.give_back(order[-1], float(len(order)))

    assert max(i for i, name in enumerate(order) if name.startswith("small")) <= 20


# slipping by ---------------------------------------------------------------------------------------------------------


def test_small_requests_slip_by_a_large_one_for_a_while_and_then_no_more():
    arbiter = Arbiter({"cpus": 4}, patience_s=30.0)
    ask(arbiter, "long", cpus=1)
    ask(arbiter, "large", 0.0, cpus=4)

    assert ask(arbiter, "early", 29.0, cpus=1)
    assert not ask(arbiter, "late", 31.0, cpus=1)
    assert arbiter.give_back("early", 32.0) == []
    assert arbiter.give_back("long", 33.0) == ["large"]
    assert arbiter.give_back("large", 34.0) == ["late"]


def test_what_a_kept_request_does_not_demand_is_still_given_to_others():
    arbiter = Arbiter({"cpus": 4, "token:api": 1}, patience_s=30.0)
    ask(arbiter, "long", cpus=1)
    ask(arbiter, "large", 0.0, cpus=4)

    assert ask(arbiter, "other", 31.0, token_api=1)


def test_a_large_request_is_not_starved_by_another_run_that_always_holds_less():
    arbiter = Arbiter({"cpus": 8}, patience_s=5.0)
    ask(arbiter, "a-long", cpus=1, tenant="a")
    ask(arbiter, "b0", cpus=1, tenant="b")
    ask(arbiter, "a-large", 0.0, cpus=7, tenant="a")

    started: list[str] = []
    for i in range(20):
        now = float(i)
        if ask(arbiter, f"b{i + 1}", now, cpus=1, tenant="b"):
            started.append(f"b{i + 1}")
        started += arbiter.give_back(f"b{i}", now)

    assert "a-large" in started


def test_a_pressing_request_does_not_slip_by_one_that_was_first_for_long_enough():
    """Nothing happened for a while, so nobody had looked; what was promised holds all the same."""
    arbiter = Arbiter({"cpus": 4}, patience_s=30.0)
    ask(arbiter, "long", cpus=1)
    ask(arbiter, "large", 0.0, cpus=4)

    assert not ask(arbiter, "pressing", 31.0, cpus=1, priority=9)


def test_nothing_is_kept_for_a_request_that_was_withdrawn():
    arbiter = Arbiter({"cpus": 4}, patience_s=1.0)
    ask(arbiter, "long", cpus=1)
    ask(arbiter, "large", 0.0, cpus=4)
    ask(arbiter, "small", 2.0, cpus=1)

    assert arbiter.withdraw("large", 3.0) == ["small"]


# what people read ----------------------------------------------------------------------------------------------------


def test_the_wait_is_explained_by_who_holds_what():
    arbiter = Arbiter({"token:api": 1, "cpus": 2})
    ask(arbiter, "fetch", token_api=1, tenant="r1")
    for i in range(2):
        ask(arbiter, f"work{i}", cpus=1, tenant="r2")
    ask(arbiter, "more", 1.0, token_api=1, cpus=2, tenant="r3")

    assert arbiter.waits_for("more") == [
        "cpus: wants 2, 2 of 2 held by run r2 task work0, run r2 task work1",
        "token api: 1 of 1 held by run r1 task fetch",
    ]
    assert arbiter.waits_for("fetch") == []


def test_the_wait_for_what_is_kept_is_explained():
    arbiter = Arbiter({"cpus": 4}, patience_s=1.0)
    ask(arbiter, "long", cpus=1)
    ask(arbiter, "large", 0.0, cpus=4)
    ask(arbiter, "small", 2.0, cpus=1)

    assert arbiter.waits_for("small") == ["cpus: what is free is kept for run run task large"]


# always --------------------------------------------------------------------------------------------------------------

_DEMAND = st.fixed_dictionaries(
    {},
    optional={
        "cpus": st.sampled_from([0.5, 1.0, 2.0, 4.0]),
        "memory": st.sampled_from([100.0, 400.0, 1000.0]),
        "token:api": st.sampled_from([1.0, 2.0]),
    },
)
_STEP = st.one_of(
    st.tuples(st.just("ask"), _DEMAND, st.sampled_from("ab"), st.integers(-2, 2)),
    st.tuples(st.sampled_from(["give back", "withdraw"]), st.integers(0, 30)),
)


class Checked:
    """An arbiter that is checked after every step against a plain reading of the rules."""

    def __init__(self) -> None:
        self.arbiter = Arbiter(CAPACITY, ageing_s=3.0, patience_s=5.0)
        self.requests: dict[str, Request] = {}
        self.running: set[str] = set()
        self.waiting: set[str] = set()
        self.now = 0.0

    def ask(self, demand: dict[str, float], tenant: str, priority: int) -> None:
        name = f"r{len(self.requests)}"
        self.requests[name] = Request(name, units_of(demand), tenant, priority, self.now)
        (self.running if self.arbiter.ask(self.requests[name], self.now) else self.waiting).add(name)

    def give_back(self, name: str) -> None:
        self.running.discard(name)
        self._granted(self.arbiter.give_back(name, self.now))

    def withdraw(self, name: str) -> None:
        self.waiting.discard(name)
        self._granted(self.arbiter.withdraw(name, self.now))

    def _granted(self, names: list[str]) -> None:
        assert set(names) <= self.waiting
        self.waiting -= set(names)
        self.running |= set(names)

    def check(self) -> None:
        used = self.arbiter.in_use()
        assert set(self.arbiter.held) == self.running
        assert set(self.arbiter.waiting) == self.waiting
        assert all(used.get(name, 0.0) <= amount for name, amount in CAPACITY.items())
        free = {name: amount - used.get(name, 0.0) for name, amount in CAPACITY.items()}
        standing = self.arbiter.standing()
        if not any(w.kept_since is not None for w in standing.waiting):
            for name in self.waiting:  # with nothing kept for anybody, nobody who fits may be waiting
                assert any(amount / 1e6 > free[key] for key, amount in self.requests[name].demand)
        for name in self.waiting:
            assert self.arbiter.waits_for(name)


@settings(max_examples=120, deadline=None)
@given(st.lists(_STEP, max_size=60))
def test_never_too_much_never_idle_and_everybody_starts_in_the_end(steps):
    checked = Checked()
    for step in steps:
        checked.now += 1.0
        if step[0] == "ask":
            checked.ask(step[1], step[2], step[3])
        elif step[0] == "give back" and f"r{step[1]}" not in checked.waiting:
            checked.give_back(f"r{step[1]}")
        elif step[0] == "withdraw" and f"r{step[1]}" not in checked.running:
            checked.withdraw(f"r{step[1]}")
        checked.check()

    for _ in range(len(checked.requests)):
        for name in sorted(checked.running):
            checked.now += 1.0
            checked.give_back(name)
            checked.check()
    assert not checked.waiting
    assert not any(checked.arbiter.in_use().values())


@settings(max_examples=60, deadline=None)
@given(st.lists(_STEP, max_size=40), st.integers(0, 40))
def test_an_arbiter_made_from_what_another_remembered_decides_alike(steps, cut):
    one = Arbiter(CAPACITY, ageing_s=3.0, patience_s=5.0)
    other = Arbiter(CAPACITY, ageing_s=3.0, patience_s=5.0)
    for i, step in enumerate(steps):
        if i == cut:
            other = Arbiter(CAPACITY, ageing_s=3.0, patience_s=5.0, standing=one.standing())
        if step[0] == "ask":
            request = Request(f"r{i}", units_of(step[1]), step[2], step[3], float(i))
            assert one.ask(request, float(i)) == other.ask(request, float(i))
        elif step[0] == "give back":
            assert one.give_back(f"r{step[1]}", float(i)) == other.give_back(f"r{step[1]}", float(i))
        else:
            assert one.withdraw(f"r{step[1]}", float(i)) == other.withdraw(f"r{step[1]}", float(i))
