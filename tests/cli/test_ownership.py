"""One owner per run: real processes, real kills, nothing to unlock."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from symphony.runtime.watching import ask_to_cancel

SLOW = """
import pathlib, time
from typing import Annotated
from symphony import ByName, melody, operator

@operator(version="1.0.0", fingerprint=lambda **_: {})
def step(n: int, folder: Annotated[pathlib.Path, ByName]) -> int:
    with (folder / "log").open("a") as log:
        log.write(f"{n}\\n")
    deadline = time.monotonic() + 20
    while n == 2 and (folder / "wait").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return n

@melody(version="1.0.0")
def slow(folder: pathlib.Path):
    a = step(n=1, folder=folder)
    b = step(n=2, folder=folder).after(a)
    c = step(n=3, folder=folder).after(b)
    return {"last": c}
"""


class Work:
    """A project in a folder, and the processes that run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.seen = folder, folder / "seen"
        self.seen.mkdir()
        (folder / "slow.py").write_text(SLOW)
        self.processes: list[subprocess.Popen[str]] = []

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "symphony", *words], cwd=self.folder, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, start_new_session=True, env={**os.environ, **environment},
        )  # fmt: skip
        self.processes.append(process)
        return process

    def begin(self, **environment: str) -> subprocess.Popen[str]:
        """Start a run that waits in its second task."""
        (self.seen / "wait").touch()
        process = self.start("run", "slow.py", "-p", f"folder={self.seen}", "--workers", "2", **environment)
        self.until(lambda: "2" in self.made())
        self.until(lambda: self.shown()["tasks"][0]["state"] == "succeeded")
        return process

    def made(self) -> list[str]:
        log = self.seen / "log"
        return log.read_text().split() if log.exists() else []

    def shown(self, run: str = "last") -> dict[str, Any]:
        done = self.start("show", run, "--json")
        out, err = done.communicate(timeout=30)
        assert done.returncode == 0, err
        found: dict[str, Any] = json.loads(out)
        return found

    def until(self, holds: Any, seconds: float = 20.0) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, "it did not come true in time"
            time.sleep(0.03)


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Work]:
    made = Work(tmp_path)
    yield made
    for process in made.processes:
        if process.poll() is None:
            process.kill()
            process.send_signal(signal.SIGCONT)
        process.communicate()


def test_a_run_is_cancelled_from_another_terminal(work: Work) -> None:
    """What runs in processes is ended truly, at once, and nothing is left behind."""
    (work.folder / "long.yaml").write_text(
        "melody: long\ntasks:\n  a: {run: 'touch seen/begun; sleep 600'}\n  b: {run: 'true', needs: [a]}\n".replace(
            "seen/begun", str(work.seen / "begun")
        )
    )
    running = work.start("run", "long.yaml")
    work.until((work.seen / "begun").exists)

    out, err = work.start("cancel", "last", "--json").communicate(timeout=30)

    assert json.loads(out)["state"] == "cancelled", err
    _, told = running.communicate(timeout=10)
    assert running.returncode == 130
    assert "left behind" not in told
    assert [t["state"] for t in work.shown()["tasks"]] == ["cancelled", "cancelled"]


def test_a_body_that_does_not_end_is_left_behind_when_the_run_is_cancelled(work: Work) -> None:
    """Semantics 52"""
    running = work.begin()

    done = work.start("cancel", "last", "--json")
    out, err = done.communicate(timeout=30)

    assert json.loads(out)["state"] == "cancelled", err
    assert running.wait(timeout=10) == 130
    assert [t["state"] for t in work.shown()["tasks"]] == ["succeeded", "cancelled", "cancelled"]


def test_a_request_to_cancel_that_came_too_late_does_not_end_the_next_sitting(work: Work) -> None:
    running = work.begin()
    running.kill()
    running.wait()
    (work.seen / "wait").unlink()
    ask_to_cancel(work.folder / ".symphony", work.shown()["run"])

    out, err = work.start("resume", "--json").communicate(timeout=30)

    assert json.loads(out)["state"] == "succeeded", err


def test_only_a_run_that_goes_on_can_be_cancelled(work: Work) -> None:
    work.start("run", "slow.py", "-p", f"folder={work.seen}").communicate(timeout=30)

    done = work.start("cancel", "last")

    assert done.wait(timeout=30) == 2
    assert "is not running but succeeded: there is nothing to cancel" in done.communicate()[1]


def test_after_a_kill_the_next_command_works_at_once_and_the_run_reads_interrupted(work: Work) -> None:
    """Semantics 40, 44: nothing to unlock; unfinished tasks of an interrupted run read pending."""
    running = work.begin()
    running.kill()
    running.wait()
    (work.seen / "wait").unlink()

    shown = work.shown()
    assert shown["state"] == "interrupted"
    assert [t["state"] for t in shown["tasks"]] == ["succeeded", "pending", "pending"]
    resumed = work.start("resume", "--json")
    out, err = resumed.communicate(timeout=30)
    assert resumed.returncode == 0, err
    assert json.loads(out)["state"] == "succeeded"
    assert work.made() == ["1", "2", "2", "3"]


def test_of_eight_resumes_at_once_one_goes_on(work: Work) -> None:
    running = work.begin()
    running.kill()
    running.wait()

    resumes = [work.start("resume", "--json") for _ in range(8)]
    work.until(lambda: sum(p.poll() is not None for p in resumes) >= 7, 60.0)
    (work.seen / "wait").unlink()
    ends = [(p.communicate(timeout=30), p.returncode) for p in resumes]

    assert sorted(code for _, code in ends) == [0, *[3] * 7]
    refused = [err for (_, err), code in ends if code == 3]
    assert all("is being run by process" in err and " on " in err for err in refused), refused
    assert work.made() == ["1", "2", "2", "3"]


def test_an_owner_that_wakes_up_after_its_lease_was_taken_writes_nothing(work: Work) -> None:
    stopped = work.begin(SYMPHONY_LEASE="1s")
    os.kill(stopped.pid, signal.SIGSTOP)
    time.sleep(1.1)  # the lease runs out

    second = work.start("resume", "--json", SYMPHONY_LEASE="30s")
    work.until(lambda: work.made().count("2") >= 2)
    os.kill(stopped.pid, signal.SIGCONT)
    _, err = stopped.communicate(timeout=30)
    (work.seen / "wait").unlink()
    out, second_err = second.communicate(timeout=30)

    assert stopped.returncode == 3, err
    assert "was taken over by process" in err
    assert second.returncode == 0, second_err
    assert json.loads(out)["state"] == "succeeded"
    shown = work.shown()
    assert [t["state"] for t in shown["tasks"]] == ["cached", "succeeded", "succeeded"]


def test_a_run_that_takes_too_long_fails_and_says_so(work: Work) -> None:
    (work.seen / "wait").touch()

    done = work.start("run", "slow.py", "-p", f"folder={work.seen}", "--timeout", "1s", "--json")
    out, err = done.communicate(timeout=30)

    assert done.returncode == 1, err
    document = json.loads(out)
    assert document["state"] == "failed"
    assert "took longer than the 1 s" in document["failures"][-1]["error"]["message"]
