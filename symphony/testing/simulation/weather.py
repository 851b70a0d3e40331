"""How an invented world treats those in it: which disturbances there are, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Weather:
    """Probabilities, of one message, call or commit each; and numbers of events in the whole world.

    Attributes:
        message_lost, message_doubled, message_late: between an engine and its workers, and about granted resources.
        worker_dies: in the middle of a call.
        commit_fails: the disk refuses a commit.
        kills, stops: how many engines are killed without a word, or stopped and woken later.
        intruders: how many engines try to take a run that may have an owner.
        cancels: how many requests to cancel a run there are.
        limits: the part of the runs that have a time limit.
        fail_fast: the part of the runs that stop at the first failure.
        hurried: how often a worker processes what it took at once, instead of a moment later.
    """

    message_lost: float = 0.0
    message_doubled: float = 0.0
    message_late: float = 0.0
    worker_dies: float = 0.0
    commit_fails: float = 0.0
    kills: int = 0
    stops: int = 0
    intruders: int = 0
    cancels: int = 0
    limits: float = 0.0
    fail_fast: float = 0.0
    hurried: float = 0.5


CALM = Weather()
"""Nothing is disturbed."""


def draw_weather(chance: Random) -> Weather:
    """Draw a weather: each world has some of the disturbances, so that each meets the others and none hides behind them."""

    def perhaps(amount: float) -> float:
        return amount if chance.random() < 0.35 else 0.0

    return Weather(
        message_lost=perhaps(0.05), message_doubled=perhaps(0.3), message_late=perhaps(0.1), worker_dies=perhaps(0.1),
        commit_fails=perhaps(0.05), kills=round(perhaps(3)), stops=round(perhaps(3)), intruders=round(perhaps(4)),
        cancels=round(perhaps(2)), limits=perhaps(0.5), fail_fast=perhaps(0.5), hurried=chance.choice((0.0, 0.5, 1.0)),
    )  # fmt: skip
