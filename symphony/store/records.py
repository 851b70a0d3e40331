"""What the journal and the key table hold, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from symphony.model.artifact import Artifact
from symphony.model.frozen import EMPTY
from symphony.model.states import RunState, TaskState


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """The result that belongs to a key.

    Attributes:
        outputs: the artifact of each output port.
        run: the run that computed it.
        task: the call of that run, such as ``stats[3]``.
        parts: the named parts that the key was made of, as plain data.
    """

    outputs: Mapping[str, Artifact]
    run: str = ""
    task: str = ""
    parts: Mapping[str, Any] = field(default=EMPTY)


@dataclass(frozen=True, slots=True)
class Lease:
    """Who owns a run, and until when that holds unless it is renewed.

    Attributes:
        sitting: the number of the sitting; what comes with an older one is not written.
        until: seconds since the epoch.
    """

    run: str
    sitting: int
    host: str
    pid: int
    until: float


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run, as `show` and `runs` tell it. Times are seconds since the epoch.

    Attributes:
        id: the run.
        melody: the name of the melody.
        plan_hash: the hash of the recorded plan.
        plan_text: the plan file; `Store.runs` leaves it out.
        params: the parameters, plain data.
        executor: the name of the executor.
        env_name: the name of the environment, or an empty string.
        options: how it was started, plain data; a resume starts it the same way.
        tags: words to find it by.
        state: where it stands.
        started_at: when it began.
        ended_at: when it ended, or nothing.
        host: the machine of its engine.
        pid: the process of its engine.
        boot_id: the boot of that machine, which tells a process id used twice.
        sitting: how many times it was taken up, from 1; a resume is a new sitting.
        outputs: its outputs, plain data.
        failure: what made it fail, plain data, or nothing.
        counts: the tasks of the melody by how they ended; empty while it runs.
        players: what the pool tells of players that were kept set up, plain data; empty where there were none.
        measures: what was measured of its last sitting: `seconds` of work, and how many `workers`, `processes` and `cpus`
            there were; empty while it runs.
    """

    id: str
    melody: str
    plan_hash: str = ""
    plan_text: str = ""
    params: Mapping[str, Any] = field(default=EMPTY)
    executor: str = ""
    env_name: str = ""
    options: Mapping[str, Any] = field(default=EMPTY)
    tags: tuple[str, ...] = ()
    state: RunState = RunState.RUNNING
    started_at: float = 0.0
    ended_at: float | None = None
    host: str = ""
    pid: int = 0
    boot_id: str = ""
    sitting: int = 1
    outputs: Mapping[str, Any] = field(default=EMPTY)
    failure: Any = None
    counts: Mapping[str, int] = field(default=EMPTY)
    players: Mapping[str, Any] = field(default=EMPTY)
    measures: Mapping[str, Any] = field(default=EMPTY)


@dataclass(slots=True)
class CallRecord:
    """One call of a task as the journal knows it. The last record of a call tells where it stands.

    Attributes:
        run: the run.
        task: the task path, such as ``stats`` or ``child[3].x``.
        index: the element of `each`, or -1.
        state: where the call stands.
        attempt: the attempt that ended, from 1; 0 where none began.
        started_at: when the attempt began, seconds since the epoch.
        ended_at: when it ended.
        waited_s: how long it was ready before it began.
        worker: who ran it.
        key: its key, 64 hexadecimal digits, or nothing.
        outputs: the artifact of each output port, or nothing.
        error: type, message and traceback, or nothing.
        parts: the named parts of the key, or nothing where `Store.remember` was given them.
        note: the cause of a skip.
        measures: what was measured of it by name: `load_s`, `compute_s`, `save_s`, `cpu_s`, `peak_memory_bytes`, `bytes_in`,
            `bytes_out`, `waited_for` in words, and `tried`, the attempts before the last; nothing where it was not.
    """

    run: str
    task: str
    index: int
    state: TaskState
    attempt: int = 0
    started_at: float | None = None
    ended_at: float | None = None
    waited_s: float | None = None
    worker: str | None = None
    key: str | None = None
    outputs: Mapping[str, Artifact] | None = None
    error: Mapping[str, Any] | None = None
    parts: Mapping[str, Any] | None = None
    note: str | None = None
    measures: Mapping[str, Any] | None = None
