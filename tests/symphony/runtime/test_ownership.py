"""Only the process that has the lock of a run open is killed as its owner."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from symphony.runtime.ownership import kill_owner, lock_path
from symphony.store.records import Lease, RunRecord
from symphony.store.store import Store

HOLDS = "import sys; lock = open(sys.argv[1], 'w'); print('ready', flush=True); sys.stdin.read()"

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="who has a file open is read in /proc")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path) as opened:
        yield opened


@pytest.fixture
def holder(store: Store) -> Iterator[subprocess.Popen[str]]:
    """A process that has the lock of the first sitting of the run open."""
    assert store.folder is not None
    path = lock_path(store.folder, "r", 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-c", HOLDS, str(path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.communicate()


def lease(pid: int, *, sitting: int = 1, host: str = "") -> Lease:
    return Lease("r", sitting, host or socket.gethostname(), pid, time.time() + 60)


def test_the_owner_is_killed(store: Store, holder: subprocess.Popen[str]) -> None:
    store.begin_run(RunRecord("r", "m"), lease(holder.pid))

    assert kill_owner(store, "r")

    assert holder.wait(10) == -9


@pytest.mark.parametrize("other", [{"sitting": 2}, {"host": "far-away"}], ids=["of another sitting", "elsewhere"])
def test_a_process_that_does_not_own_the_sitting_is_left_alone(
    store: Store, holder: subprocess.Popen[str], other: dict[str, object]
) -> None:
    store.begin_run(RunRecord("r", "m"), lease(holder.pid, **other))  # type: ignore[arg-type]

    assert not kill_owner(store, "r")

    assert holder.poll() is None


def test_a_number_that_the_system_gave_to_another_process_is_not_trusted(
    store: Store, holder: subprocess.Popen[str]
) -> None:
    store.begin_run(RunRecord("r", "m"), lease(os.getpid()))

    assert not kill_owner(store, "r")


def test_a_run_that_has_ended_has_no_owner(store: Store) -> None:
    store.begin_run(RunRecord("r", "m"))

    assert not kill_owner(store, "r")
