"""The pool: runs calls in processes that can be ended, a given number at a time, first come, first served."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from symphony.errors import InternalError
from symphony.ipc.framing import frame
from symphony.runtime.processes import tree
from symphony.runtime.processes.hands import Flight
from symphony.runtime.processes.orders import PlayerBody, ProcessCall
from symphony.runtime.processes.parcel import ParcelStore, make_spool, remove_spool
from symphony.runtime.processes.starting import Terms
from symphony.runtime.processes.supervisor import Supervisor


class Processes:
    """Worker processes and shell commands, at most `slots` at a time, that end when told to and die with the engine.

    Every method may be called from any thread. None waits but `close`.

    Attributes:
        parcels: packs arguments and unpacks results; `pack`, `pack_artifact`, `unpack`, `keep` and `release` may be
            called from any thread.

    Args:
        folders: where the project's modules are imported from, before everything else.
        preload: modules that are imported once, before workers are forked: those of the players of a plan.
        shared: the folder of the store, where there is one on disk; large results become its objects.
        slots: how many calls run at a time.
        grace_s: how long a process has between SIGTERM and SIGKILL.
        environment: the environment of everything; by default this process's at this moment.
        workdirs: the folder in which calls get their work folders; by default the one for temporary files.
        power: whether results in `shared` must survive a lost power supply.
        fork: whether workers are forked from a process with everything imported; else each starts a fresh interpreter.
        secrets: the providers of secrets; each worker resolves those that it needs.
    """

    def __init__(
        self,
        *,
        folders: Sequence[Path] = (),
        preload: Sequence[str] = (),
        shared: Path | None = None,
        slots: int,
        grace_s: float = 2.0,
        environment: Mapping[str, str] | None = None,
        workdirs: Path | None = None,
        power: bool = False,
        fork: bool = tree.LINUX,
        secrets: Sequence[str] = ("env",),
    ) -> None:
        self._terms = Terms(
            path=list(dict.fromkeys([*map(str, folders), *sys.path])), modules=tuple(preload), shared=shared,
            slots=max(1, slots), grace_s=grace_s, environment=dict(os.environ if environment is None else environment),
            spool=make_spool(), workdirs=(workdirs or Path(tempfile.gettempdir())) / f"symphony-{uuid.uuid4().hex[:12]}",
            power=power, fork=fork, secrets=tuple(secrets),
        )  # fmt: skip
        self.parcels = ParcelStore(self._terms.spool, shared, power=power)
        self._supervisor = Supervisor(self._terms)
        self._closing = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._supervisor.run, name="symphony-processes", daemon=True)
        self._thread.start()

    def warm(self, count: int) -> None:
        """Start workers ahead of need: have at least `count` of them, at most one per slot."""
        self._supervisor.order(self._supervisor.warm, count)

    def start(self, call: ProcessCall) -> None:
        """Take a call. It runs when a slot is free; what becomes of it is told to its callbacks.

        Raises:
            FramingError: its arguments are too many for a message.
            InternalError: the pool is closed.
        """
        if self._closed:
            raise InternalError("the pool of processes is closed and takes no calls")
        wire = frame(call.to_wire()) if isinstance(call.body, PlayerBody) else b""
        self._supervisor.order(self._supervisor.take, Flight(call, wire))

    def cancel(self, id: int) -> None:
        """End a call: one that waits is dropped, one that runs is ended with its whole tree. Unknown ids are fine."""
        self._supervisor.order(self._supervisor.cancel, id)

    def cancel_all(self) -> None:
        """End every call that was given so far."""
        self._supervisor.order(self._supervisor.cancel, None)

    def close(self) -> None:
        """End everything; what runs gets the grace period. When this returns no process, thread or file is left."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
            self._supervisor.order(self._supervisor.close)
            self._thread.join()
            remove_spool(self._terms.spool)
            shutil.rmtree(self._terms.workdirs, ignore_errors=True)

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def nursery(self) -> int:
        """The pid of the process that supervises all others."""
        return self._supervisor.nursery
