"""One call of a worker is ended while another goes on: processes are gone, coroutines cancelled, threads told."""

from __future__ import annotations

import asyncio
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from symphony import Context, bootstrap, melody, operator
from symphony.runtime.remote.remote_call import RemoteCall
from symphony.runtime.remote.sheet import RunSheet
from symphony.runtime.remote.worker import CallWorker


@operator(isolation="process", cache=False)
def deaf(log: str) -> int:
    import signal

    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen(["setsid", "sleep", "3600"])
    Path(log).write_text(f"{os.getpid()} {child.pid}")
    time.sleep(3600)
    return 1


@operator(cache=False)
def obedient(log: str, ctx: Context) -> int:
    Path(log).write_text("0")
    while not ctx.cancelled:
        ctx.sleep(3600)
    Path(log + ".ended").write_text("")
    return 1


@operator(cache=False)
async def awaited(log: str) -> int:
    Path(log).write_text("0")
    try:
        await asyncio.sleep(3600)
    finally:
        Path(log + ".ended").write_text("")
    return 1


@operator(cache=False)
def waits(go: str) -> int:
    while not Path(go).exists():
        time.sleep(0.01)
    return 2


@melody
def bodies(log: str, go: str):
    a = deaf(log=log)
    b = obedient(log=log)
    c = awaited(log=log)
    d = waits(go=go)
    return {"a": a, "b": b, "c": c, "d": d}


SHELL = """
melody: shell
params: {log: {type: string}}
tasks:
  script:
    cache: false
    run: 'trap "" TERM; setsid sleep 3600 & echo "$$ $!" > "$log.new"; mv "$log.new" "$log"; while :; do sleep 1; done'
    with: {log: "${{ params.log }}"}
"""


class Under:
    """A worker with the calls that threads have it make."""

    def __init__(self, folder: Path, plan: Any, params: dict[str, Any]) -> None:
        self.told: list[dict[str, Any]] = []
        sheet = RunSheet(
            run="r", plan=plan.to_text(), root=str(folder), recorded=False, processes=2,
            params={name: ("value", _parcel(value)) for name, value in params.items()},
        )  # fmt: skip
        self.worker = CallWorker(sheet, self.told.append)
        self.threads: list[threading.Thread] = []

    def make(self, task: str) -> None:
        call = RemoteCall(f"{task}#1", "r", task, task, -1, 1, (task,))
        self.threads.append(threading.Thread(target=self.worker.perform, args=(call, {}), daemon=True))
        self.threads[-1].start()

    def how(self, task: str) -> str | None:
        return next((n["how"] for n in self.told if n["what"] == "ended" and n["call"] == f"{task}#1"), None)


def _parcel(value: str) -> Any:
    import tempfile

    from symphony.runtime.processes.parcel import ParcelStore

    return ParcelStore(Path(tempfile.gettempdir())).pack(value).to_wire()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Under]]:
    made: list[Under] = []

    def start(plan: Any, **params: Any) -> Under:
        made.append(Under(tmp_path, plan, params))
        return made[-1]

    yield start
    for under in made:
        under.worker.close()


def until(true: Callable[[], Any], seconds: float = 20.0) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := true():
            return found
        time.sleep(0.02)
    raise AssertionError(f"it did not come to this within {seconds:g} s")


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.parametrize("task", ["deaf", "obedient", "awaited"])
def test_a_call_is_ended_and_the_other_goes_on(tmp_path: Path, opened: Callable[..., Under], task: str) -> None:
    """Semantics 52: processes are promised to be gone, with what they started; threads and coroutines are told."""
    log, go = tmp_path / "log", tmp_path / "go"
    under = opened(bootstrap.compile(bodies), log=str(log), go=str(go))
    names = dict(zip(("deaf", "obedient", "awaited", "waits"), "abcd", strict=True))
    under.make(names["waits"])
    under.make(names[task])
    pids = until(lambda: log.exists() and log.read_text().split())

    under.worker.end([f"{names[task]}#1"])

    if task == "deaf":
        until(lambda: all(is_gone(int(pid)) for pid in pids))
    else:
        until(lambda: Path(f"{log}.ended").exists())
    until(lambda: under.how(names[task]))
    assert under.how(names[task]) == ("succeeded" if task == "obedient" else "cancelled")
    assert under.how(names["waits"]) is None
    go.write_text("")
    assert until(lambda: under.how(names["waits"])) == "succeeded"


def test_a_script_is_ended_with_what_it_started(tmp_path: Path, opened: Callable[..., Under]) -> None:
    log = tmp_path / "log"
    (tmp_path / "shell.yaml").write_text(SHELL)
    under = opened(bootstrap.compile(tmp_path / "shell.yaml"), log=str(log))
    under.make("script")
    pids = until(lambda: log.exists() and log.read_text().split())

    under.worker.end(["script#1"])

    until(lambda: all(is_gone(int(pid)) for pid in pids))
    assert until(lambda: under.how("script")) == "cancelled"
    under.make("script")
    assert until(lambda: sum(n["what"] == "ended" for n in under.told) == 2)
    assert [n["what"] for n in under.told].count("started") == 1
