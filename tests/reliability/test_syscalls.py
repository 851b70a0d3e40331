"""An engine that dies at one system call or another: what it leaves is whole, and its run goes on."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from symphony_tests_reliability import small, syscalls
from symphony_tests_reliability.project import Project, digests
from symphony_tests_reliability.sizes import sampled

from symphony.store.care import verify
from symphony.store.store import Store

CALLS = ("openat", "write", "pwrite64", "fsync", "fdatasync", "rename", "ftruncate", "unlink")
POINTS = int(os.environ.get("SYMPHONY_KILL_POINTS", sampled(2, 1_000_000)))
"""How many points of each kind of call are tried at the most, spread evenly over all of them: in full, every one."""
PARTS = sampled(1, 8)
"""Each kind of call is dealt out to so many tests, which may run beside each other."""
SURELY = 0.5
"""Of the calls that one run made, so many are made by every run; how many more depends on its threads."""

pytestmark = pytest.mark.skipif(bool(syscalls.why_not()), reason=syscalls.why_not())


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], dict[str, int]]:
    """The outputs of a run that nothing disturbs, and how often its busiest thread makes each kind of call."""
    folder = tmp_path_factory.mktemp("undisturbed")
    prefix = syscalls.traced(",".join(CALLS), folder / "trace")
    done = Project(folder / "p", small.FILES).call(
        "run", "small.yaml", "--json", "--durability", "power", prefix=prefix
    )
    assert done.code == 0, done.err
    return digests(done.document()), {call: syscalls.most_by_one_thread(folder / "trace", call) for call in CALLS}


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("call", CALLS)
def test_a_run_goes_on_after_a_kill_at_a_system_call(
    tmp_path: Path, call: str, part: int, undisturbed: tuple[dict[str, str], dict[str, int]]
) -> None:
    """At whichever call of a kind the engine dies, the run ends with the same outputs and the store is whole."""
    outputs, counts = undisturbed
    assert counts[call], f"the melody makes no {call}"
    survived = Survived()
    for number in _spread(counts[call])[part::PARTS]:
        if (call, number) not in survived:
            killed = _check(Project(tmp_path / str(number), small.FILES), call, number, outputs)
            assert killed or number > counts[call] * SURELY, f"{call} {number} of {counts[call]}: nothing was killed"
            survived.note(call, number, killed, of=counts[call])
            shutil.rmtree(tmp_path / str(number))


def _check(project: Project, call: str, number: int, outputs: dict[str, str]) -> bool:
    """Kill a run at one point, and see that it goes on to the right end; whether it got that far to be killed."""
    words = "run", "small.yaml", "--json", "--workers", "2", "--durability", "power"

    killed = project.call(*words, prefix=syscalls.killed_at(call, number))
    after = _gone_on(project)

    assert killed.code in (-9, 137, 0), (number, killed)
    assert after == outputs, number
    with Store.open(project.state) as store:
        assert verify(store) == [], number
        assert store.runs(limit=1)[0].state == "succeeded", number
    return killed.code != 0


class Survived:
    """The points that an earlier session found good, where ``SYMPHONY_KILL_LOG`` names a file: all of them take long."""

    def __init__(self) -> None:
        self._file = Path(os.environ.get("SYMPHONY_KILL_LOG", os.devnull))
        lines = self._file.read_text().splitlines() if self._file.is_file() else []
        self._points = {(call, int(number)) for call, number, *_ in map(str.split, lines)}

    def __contains__(self, point: tuple[str, int]) -> bool:
        return point in self._points

    def note(self, call: str, number: int, killed: bool, *, of: int) -> None:
        """Append one line; the kernel writes it whole."""
        with self._file.open("a") as log:
            log.write(f"{call} {number} {'killed' if killed else 'ended'} of {of}\n")


def _spread(count: int) -> list[int]:
    """Numbers from 1 to `count`, evenly spread: the last calls are as interesting as the first."""
    if count <= POINTS:
        return list(range(1, count + 1))
    return sorted({round(1 + i * (count - 1) / (POINTS + 1)) for i in range(1, POINTS + 1)})


def _gone_on(project: Project) -> dict[str, str]:
    """Take the run up, or begin it where the kill came before it was recorded or after its end; its outputs."""
    done = project.call("resume", "--json")
    if done.code == 2:
        done = project.call("run", "small.yaml", "--json")
    assert done.code == 0, done.err
    return digests(done.document())
