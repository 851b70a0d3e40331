"""The link to a nursery: starts the program, passes orders on, and cleans up after one that was lost."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import uuid
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from symphony.ipc.framing import frame
from symphony.runtime.processes import tree
from symphony.runtime.processes.channel import Channel

MARK = "SYMPHONY_NURSERY"
"""The environment variable that names the nursery to everything below it."""
_HERE = str(Path(__file__).resolve().parents[3])
_links: weakref.WeakSet[Link] = weakref.WeakSet()


class Link:
    """A nursery, seen from the engine.

    Args:
        environment: the environment of everything below it.
        path: where modules are imported from.
        modules: what is imported ahead of the first fork.
        fork: whether workers are forked at all.
        folders: what the nursery removes when the engine is lost; the first is the spool.
    """

    def __init__(
        self, environment: Mapping[str, str], path: Sequence[str], modules: Sequence[str], *, fork: bool, folders: Sequence[Path]
    ) -> None:  # fmt: skip
        self.token = uuid.uuid4().hex
        own, other = socket.socketpair()
        given = {**environment, **self.mark}
        with other:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "symphony.runtime.processes.nursery", str(other.fileno())],
                env={**given, "PYTHONPATH": os.pathsep.join([_HERE, *filter(None, path)])},
                pass_fds=[other.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        self.channel = Channel(own)
        self.say("setup", {"environment": given, "path": list(path), "modules": list(modules), "fork": fork,
                           "folders": list(map(str, folders))})  # fmt: skip
        _links.add(self)

    @property
    def mark(self) -> dict[str, str]:
        """What the environment of everything below the nursery holds."""
        return {MARK: self.token}

    @property
    def pid(self) -> int:
        """The pid of the nursery."""
        return self._process.pid

    def say(self, *message: Any, descriptors: Sequence[int] = ()) -> None:
        """Send an order, with descriptors, which are closed here."""
        self.channel.send(frame(message), descriptors)

    def close(self, wait_s: float) -> None:
        """Have the nursery end everything below it, and wait until it is gone."""
        self.channel.close()
        try:
            self._process.wait(wait_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.clean_up()

    def clean_up(self) -> None:
        """Kill what a nursery that was lost has left behind. Workers die with it, what they started may not."""
        deadline = time.monotonic() + 1.0
        while found := tree.marked(MARK, self.token):
            tree.kill(found)
            if time.monotonic() > deadline:
                return
            time.sleep(0.002)


def _let_go_in_child() -> None:
    """A forked child of the engine must not keep the nursery alive once the engine is dead."""
    for link in list(_links):
        with contextlib.suppress(OSError):
            link.channel.close()


os.register_at_fork(after_in_child=_let_go_in_child)
