"""Trees of processes: who is below whom, signals to all of them, and ties between the lives of parent and child.

On Linux a tree is everything below a process, found through ``/proc``; orphans come to the nearest subreaper, so neither
a new session nor a double fork leads out of it. Elsewhere a tree is a process group, and what leaves the group leaves
the tree: that is the whole difference, and it is kept in this module.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable
from functools import cache
from typing import Any

LINUX = sys.platform == "linux"

Members = dict[int, int]
"""Processes by pid, with the time of their start in ticks: a pid that was given anew has another one."""

_SET_DEATH_SIGNAL, _SET_SUBREAPER = 1, 36
_ROUNDS = 50
_PAUSE_S = 0.002


def adopt_orphans() -> None:
    """Make this process the new parent of every orphan below it. Stays in force over `exec`, not over `fork`."""
    _prctl(_SET_SUBREAPER, 1)


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent dies. Stays in force over `exec`, not over `fork`.

    Args:
        parent: the pid of the parent; where it is dead already this process ends here.
    """
    _prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def load_prctl() -> None:
    """Get ready for the two above, so that a forked child has nothing to import."""
    if LINUX:
        _library()


def _prctl(option: int, value: int) -> None:
    if LINUX and _library().prctl(option, value, 0, 0, 0) != 0:
        raise OSError(f"prctl({option}, {value}) failed")


@cache
def _library() -> Any:
    import ctypes  # 10 ms, and only the processes that start others need it

    return ctypes.CDLL(None, use_errno=True)


def thread_count() -> int:
    """How many threads of this process are alive, those of C libraries included; 1 where nobody can say."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return 1


# Who there is ----------------------------------------------------------------------------------------------------


def tree_of(root: int) -> Members:
    """A process and everything below it, the root first, parents before children. Zombies are left out."""
    if not LINUX:
        return {root: 0}
    return _with_start([root, *_below(root)])


def below(root: int) -> Members:
    """Everything below a process, without itself and without zombies."""
    return _with_start(_below(root)) if LINUX else {}


def _with_start(pids: Iterable[int]) -> Members:
    found: Members = {}
    for pid in pids:
        start = start_of(pid)
        if start is not None:
            found[pid] = start
    return found


def _below(root: int) -> list[int]:
    found, i = [root], 0
    parents: dict[int, list[int]] | None = None
    while i < len(found):
        pid = found[i]
        i += 1
        children = children_of(pid) if parents is None else parents.get(pid, [])
        if children is None:
            parents = _parents()
            children = parents.get(pid, [])
        found += [c for c in children if c not in found]
    return found[1:]


def children_of(pid: int) -> list[int] | None:
    """The children of a process, zombies included; none for a dead one, nothing where the kernel has no such list."""
    found: list[int] = []
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return found
    for thread in threads:
        try:
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as listed:
                found += map(int, listed.read().split())
        except FileNotFoundError:
            if os.path.exists(f"/proc/{pid}/task/{thread}/stat"):
                return None  # a kernel without CONFIG_PROC_CHILDREN
        except OSError:
            continue
    return found


def _parents() -> dict[int, list[int]]:
    """All processes of the machine by parent."""
    found: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (fields := _stat(int(name))) is not None:
            found.setdefault(int(fields[1]), []).append(int(name))
    return found


def start_of(pid: int) -> int | None:
    """When a process started, in ticks since the machine did; nothing for one that is dead or a zombie."""
    fields = _stat(pid)
    return None if fields is None or fields[0] in (b"Z", b"X") else int(fields[19])


def _stat(pid: int) -> list[bytes] | None:
    """The fields of ``/proc/PID/stat`` from the state on."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            # the name before may hold blanks and parentheses
            return stat.read().rpartition(b")")[2].split()
    except OSError:
        return None


def alive(members: Members) -> Members:
    """Those that still live."""
    if not LINUX:
        return {pid: start for pid, start in members.items() if _group_lives(pid)}
    return {pid: start for pid, start in members.items() if start_of(pid) == start}


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except OSError:
        return False
    return True


def marked(variable: str, value: str) -> Members:
    """Processes of this user that were started with an environment variable of this value."""
    if not LINUX:
        return {}
    wanted = f"{variable}={value}".encode()
    found = []
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            if name.isdigit() and int(name) != os.getpid():
                with open(f"/proc/{name}/environ", "rb") as environ:
                    if wanted in environ.read().split(b"\0"):
                        found.append(int(name))
    return _with_start(found)


# Signals ---------------------------------------------------------------------------------------------------------


def send(members: Members, sign: int) -> None:
    """Send a signal to all of these that still live, in their order."""
    for pid, start in members.items():
        with contextlib.suppress(OSError):  # dead by now, or another user's (a setuid program)
            if not LINUX:
                os.killpg(pid, sign)
            elif start_of(pid) == start:
                os.kill(pid, sign)


def ask_to_end(members: Members) -> None:
    """SIGTERM to all; stopped ones are woken to notice."""
    send(members, signal.SIGTERM)
    send(members, signal.SIGCONT)


def kill(roots: Iterable[int]) -> None:
    """SIGKILL to everything in the trees of these roots, frozen first from the top so that nothing is born meanwhile."""
    send(freeze(roots), signal.SIGKILL)


def freeze(roots: Iterable[int]) -> Members:
    """Stop the trees of these roots from the top until nothing new appears in them; gives all that are in them."""
    roots = list(roots)
    seen: Members = {}
    for _ in range(_ROUNDS):
        found: Members = {}
        for root in roots:
            found |= tree_of(root)
        new = {pid: start for pid, start in found.items() if seen.get(pid) != start}
        if not new:
            break
        send(new, signal.SIGSTOP)
        seen |= new
    return seen


def kill_below(root: int, *, most_s: float) -> bool:
    """SIGKILL everything below a process, again and again until nothing is left.

    Called in `root` itself it buries its dead as well.

    Returns:
        whether nothing is left after `most_s` seconds.
    """
    deadline = time.monotonic() + most_s
    while True:
        found = below(root)
        if found:
            send(freeze(found), signal.SIGKILL)
        _bury()
        if not below(root):
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(_PAUSE_S)


def _bury() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
