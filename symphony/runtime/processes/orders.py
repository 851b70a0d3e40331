"""What is asked of the pool of processes, and what comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from symphony.model.frozen import EMPTY
from symphony.runtime.processes.parcel import Parcel
from symphony.store.anchors import Anchors


@dataclass(frozen=True, slots=True)
class PlayerBody:
    """A player to call.

    Attributes:
        module, qualname, name: where the player is found, and what it is called.
        arguments: the inputs by port.
        anchors: what names of paths in the results are relative to.
        secrets: ports that take a secret, with its name; the worker resolves it.
        checked: ports whose value is checked against the port's type before the call.
        strict: whether inputs are digested before and after the call.
    """

    module: str
    qualname: str
    name: str
    arguments: Mapping[str, Parcel]
    anchors: Anchors
    secrets: Mapping[str, str] = EMPTY
    checked: Sequence[str] = ()
    strict: bool = False


@dataclass(frozen=True, slots=True)
class ShellBody:
    """A command to run, in a session of its own.

    Attributes:
        argv: the program and its arguments.
        cwd: the current folder.
        environment: all environment variables.
        stdout, stderr: the files that take what it prints; made anew.
    """

    argv: Sequence[str]
    cwd: Path
    environment: Mapping[str, str]
    stdout: Path
    stderr: Path


@dataclass(frozen=True, slots=True)
class CallContext:
    """What the context of the body says: run, call (``stats[3]``), task, element from 0, attempt from 1."""

    run_id: str
    task_id: str
    task: str
    index: int = 0
    attempt: int = 1


class Ended(StrEnum):
    """How a call ended. A command that ended by itself is `OK` whatever its status."""

    OK = "ok"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    CANCELLED = "cancelled"
    DIED = "died"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended.

    Attributes:
        how: see `Ended`.
        outputs: the outputs of a player, by name.
        measured: ``wall_s``, ``cpu_s``, ``peak_memory_bytes``; for players also ``load_s``, ``compute_s``, ``save_s``,
            ``bytes_in``, ``bytes_out``. Of a call that did not end by itself: what is known.
        error: ``type``, ``message`` and ``traceback`` of what a player raised, or of its death.
        error_types: the names of the class of the error and of its bases, nearest first.
        exit_status: of a command that ended by itself, or of a worker that left in the middle of a call.
        signal: the name of the signal that ended the process, such as ``SIGKILL``.
        last_lines: up to 50 lines that it printed or logged last, where it died.
        deaths: how often this call, by its id, has cost a process so far.
    """

    how: Ended
    outputs: Mapping[str, Parcel] = EMPTY
    measured: Mapping[str, float] = EMPTY
    error: Mapping[str, Any] | None = None
    error_types: tuple[str, ...] = ()
    exit_status: int | None = None
    signal: str = ""
    last_lines: tuple[Mapping[str, Any], ...] = ()
    deaths: int = 0


def _nothing(*_: Any) -> None:
    return


@dataclass(slots=True, eq=False)
class ProcessCall:
    """A call for the pool. The callbacks run on the supervisor's thread and must be quick.

    Attributes:
        id: names the call; the same for every attempt that should be counted as the same call.
        timeout_s: how long it may run from its start.
        safe: whether it may be made again without harm when the worker is lost before its turn came to an end. Short
            safe calls are sent to a worker one ahead, very short ones without a timeout several at once.
        started: takes the name of the worker, and the time since the epoch.
        logged: takes a line: ``at``, ``task``, ``attempt``, ``level``, ``message``, ``origin``.
        progressed: takes done and total.
        ended: takes the outcome; called once, last.
    """

    id: int
    body: PlayerBody | ShellBody
    context: CallContext
    timeout_s: float | None = None
    safe: bool = False
    started: Callable[[str, float], None] = _nothing
    logged: Callable[[Mapping[str, Any]], None] = _nothing
    progressed: Callable[[float, float | None], None] = _nothing
    ended: Callable[[Outcome], None] = field(default=_nothing)

    def to_wire(self) -> list[Any]:
        """The call as a worker is told of it."""
        body, c = self.body, self.context
        assert isinstance(body, PlayerBody)
        return [
            "call", self.id, [body.module, body.qualname, body.name],
            {name: parcel.to_wire() for name, parcel in body.arguments.items()}, dict(body.secrets), list(body.checked),
            [c.run_id, c.task_id, c.task, c.index, c.attempt],
            [str(body.anchors.root), [[name, str(folder)] for name, folder in body.anchors.params]], body.strict,
        ]  # fmt: skip
