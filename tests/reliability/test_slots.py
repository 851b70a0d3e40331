"""A slot whose worker is killed is free again at once, however often that happens."""

from __future__ import annotations

import itertools
import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from symphony_tests_reliability.project import MARK
from symphony_tests_reliability.sizes import sampled
from symphony_tests_reliability.waiting import until

from symphony.runtime.processes import tree
from symphony.runtime.processes.orders import CallContext, Ended, Outcome, PlayerBody, ProcessCall
from symphony.runtime.processes.pool import Processes
from symphony.store.anchors import Anchors

SLOTS = 4
KILLS = sampled(40, 1_000)
WITHIN_S = 1.0
HERE = Path(__file__).resolve().parent / "symphony_tests_reliability"


class Pool:
    """A pool of four, and calls that are waited for."""

    def __init__(self) -> None:
        self.token = uuid.uuid4().hex
        self._numbers = itertools.count(1)
        self.pool = Processes(
            folders=[HERE],
            preload=["slot_players"],
            slots=SLOTS,
            grace_s=1.0,
            environment={**os.environ, MARK: self.token},
        )

    def give(self, name: str, **arguments: object) -> Call:
        parcels = {key: self.pool.parcels.pack(value) for key, value in arguments.items()}
        call = Call()
        body = PlayerBody("slot_players", name, f"slot_players:{name}", parcels, Anchors(HERE))
        self.pool.start(ProcessCall(next(self._numbers), body, CallContext("run", name, name), ended=call.end))
        return call

    def alive(self) -> tree.Members:
        return tree.marked(MARK, self.token)


class Call:
    """A call that was given to the pool."""

    def __init__(self) -> None:
        self._ended = Event()

    def end(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self._ended.set()

    @property
    def outcome(self) -> Outcome:
        assert self._ended.wait(20), "the call never ended"
        return self._outcome


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool()
    yield made
    made.pool.close()
    assert until(lambda: not made.alive(), 1.0), "processes are left"


def test_after_every_kill_of_a_worker_all_slots_are_free(pool: Pool, tmp_path: Path) -> None:
    """Four calls that end only when all four run at once show that there are four slots."""
    slowest = 0.0
    for number in range(KILLS):
        meeting = tmp_path / str(number)
        meeting.mkdir()

        killed = pool.give("die").outcome
        begun = time.monotonic()
        met = [pool.give("meet", folder=str(meeting), count=SLOTS) for _ in range(SLOTS)]
        ends = [call.outcome.how for call in met]
        slowest = max(slowest, time.monotonic() - begun)

        assert (killed.how, killed.signal) == (Ended.DIED, "SIGKILL"), number
        assert ends == [Ended.OK] * SLOTS, number
        assert slowest < WITHIN_S, f"after kill {number} it took {slowest:.2f} s"
    print(f"{KILLS} kills: all {SLOTS} slots worked again within {slowest * 1e3:.0f} ms")


def test_workers_killed_from_outside_leave_all_slots_free(pool: Pool, tmp_path: Path) -> None:
    """All four workers are killed while they work, again and again; four calls run at once right after."""
    for number in range(max(2, KILLS // 20)):
        (tmp_path / f"alone-{number}").mkdir()
        (tmp_path / f"all-{number}").mkdir()
        waiting = [pool.give("meet", folder=str(tmp_path / f"alone-{number}"), count=99) for _ in range(SLOTS)]
        assert until(lambda n=number: len(os.listdir(tmp_path / f"alone-{n}")) == SLOTS, 10)  # type: ignore[misc]

        for pid in os.listdir(tmp_path / f"alone-{number}"):
            os.kill(int(pid), 9)
        assert {call.outcome.how for call in waiting} == {Ended.DIED}
        met = [pool.give("meet", folder=str(tmp_path / f"all-{number}"), count=SLOTS) for _ in range(SLOTS)]

        assert [call.outcome.how for call in met] == [Ended.OK] * SLOTS
