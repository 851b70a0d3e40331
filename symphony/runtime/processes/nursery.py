"""The nursery: a small process of one thread that starts workers and shell commands, watches them, and ends them.

Run as ``python -m symphony.runtime.processes.nursery DESCRIPTOR``; the descriptor is a socket to the engine. Orphans
below it become its children, so that nothing gets away, and when the socket closes it kills everything below it.

Messages from the engine: ``setup {}``, ``fork id`` (with three descriptors), ``spawn id argv cwd env stdout stderr``,
``end id grace``. Messages to the engine: ``up``, ``threads count``, ``born id pid``, ``gone id status peak cpu``
(the root of a tree is dead) and ``clear id`` (nothing of the tree is left).
"""

from __future__ import annotations

import contextlib
import gc
import os
import selectors
import shutil
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from symphony.ipc.framing import Decoder, frame
from symphony.runtime.processes import tree
from symphony.runtime.processes.preloading import import_quietly, may_fork

_CHUNK = 64 * 1024
_LOOK_S = 0.005
_LAST_S = 5.0
_RSS_UNIT = 1024 if tree.LINUX else 1
_MOST_DESCRIPTORS = 32


@dataclass(slots=True)
class _Tree:
    """A root that was started, and what is known of its tree.

    Attributes:
        ending: whether it was asked to end, or its root is dead.
        members: what was below the root when it was looked at last.
        deadline: when what is left is killed.
    """

    id: int
    root: int
    root_lives: bool = True
    ending: bool = False
    members: tree.Members = field(default_factory=dict)
    deadline: float = 0.0


class Nursery:
    """Serves one engine until it is gone."""

    def __init__(self, control: socket.socket) -> None:
        self._control, self._decoder = control, Decoder()
        self._descriptors: list[int] = []
        self._trees: dict[int, _Tree] = {}
        self._by_root: dict[int, _Tree] = {}
        self._setup: dict[str, Any] = {}
        self._wake, self._woken = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ)
        self._selector.register(self._wake, selectors.EVENT_READ)
        for end in (self._wake, self._woken):
            end.setblocking(False)

    def serve(self) -> NoReturn:
        """Do what the engine asks until it is gone."""
        tree.load_prctl()
        tree.adopt_orphans()
        self._watch_children()
        while True:
            ending = any(t.ending for t in self._trees.values())
            ready = {key.fileobj for key, _ in self._selector.select(_LOOK_S if ending else None)}
            if self._wake in ready:
                with contextlib.suppress(BlockingIOError):
                    while self._wake.recv(_CHUNK):
                        pass
            self._bury()
            self._look_after()
            if self._control in ready:
                self._hear()

    def _watch_children(self) -> None:
        """Have the death of a child wake the selector. Imported modules may have changed it, so it is set anew."""
        signal.signal(signal.SIGCHLD, lambda number, at: None)
        signal.set_wakeup_fd(self._woken.fileno(), warn_on_full_buffer=False)

    # the engine -------------------------------------------------------------------------------------------------------

    def _hear(self) -> None:
        try:
            data, descriptors, _, _ = socket.recv_fds(self._control, _CHUNK, _MOST_DESCRIPTORS)
        except ConnectionError:
            data, descriptors = b"", []
        if not data:
            self._leave()
        self._descriptors += descriptors
        for message in self._decoder.feed(data):
            getattr(self, f"_on_{message[0]}")(*message[1:])

    def _say(self, *message: Any) -> None:
        try:
            self._control.sendall(frame(message))
        except OSError:
            self._leave()

    def _leave(self) -> NoReturn:
        """The engine is gone: so is everything below, at once."""
        for root in [t.root for t in self._trees.values()] if not tree.LINUX else []:
            tree.send({root: 0}, signal.SIGKILL)
        tree.kill_below(os.getpid(), most_s=_LAST_S)
        for folder in self._setup.get("folders", ()):
            shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)

    def _on_setup(self, setup: dict[str, Any]) -> None:
        self._setup = setup
        os.environ.clear()
        os.environ.update(setup["environment"])
        sys.path[:] = setup["path"]
        if setup["modules"]:
            import_module_of_workers()
            import_quietly(setup["modules"])
            if not may_fork():
                self._say("threads", tree.thread_count())
                self._leave()
            gc.collect()
            gc.freeze()  # what is shared with the workers is never looked at again, so it stays shared
            self._watch_children()
        self._say("up")

    # starting ---------------------------------------------------------------------------------------------------------

    def _on_fork(self, id: int) -> None:
        own, self._descriptors = self._descriptors[:3], self._descriptors[3:]
        if self._setup["fork"]:
            become_worker = import_module_of_workers()
            parent = os.getpid()
            pid = os.fork()
            if pid == 0:
                self._in_child(lambda: become_worker(*own, parent))
        else:
            pid = self._fresh_worker(own)
        for descriptor in own:
            os.close(descriptor)
        self._born(id, pid)

    def _fresh_worker(self, own: Sequence[int]) -> int:
        """A worker in an interpreter of its own, where a fork is not sound."""
        for descriptor in own:
            os.set_inheritable(descriptor, True)
        numbers = map(str, (*own, os.getpid()))
        program = [sys.executable, "-P", "-m", "symphony.runtime.processes.worker", *numbers]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        return os.posix_spawn(sys.executable, program, environment)

    def _on_spawn(
        self, id: int, argv: Sequence[str], cwd: str | None, environment: Mapping[str, str], stdout: str, stderr: str
    ) -> None:
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._in_child(lambda: _become_command(argv, cwd, environment, stdout, stderr, parent))
        self._born(id, pid)

    def _in_child(self, become: Any) -> NoReturn:
        """What a forked child does: it forgets what is the nursery's, and becomes what it is to be."""
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._selector.close()
            for end in (self._control, self._wake, self._woken):
                end.close()
            for descriptor in self._descriptors:
                os.close(descriptor)
            become()
        finally:
            os._exit(127)

    def _born(self, id: int, pid: int) -> None:
        self._trees[id] = self._by_root[pid] = _Tree(id, pid)
        self._say("born", id, pid)

    # ending -----------------------------------------------------------------------------------------------------------

    def _on_end(self, id: int, grace_s: float) -> None:
        """Ask a tree to end, and kill it after the grace period. A tree that is gone already is fine."""
        found = self._trees.get(id)
        if found is None or found.ending:
            return
        found.ending, found.deadline = True, time.monotonic() + grace_s
        found.members = tree.tree_of(found.root)
        if grace_s > 0:
            tree.ask_to_end(found.members)
        self._look_after()

    def _bury(self) -> None:
        """Take note of every child that is dead: a root, or an orphan that had come here."""
        while True:
            try:
                pid, status, used = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            found = self._by_root.pop(pid, None)
            if found is not None:
                self._root_died(found)
                peak, cpu = used.ru_maxrss * _RSS_UNIT, used.ru_utime + used.ru_stime
                self._say("gone", found.id, os.waitstatus_to_exitcode(status), peak, cpu)

    def _root_died(self, found: _Tree) -> None:
        """What a root leaves behind comes here: it has the rest of the grace period, or none."""
        found.root_lives = False
        if not found.ending:
            found.ending, found.deadline = True, 0.0
        found.members |= self._strays(found)

    def _strays(self, heir: _Tree) -> tree.Members:
        """The trees of the children here that are no roots, and belong to no other tree."""
        others = {pid for t in self._trees.values() if t is not heir for pid in (t.root, *t.members)}
        found: tree.Members = {}
        for child in tree.children_of(os.getpid()) or () if tree.LINUX else ():
            if child not in others:
                found |= tree.tree_of(child)
        return found

    def _look_after(self) -> None:
        """See what is left of trees that are ending; kill it when its time is up."""
        for found in [t for t in self._trees.values() if t.ending]:
            left = tree.alive(found.members)
            for pid in list(left):
                left |= tree.tree_of(pid)
            found.members = left
            if left and time.monotonic() >= found.deadline:
                tree.kill(left)
            if not left and not found.root_lives:
                del self._trees[found.id]
                self._say("clear", found.id)


def import_module_of_workers() -> Any:
    """The function that makes a process a worker; its module brings everything that a task call needs."""
    from symphony.runtime.processes.worker import become_worker  # a third of a second, and shell steps do without

    return become_worker


def _become_command(
    argv: Sequence[str], cwd: str | None, environment: Mapping[str, str], stdout: str, stderr: str, parent: int
) -> NoReturn:
    os.setsid()
    tree.die_with_parent(parent)
    tree.adopt_orphans()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for path, descriptor in ((stdout, 1), (stderr, 2)):
        os.dup2(os.open(path or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), descriptor)
    try:
        if cwd is not None:
            os.chdir(cwd)
        os.execvpe(argv[0], list(argv), dict(environment))
    except OSError as error:
        os.write(2, f"{argv[0]}: {error.strerror}: {error.filename or cwd}\n".encode(errors="replace"))
        os._exit(127)


def main() -> NoReturn:
    """Serve the engine at the other end of the descriptor that was handed over."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    Nursery(socket.socket(fileno=int(sys.argv[1]))).serve()


if __name__ == "__main__":
    main()
