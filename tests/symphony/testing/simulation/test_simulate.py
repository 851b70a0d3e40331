"""The simulator: everything holds in many worlds, and every world can be had again."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from symphony.runtime.tracker import Tracker
from symphony.testing.simulation import CALM, Suspects, simulate
from symphony.testing.simulation.__main__ import main
from symphony.testing.simulation.properties import PROPERTIES

SEEDS = 4000 if os.environ.get("SYMPHONY_LONG") else 400


@pytest.mark.parametrize("first", range(0, SEEDS, 100))
def test_every_property_holds_in_every_world(first: int):
    failures = [outcome.failure for outcome in map(simulate, range(first, first + 100)) if outcome.failure]

    assert failures == []


def test_every_property_holds_where_nothing_is_disturbed():
    assert [seed for seed in range(200) if simulate(seed, weather=CALM).failure] == []


class ForgetsToGiveBack(Tracker):
    def give_back(self, node: int, now: float) -> None:
        self._asked.discard(node)


def test_a_failing_world_happens_again_exactly():
    suspects = Suspects(tracker=ForgetsToGiveBack)
    seed = next(seed for seed in range(1000) if simulate(seed, suspects=suspects).failure)

    first, again = (simulate(seed, suspects=suspects, trace=True) for _ in range(2))

    assert str(first.failure) == str(again.failure)
    assert first.trace == again.trace


def test_a_world_is_the_same_in_every_process():
    """Nothing may depend on the order of a set of texts, which differs from process to process."""
    command = [sys.executable, "-m", "symphony.testing.simulation", "--seed", "23", "--trace"]
    traces = []
    for number in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": number, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
        traces.append([line for line in done.stdout.splitlines() if "  engine" in line])

    assert traces[0]
    assert traces[0] == traces[1]


def test_the_command_prints_a_table(capsys: pytest.CaptureFixture[str]):
    assert main(["--seeds", "5"]) == 0

    printed = capsys.readouterr().out
    assert "events per second" in printed
    assert "invented seconds" in printed


def test_the_command_names_what_is_checked(capsys: pytest.CaptureFixture[str]):
    assert main(["--properties"]) == 0

    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(PROPERTIES)
