"""Trees of processes are found whole and killed whole."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator

import pytest
from symphony_tests_processes import until

from symphony.runtime.processes import tree

pytestmark = pytest.mark.skipif(not tree.LINUX, reason="process groups stand for trees elsewhere")
MARK = "SYMPHONY_TEST_TREE"


@pytest.fixture
def family() -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A shell with children in sessions of their own, and their mark."""
    token = uuid.uuid4().hex
    script = "setsid sh -c 'sleep 3600 & sleep 3600' & sleep 3600 & wait"
    shell = subprocess.Popen(["sh", "-c", script], env={**os.environ, MARK: token}, start_new_session=True)
    assert until(lambda: len(tree.marked(MARK, token)) == 5, 5)
    yield shell, token
    tree.kill(tree.marked(MARK, token))
    shell.wait()


def test_a_tree_is_everything_below_its_root_parents_first(family: tuple[subprocess.Popen[bytes], str]) -> None:
    shell, token = family

    found = tree.tree_of(shell.pid)

    assert set(found) == set(tree.marked(MARK, token))
    assert next(iter(found)) == shell.pid
    assert set(tree.below(shell.pid)) == set(found) - {shell.pid}


def test_children_are_found_without_the_list_of_the_kernel(
    family: tuple[subprocess.Popen[bytes], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shell, token = family

    monkeypatch.setattr(tree, "children_of", lambda pid: None)

    assert set(tree.tree_of(shell.pid)) == set(tree.marked(MARK, token))


def test_a_frozen_tree_is_stopped_to_the_last(family: tuple[subprocess.Popen[bytes], str]) -> None:
    shell, token = family

    frozen = tree.freeze([shell.pid])

    assert set(frozen) == set(tree.marked(MARK, token))
    assert until(lambda: {_state(pid) for pid in frozen} == {"T"}, 10)


def _state(pid: int) -> str:
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0]


def test_killing_leaves_nothing(family: tuple[subprocess.Popen[bytes], str]) -> None:
    shell, token = family

    tree.kill([shell.pid])

    assert until(lambda: not tree.marked(MARK, token), 10)


def test_a_pid_that_was_given_anew_is_left_alone() -> None:
    own = {os.getpid(): 1}

    assert tree.alive(own) == {}
    tree.send(own, 9)


def test_dead_and_unknown_processes_have_no_tree() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()

    assert tree.tree_of(child.pid) == {}


def test_a_process_dies_with_its_parent() -> None:
    """The grandchild is a direct child of a process that is killed."""
    program = (
        "import os, time\n"
        "from symphony.runtime.processes import tree\n"
        "parent = os.getpid()\n"
        "if os.fork() == 0:\n"
        "    tree.die_with_parent(parent)\n"
        "    print(os.getpid(), flush=True)\n"
        "    time.sleep(3600)\n"
        "time.sleep(3600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert tree.start_of(pid) is not None

    parent.kill()
    parent.wait()

    assert until(lambda: tree.start_of(pid) is None, 10)
    parent.stdout.close()
