"""An engine that dies at one system call or another: what it leaves is whole, and its run goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from symphony_tests_reliability import small, syscalls
from symphony_tests_reliability.project import Project, digests
from symphony_tests_reliability.sizes import sampled

from symphony.store.care import verify
from symphony.store.store import Store

CALLS = ("openat", "write", "pwrite64", "fsync", "fdatasync", "rename", "ftruncate", "unlink")
POINTS = sampled(2, 150)
"""How many points of each kind of call are tried at the most, spread evenly over all of them."""

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


@pytest.mark.parametrize("call", CALLS)
def test_a_run_goes_on_after_a_kill_at_a_system_call(
    tmp_path: Path, call: str, undisturbed: tuple[dict[str, str], dict[str, int]]
) -> None:
    """At whichever call of a kind the engine dies, the run ends with the same outputs and the store is whole."""
    outputs, counts = undisturbed
    assert counts[call], f"the melody makes no {call}"
    for number in _spread(counts[call]):
        project = Project(tmp_path / str(number), small.FILES)
        words = "run", "small.yaml", "--json", "--workers", "2", "--durability", "power"

        killed = project.call(*words, prefix=syscalls.killed_at(call, number))
        after = _gone_on(project)

        assert killed.code in (-9, 137, 0), (number, killed)
        assert after == outputs, number
        with Store.open(project.state) as store:
            assert verify(store) == [], number
            assert store.runs(limit=1)[0].state == "succeeded", number


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
