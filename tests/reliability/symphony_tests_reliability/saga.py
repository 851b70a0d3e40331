"""One run over many kills: begun, killed at chance moments, taken up again, until it has ended well."""

from __future__ import annotations

import json
import random
import subprocess
import time
from dataclasses import dataclass, field
from typing import Any

from symphony_tests_reliability.project import Project
from symphony_tests_reliability.sizes import LONG
from symphony_tests_reliability.waiting import until

UNRECORDED_S = 0.25 if LONG else 0.5
"""Work that ended less than 0.25 s before a kill may be unrecorded at level ``process``; a crowded machine takes longer."""


@dataclass
class Saga:
    """What became of one run.

    Attributes:
        kills: how often its engine was killed while it ran.
        again: calls that ran although `symphony show` had listed them as done.
        forgotten: calls that ended long enough before a kill and were not listed as done, with how long before.
        orphans: processes that outlived their engine by a second, as found after each kill.
        states: what `symphony show` said of the run after each kill.
        document: the document of the last sitting.
    """

    kills: int = 0
    again: list[str] = field(default_factory=list)
    forgotten: list[tuple[str, float]] = field(default_factory=list)
    orphans: list[int] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    document: dict[str, Any] = field(default_factory=dict)


def play(project: Project, melody: str, chance: random.Random, *, kills_at_most: int, within_s: float) -> Saga:
    """Run a melody, killing its engine up to so many times, each `within_s` seconds after its start at the latest."""
    saga, begin = Saga(), ("run", melody, "--workers", "4")
    words: tuple[str, ...] = begin
    safe, done = False, set[str]()
    while True:
        before = len(project.log.lines())
        process = project.start(*words, "--json")
        if safe or saga.kills >= kills_at_most or not _killed(process, chance.uniform(0.1, within_s)):
            _ended(saga, process)
            saga.again += sorted(done & set(project.log.begun(before)))
            return saga
        saga.kills += 1
        done = _look_after(saga, project, time.time(), before, done)
        # not recorded yet: there is nothing to take up; recorded to its end: all of it is served to a new run
        safe = saga.states[-1] == "succeeded"
        words = begin if safe or not saga.states[-1] else ("resume",)


def _killed(process: subprocess.Popen[str], after_s: float) -> bool:
    """Kill a process some time after its start; whether it still ran."""
    try:
        process.wait(timeout=after_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return True
    return False


def _ended(saga: Saga, process: subprocess.Popen[str]) -> None:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, f"after {saga.kills} kills: exit {process.returncode}: {err[-3000:]}"
    saga.document = json.loads(out)


def _look_after(saga: Saga, project: Project, killed_at: float, before: int, done: set[str]) -> set[str]:
    """See what a kill left behind; returns the calls that are listed as done now."""
    if not until(lambda: not project.alive(), 1.0):
        saga.orphans += sorted(project.alive())
    lines = project.log.lines(before)
    saga.again += sorted(done & {line.task for line in lines if line.what == "begin"})
    shown = project.shown()
    saga.states.append(shown["state"] if shown else "")
    listed = {t["task"] for t in shown["tasks"] if t["state"] in ("succeeded", "cached")} if shown else set()
    saga.again += sorted(done - listed)
    saga.forgotten += [
        (line.task, killed_at - line.at)
        for line in lines
        if line.what == "end" and line.task not in listed and killed_at - line.at > UNRECORDED_S
    ]
    return listed
