"""Bodies that do not want to end, under a timeout and under ``symphony cancel``: in processes nothing of them is left."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from symphony_tests_reliability import nasty
from symphony_tests_reliability.project import Project
from symphony_tests_reliability.sizes import LONG
from symphony_tests_reliability.waiting import until

from symphony.runtime.processes import tree

GONE_S = 2.5 if LONG else 5.0
"""From the begin of a body with a timeout of 1 s, or from the request to cancel, until nothing is left: 2.5 s are promised, a
crowded machine takes longer."""
THREADS_GONE_S = 4.0 if LONG else 6.0
"""From the request to cancel until the engine has ended: a look at requests, 2 s of grace, the end of the program."""
KILLED_S = 8.0 if LONG else 11.0
"""The same, where a body keeps the engine from answering."""
CASTS = {"all": nasty.BODIES} | ({name: (name,) for name in nasty.BODIES} if LONG else {})
"""Which bodies play together: all of them; in full each one alone too."""

pytestmark = pytest.mark.skipif(not tree.LINUX, reason="processes are looked for in /proc")


class Stage:
    """A run of nasty bodies, and what is alive of it."""

    def __init__(self, folder: Path, players: tuple[str, ...], policy: str = "") -> None:
        self.players = players
        text = nasty.melody(*players, policy=policy)
        self.project = Project(folder / "p", {"players.py": nasty.PLAYERS, "nasty.yaml": text})
        count = str(len(players))
        self.engine = self.project.start("run", "nasty.yaml", "--workers", count, "--processes", count)

    def begun_at(self) -> float:
        """Wait until all bodies have begun; when the last one did, seconds since the epoch."""
        marks = [self.project.folder / f"begun-{name}" for name in self.players]
        assert until(lambda: all(mark.exists() for mark in marks) or self.engine.poll() is not None, 30), marks
        assert all(mark.exists() for mark in marks), self.engine.communicate()
        return max(mark.stat().st_mtime for mark in marks)

    def left(self) -> tree.Members:
        """What lives of the run besides its engine."""
        return {pid: start for pid, start in self.project.alive().items() if pid != self.engine.pid}

    def cancel(self) -> subprocess.Popen[str]:
        """Cancel the run from another process; returns once that has asked."""
        command = self.project.start("cancel", "last")
        assert until(lambda: [*self.project.state.glob("locks/*.cancel")], 10), command.communicate()
        return command

    def gone(self, *but: subprocess.Popen[str]) -> bool:
        """Whether the engine has ended and nothing of the run lives, but for these commands."""
        return self.engine.poll() is not None and self.left().keys() <= {command.pid for command in but}

    def states(self) -> dict[str, str]:
        shown = self.project.shown()
        assert shown is not None
        return {task["task"]: task["state"] for task in shown["tasks"]}

    def end(self) -> None:
        tree.send(self.project.alive(), 9)
        self.engine.communicate()


@pytest.fixture
def stages() -> Iterator[list[Stage]]:
    """Stages whose processes end with the test, whatever it finds."""
    made: list[Stage] = []
    yield made
    for stage in made:
        stage.end()


@pytest.mark.parametrize("players", CASTS.values(), ids=CASTS)
def test_bodies_in_processes_are_gone_after_their_timeout(
    tmp_path: Path, stages: list[Stage], players: tuple[str, ...]
) -> None:
    stages.append(stage := Stage(tmp_path, players, ", timeout: 1s"))
    begun = stage.begun_at()
    assert stage.left()

    gone = until(stage.gone, begun + GONE_S - time.time())
    took = time.time() - begun

    assert gone, (stage.engine.poll(), stage.left())
    assert stage.engine.returncode == 1
    assert stage.states() == dict.fromkeys(players, "failed")
    print(f"{', '.join(players)}, timeout 1 s: all gone {took:.2f} s after they began")


@pytest.mark.parametrize("players", CASTS.values(), ids=CASTS)
def test_bodies_in_processes_are_gone_after_a_cancel(
    tmp_path: Path, stages: list[Stage], players: tuple[str, ...]
) -> None:
    stages.append(stage := Stage(tmp_path, players))
    stage.begun_at()
    assert stage.left()

    cancel = stage.cancel()
    asked = time.time()
    gone = until(lambda: stage.gone(cancel), GONE_S)
    took = time.time() - asked

    assert gone, (stage.engine.poll(), stage.left())
    said = cancel.communicate(timeout=30)
    assert (cancel.returncode, stage.engine.returncode) == (0, 130), said
    assert stage.states() == dict.fromkeys(players, "cancelled")
    assert "left behind" not in stage.engine.communicate()[1]
    print(f"{', '.join(players)}: all gone {took:.2f} s after the request to cancel")


@pytest.mark.parametrize("players", [cast for cast in CASTS.values() if cast != ("matches",)], ids=" ".join)
def test_bodies_in_threads_are_reported_abandoned_after_a_cancel(
    tmp_path: Path, stages: list[Stage], players: tuple[str, ...]
) -> None:
    """Semantics 52: the engine has ended a moment after the grace period; what a thread had started is nobody's."""
    names = tuple(f"{player}_in_a_thread" for player in players if player != "matches")
    stages.append(stage := Stage(tmp_path, names))
    stage.begun_at()

    cancel = stage.cancel()
    asked = time.time()
    ended = until(lambda: stage.engine.poll() is not None, THREADS_GONE_S)
    took = time.time() - asked

    assert ended, stage.left()
    said = cancel.communicate(timeout=30)
    assert (cancel.returncode, stage.engine.returncode) == (0, 130), said
    tree.send(stage.left(), 9)  # they hold on to the streams of the engine
    told = "".join(stage.engine.communicate())
    assert all(name in told.split("could not be stopped and were left behind: ")[1] for name in names), told
    assert stage.states() == dict.fromkeys(names, "cancelled")
    print(f"{', '.join(names)}: the engine ended {took:.2f} s after the request to cancel")


def test_an_engine_whose_body_holds_the_interpreter_is_killed_by_a_cancel(tmp_path: Path, stages: list[Stage]) -> None:
    """No line of the engine runs any more, so nothing of it can answer: whoever cancels ends it."""
    stages.append(stage := Stage(tmp_path, ("matches_in_a_thread",)))
    stage.begun_at()

    cancel = stage.cancel()
    asked = time.time()
    gone = until(lambda: stage.gone(cancel), KILLED_S)
    took = time.time() - asked

    assert gone, (stage.engine.poll(), stage.left())
    assert "did not answer and was killed" in cancel.communicate(timeout=30)[1]
    assert (cancel.returncode, stage.engine.returncode) == (0, -9)
    assert stage.project.run_states() == ["interrupted"]
    assert stage.states() == {"matches_in_a_thread": "pending"}
    print(f"a body that holds the interpreter: the engine was killed {took:.2f} s after the request to cancel")
