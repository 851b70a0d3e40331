"""How often the effect of a step happens when its task, its engine or its machine is lost; the page on effects names these."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from symphony_tests_reliability.project import Done, Project
from symphony_tests_reliability.waiting import until

KINDS = ("thread", "process", "shell")
PLAYERS = '''
import os
import signal
import time

from symphony import Context, operator


def effect(ctx: Context) -> None:
    """Do something to the outside world, under the key of the call."""
    handle = os.open("effects", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, f"{ctx.task_id} {ctx.idempotency_key}\\n".encode())
    os.close(handle)


def once(name: str) -> bool:
    """Whether this is asked for the first time."""
    try:
        os.close(os.open(name, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def wait() -> None:
    deadline = time.monotonic() + 30
    while os.path.exists("wait") and time.monotonic() < deadline:
        time.sleep(0.01)


@operator(version="1.0.0")
def thread(ctx: Context, ends: str = "well") -> int:
    effect(ctx)
    if ends == "badly" and once("thread-failed"):
        raise OSError("the first attempt fails")
    if ends == "late":
        wait()
    return 1


@operator(version="1.0.0")
def unsteady(ctx: Context, ends: str = "late") -> int:
    effect(ctx)
    with open("attempts", "a") as attempts:
        attempts.write(f"{ctx.attempt}\\n")
    if ctx.attempt < 3:
        raise OSError("the first two attempts fail")
    wait()
    return 1


@operator(version="1.0.0", isolation="process")
def process(ctx: Context, ends: str = "well") -> int:
    effect(ctx)
    if ends == "badly" and once("process-died"):
        os.kill(os.getpid(), signal.SIGKILL)
    if ends == "late":
        wait()
    return 1
'''
SCRIPT = """
      cd "$project"
      echo "NAME $SYMPHONY_IDEMPOTENCY_KEY" >> effects
      if [ "$ends" = badly ] && ! [ -e shell-died ]; then touch shell-died; kill -9 $$; fi
      while [ "$ends" = late ] && [ -e wait ]; do sleep 0.01; done
"""


def step(name: str, kind: str, ends: str, policy: str = "") -> str:
    """One task of a melody that has an effect."""
    if kind == "shell":
        task = f"  {name}:\n    run: |{SCRIPT.replace('NAME', name)}"
        given = f"{{project: '${{{{ params.project }}}}', ends: {ends}}}"
    else:
        task = f"  {name}:\n    player: players:{kind}\n"
        given = f"{{ends: {ends}}}"
    return f"{task}    with: {given}\n" + (f"    {policy}\n" if policy else "")


def melody(*steps: str) -> str:
    return "melody: effects\nparams: {project: {type: path}}\ntasks:\n" + "".join(steps)


class Stage:
    """A project whose steps have effects, and what happened of them."""

    def __init__(self, folder: Path, text: str) -> None:
        self.project = Project(folder, {"players.py": PLAYERS, "effects.yaml": text})

    def run(self) -> Done:
        return self.project.call("run", "effects.yaml", "-p", f"project={self.project.folder}")

    def begin(self) -> subprocess.Popen[str]:
        """Start a run whose steps wait behind their effects."""
        (self.project.folder / "wait").touch()
        return self.project.start(
            "run", "effects.yaml", "-p", f"project={self.project.folder}", "--workers", "4", "--processes", "4"
        )

    def resume(self) -> Done:
        (self.project.folder / "wait").unlink(missing_ok=True)
        return self.project.call("resume")

    def effects(self) -> Counter[str]:
        """How often each call had its effect."""
        return Counter(task for task, _ in self._lines())

    def kept_by_a_sink(self) -> Counter[str]:
        """What is left of the effects where the other side keeps one for each idempotency key."""
        return Counter(task for task, _ in set(self._lines()))

    def _lines(self) -> list[tuple[str, str]]:
        path = self.project.folder / "effects"
        lines = path.read_text().splitlines() if path.exists() else []
        return [(task, key) for task, key in (line.split() for line in lines)]

    def recorded(self) -> dict[str, str]:
        shown = self.project.shown()
        assert shown is not None
        return {t["task"]: t["state"] for t in shown["tasks"]}


RETRY = "retry: {attempts: 2, delay: 1ms}"


# A task is killed ----------------------------------------------------------------------------------------------------


def test_a_body_in_a_thread_that_fails_has_its_effect_again_with_each_attempt(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "p", melody(step("a", "thread", "badly", RETRY)))

    assert stage.run().code == 0

    assert stage.effects() == {"a": 2}
    assert stage.kept_by_a_sink() == {"a": 1}
    assert stage.recorded() == {"a": "succeeded"}


def test_a_body_whose_process_is_killed_has_its_effect_again(tmp_path: Path) -> None:
    """Without a retry: the death of a process is no fault of the task, up to the third."""
    stage = Stage(tmp_path / "p", melody(step("a", "process", "badly")))

    assert stage.run().code == 0

    assert stage.effects() == {"a": 2}
    assert stage.kept_by_a_sink() == {"a": 1}
    assert stage.recorded() == {"a": "succeeded"}


def test_a_script_that_is_killed_is_made_again_only_by_its_retry(tmp_path: Path) -> None:
    once, twice = (
        Stage(tmp_path / name, melody(step("a", "shell", "badly", policy)))
        for name, policy in (("1", ""), ("2", RETRY))
    )

    assert (once.run().code, twice.run().code) == (1, 0)

    assert (once.effects(), twice.effects()) == ({"a": 1}, {"a": 2})
    assert twice.kept_by_a_sink() == {"a": 1}
    assert (once.recorded(), twice.recorded()) == ({"a": "failed"}, {"a": "succeeded"})


# An engine or its machine is lost ------------------------------------------------------------------------------------


@pytest.fixture
def lost(tmp_path: Path) -> Stage:
    """A run whose engine was killed: one step of each kind was recorded, one has had its effect and was not at its end."""
    before = [step(f"{kind}_before", kind, "well") for kind in KINDS]
    needs = f"needs: [{', '.join(f'{kind}_before' for kind in KINDS)}]"
    within = [step(f"{kind}_within", kind, "late", needs) for kind in KINDS]
    stage = Stage(tmp_path / "p", melody(*before, *within))
    engine = stage.begin()
    assert until(lambda: len(stage.effects()) == 6, 20), stage.effects()
    assert until(lambda: list(stage.recorded().values()).count("succeeded") == 3, 20), stage.recorded()
    engine.send_signal(signal.SIGKILL)
    engine.communicate()
    assert until(lambda: not stage.project.alive(), 1.0), "nothing works on behind the back of the next engine"
    return stage


def check_that_effects_came_again(lost: Stage) -> None:
    """Every kind: what was recorded ran once, what was not ran again, and a sink that knows the key keeps one effect."""
    assert lost.effects() == {**{f"{kind}_before": 1 for kind in KINDS}, **{f"{kind}_within": 2 for kind in KINDS}}
    assert set(lost.kept_by_a_sink().values()) == {1}
    assert lost.recorded() == {
        **{f"{kind}_before": "cached" for kind in KINDS}, **{f"{kind}_within": "succeeded" for kind in KINDS}
    }  # fmt: skip


def test_steps_that_a_killed_engine_had_begun_have_their_effects_again(lost: Stage) -> None:
    assert lost.resume().code == 0

    check_that_effects_came_again(lost)


def test_a_step_has_all_its_attempts_again_after_its_engine_was_killed(tmp_path: Path) -> None:
    """Semantics 40: it was not recorded, so it is pending, and begins anew; a sink that knows the key keeps one effect."""
    stage = Stage(tmp_path / "p", melody(step("a", "unsteady", "late", "retry: {attempts: 3, delay: 1ms}")))
    attempts = stage.project.folder / "attempts"
    engine = stage.begin()
    assert until(lambda: attempts.exists() and attempts.read_text().split() == ["1", "2", "3"], 20)
    engine.send_signal(signal.SIGKILL)
    engine.communicate()
    assert stage.recorded() == {"a": "pending"}

    assert stage.resume().code == 0

    assert attempts.read_text().split() == ["1", "2", "3"] * 2
    assert stage.effects() == {"a": 6}
    assert stage.kept_by_a_sink() == {"a": 1}
    assert stage.recorded() == {"a": "succeeded"}


def test_steps_of_a_lost_machine_have_their_effects_again_once_its_lease_has_run_out(lost: Stage) -> None:
    """Another machine cannot see the death of the owner: it waits for the lease."""
    _owned_elsewhere(lost.project.state, until_s=4e9)
    refused = lost.resume()
    _owned_elsewhere(lost.project.state, until_s=1.0)

    assert refused.code == 3
    assert "far-away" in refused.err
    assert lost.resume().code == 0
    check_that_effects_came_again(lost)


def _owned_elsewhere(state: Path, until_s: float) -> None:
    """Make the lease that of another machine, which nobody hears of."""
    with closing(sqlite3.connect(state / "symphony.db")) as connection, connection:
        assert connection.execute("UPDATE leases SET host='far-away', until=?", (until_s,)).rowcount == 1
