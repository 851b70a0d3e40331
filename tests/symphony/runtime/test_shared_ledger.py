"""Engines in several processes never hold too much, and what a dead one held is free."""

from __future__ import annotations

import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from symphony.errors import InternalError, SurroundingsError
from symphony.runtime.arbitration import Request, units_of
from symphony.runtime.shared_ledger import SharedLedger

TOKEN = units_of({"token:api": 1})
ROOT = Path(__file__).parents[3]
START = """
import os, sys
from pathlib import Path
from symphony.runtime.arbitration import Request, units_of
from symphony.runtime.shared_ledger import SharedLedger
folder, run = Path(sys.argv[1]), sys.argv[2]
TOKEN = units_of({"token:api": 1})
ledger = SharedLedger(folder / "arbitration", {})
def say(text):
    print(text, flush=True)
"""
HOLDS = (
    START
    + """
assert ledger.ask(Request("held", TOKEN, run))
say("holds")
sys.stdin.readline()
"""
)
FORKS = (
    START
    + """
assert ledger.ask(Request("held", TOKEN, run))
reading, writing = os.pipe()
if os.fork() == 0:
    os.close(1)
    sys.stdin.readline()     # lives on until the test lets it go, with every descriptor of its parent
    os._exit(0)
say("holds")
sys.stdin.readline()
"""
)
WORKS = (
    START
    + """
count = int(sys.argv[3])
log = os.open(folder / "log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
waiting = {f"{run}{i}" for i in range(count)}
running = [name for name in sorted(waiting) if ledger.ask(Request(name, TOKEN, run))]
say("asked")
while waiting:
    running += ledger.wait(30.0) if not running else []
    assert running, ledger.waits_for(min(waiting))
    name = running.pop()
    witness = os.open(folder / "witness", os.O_CREAT | os.O_EXCL)    # fails when another process holds the token too
    os.write(log, f"{run}\\n".encode())
    os.close(witness)
    os.unlink(folder / "witness")
    waiting.discard(name)
    running += ledger.give_back(name)
ledger.close()
say("done")
"""
)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts an engine in a process of its own and waits for its first line."""
    started: list[subprocess.Popen[str]] = []

    def start(program: str, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline(), process.stderr.read()
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SharedLedger]:
    with SharedLedger(tmp_path / "arbitration", {}) as ledger:
        yield ledger


def token(name: str, run: str = "mine") -> Request:
    return Request(name, TOKEN, run)


# processes -----------------------------------------------------------------------------------------------------------


def test_processes_never_hold_one_token_at_once(start: Callable[..., subprocess.Popen[str]], tmp_path: Path):
    processes = [start(WORKS, run, "150") for run in ("one", "two", "three")]

    ends = [process.communicate(timeout=60) for process in processes]

    assert [process.returncode for process in processes] == [0, 0, 0], [error for _, error in ends]
    assert sorted((tmp_path / "log").read_text().split()) == ["one"] * 150 + ["three"] * 150 + ["two"] * 150
    assert list((tmp_path / "arbitration" / "engines").iterdir()) == []


def test_a_killed_holder_frees_what_it_held_within_a_second(
    start: Callable[..., subprocess.Popen[str]], ledger: SharedLedger
):
    holder = start(HOLDS, "other")
    assert not ledger.ask(token("a"))
    assert ledger.waits_for("a") == ["token api: 1 of 1 held by run other task held"]

    holder.send_signal(signal.SIGKILL)
    killed = time.monotonic()

    assert ledger.wait(10.0) == ["a"]
    assert time.monotonic() - killed < 1.0


def test_a_process_with_more_than_a_thousand_open_files_waits_too(start: Callable[..., subprocess.Popen[str]], tmp_path: Path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(2048, hard), hard))
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(1050)]
    try:
        start(HOLDS, "other")
        crowded = SharedLedger(tmp_path / "arbitration", {})
        assert not crowded.ask(token("a"))
        assert crowded.fileno() >= 1024

        assert crowded.wait(0.01) == []
    finally:
        for descriptor in opened:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_fork_of_a_killed_holder_keeps_nothing(start: Callable[..., subprocess.Popen[str]], ledger: SharedLedger):
    holder = start(FORKS, "other")
    assert not ledger.ask(token("a"))

    holder.send_signal(signal.SIGKILL)

    assert ledger.wait(10.0) == ["a"]


def test_a_small_run_is_served_in_turn_with_a_large_one(
    start: Callable[..., subprocess.Popen[str]], ledger: SharedLedger, tmp_path: Path
):
    assert ledger.ask(token("first"))
    processes = [start(WORKS, "large", "200"), start(WORKS, "small", "10")]

    ledger.give_back("first")
    ends = [process.communicate(timeout=60) for process in processes]

    assert [process.returncode for process in processes] == [0, 0], [error for _, error in ends]
    order = (tmp_path / "log").read_text().split()
    assert max(i for i, run in enumerate(order) if run == "small") <= 20


# one process, two engines ---------------------------------------------------------------------------------------------


def test_giving_back_wakes_who_is_next(ledger: SharedLedger, tmp_path: Path):
    ledger.ask(token("a"))
    with SharedLedger(tmp_path / "arbitration", {}) as other:
        assert not other.ask(token("b", "other"))
        other.poll()

        ledger.give_back("a")

        assert select.select([other.fileno()], [], [], 0)[0]
        assert other.poll() == ["b"]


def test_leaving_frees_everything(tmp_path: Path, ledger: SharedLedger):
    with SharedLedger(tmp_path / "arbitration", {}) as other:
        assert other.ask(token("a"))
        assert not ledger.ask(token("b"))

    assert ledger.poll() == ["b"]


def test_withdrawing_lets_the_next_one_go(ledger: SharedLedger, tmp_path: Path):
    with SharedLedger(tmp_path / "arbitration", {"token:api": 2.0}, patience_s=0.0) as other:
        other.ask(token("a", "other"))
        assert not other.ask(Request("both", units_of({"token:api": 2}), "other"))
        assert not other.ask(token("c", "other"))

        assert other.withdraw("both") == ["c"]


def test_what_was_given_back_twice_is_counted_and_frees_nothing(ledger: SharedLedger):
    ledger.ask(token("a"))
    ledger.give_back("a")
    ledger.ask(token("b"))

    assert ledger.give_back("a") == []
    assert ledger.unknown == 1
    assert not ledger.ask(token("c"))


def test_a_demand_beyond_everything_is_refused(ledger: SharedLedger):
    with pytest.raises(SurroundingsError, match="asks for 2 of token api, there is 1 in all"):
        ledger.ask(Request("a", units_of({"token:api": 2})))


def test_an_id_asks_once(ledger: SharedLedger):
    ledger.ask(token("a"))

    with pytest.raises(InternalError, match="asks a second time"):
        ledger.ask(token("a"))


# damage --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"garbage", b"00000000 2\n{}", b"\xff" * 300])
def test_a_damaged_record_of_a_living_engine_is_mended_and_until_then_nothing_is_given_away(
    content: bytes, ledger: SharedLedger, tmp_path: Path
):
    with SharedLedger(tmp_path / "arbitration", {}) as other:
        ledger.ask(token("a"))
        record = next(p for p in (tmp_path / "arbitration" / "engines").iterdir() if not p.suffix)
        record.write_bytes(content)

        assert not other.ask(token("b", "other"))
        assert ledger.poll() == []
        assert other.waits_for("b") == ["token api: 1 of 1 held by run mine task a"]
        ledger.give_back("a")
        assert other.poll() == ["b"]


def test_a_damaged_record_of_a_dead_engine_is_removed(ledger: SharedLedger, tmp_path: Path):
    engines = tmp_path / "arbitration" / "engines"
    engines.mkdir(parents=True)
    (engines / "1-dead").write_bytes(b"torn")

    assert ledger.ask(token("a"))
    assert not (engines / "1-dead").exists()


def test_a_removed_folder_is_made_again(ledger: SharedLedger, tmp_path: Path):
    ledger.ask(token("a"))
    for path in sorted((tmp_path / "arbitration").rglob("*"), reverse=True):
        path.unlink() if not path.is_dir() else path.rmdir()
    (tmp_path / "arbitration").rmdir()

    ledger.poll()

    with SharedLedger(tmp_path / "arbitration", {}) as other:
        assert not other.ask(token("b", "other"))


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("")

    with pytest.raises(SurroundingsError, match=r"the ledger in .*file/arbitration cannot be made: Not a directory"):
        SharedLedger(tmp_path / "file" / "arbitration", {}).ask(token("a"))
