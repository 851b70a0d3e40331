"""Calls that were cancelled in the engine while they had begun at their worker."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest

from symphony.runtime.engine import Engine
from symphony.runtime.remote.parting import Parting
from symphony.runtime.remote.remote_call import CANCELLED, ended

STARTED = {"call": "a#1", "what": "started", "at": 1.0, "worker": "w1"}


class Followed:
    """What is needed of an engine: names of calls, and where log lines go."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.net = SimpleNamespace(path=lambda node: {7: "a", 8: "b"}[node])
        self.teller = SimpleNamespace(log=self.lines.append)


@pytest.fixture
def engine() -> Followed:
    return Followed()


@pytest.fixture
def parting(engine: Followed) -> Parting:
    return Parting(cast(Engine, engine))


def test_one_that_had_begun_and_does_not_end_is_reported(engine: Followed, parting: Parting) -> None:
    """Semantics 52."""
    parting.forgotten(7, "a#1", [STARTED])
    parting.told(["a#1"])

    assert parting.left_behind(0.01) == ["a"]
    assert [(line["task"], line["level"]) for line in engine.lines] == [("a", "warning")]
    assert "had begun on w1" in engine.lines[0]["message"]


def test_one_that_has_not_begun_is_not_waited_for(engine: Followed, parting: Parting) -> None:
    parting.forgotten(7, "a#1", [])
    parting.told(["a#1"])

    assert parting.left_behind(60.0) == []
    assert engine.lines == []


def test_one_whose_start_is_heard_only_now_is_waited_for_until_it_ends(engine: Followed, parting: Parting) -> None:
    parting.forgotten(7, "a#1", [])
    parting.heard(STARTED)
    found: list[list[str]] = []
    waiting = threading.Thread(target=lambda: found.append(parting.left_behind(60.0)))
    waiting.start()

    parting.told(["a#1"])
    waiting.join(0.05)
    assert waiting.is_alive()
    parting.heard(ended("a#1", CANCELLED))
    waiting.join(10)

    assert found == [[]]
    assert engine.lines == []


def test_news_of_other_calls_are_let_be(parting: Parting) -> None:
    parting.forgotten(7, "a#1", [])
    parting.told(["a#1"])
    parting.heard({"call": "b#1", "what": "started", "at": 1.0, "worker": "w1"})

    assert parting.left_behind(0.0) == []
