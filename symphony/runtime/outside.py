"""Calls whose bodies run in processes of their own: isolated players and shell steps, timed out and ended truly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from symphony.errors import StoreError
from symphony.model.artifact import Artifact
from symphony.runtime.call import Commit, Prepared, Result, TaskCalls
from symphony.runtime.call_errors import LostError, OutcomeError, StoppedError, WorkerDiedError
from symphony.runtime.context import RunContext
from symphony.runtime.processes.orders import CallContext, Ended, Outcome, PlayerBody, ProcessCall, ShellBody
from symphony.runtime.processes.parcel import Parcel
from symphony.runtime.processes.pool import Processes
from symphony.runtime.shell import Script, outputs_of, prepare_script
from symphony.runtime.steps import Step
from symphony.runtime.values import Held
from symphony.store.encoded import Encoded
from symphony.store.records import KeyEntry

DEATHS_AT_MOST = 3
"""A call that has cost so many processes is given up."""
_TIMEOUT = ("TimeoutError", "OSError", "Exception", "BaseException", "object")
_AHEAD = 4
"""How many calls per slot are handed over at a time: enough that no slot waits, few enough that arguments cost little."""


@dataclass(slots=True)
class Started:
    """A call that was handed over.

    Attributes:
        script: a shell step; else a player.
        parcels: its arguments.
    """

    step: Step
    prepared: Prepared
    context: RunContext | None
    begun: float
    script: Script | None = None
    parcels: list[Parcel] = field(default_factory=list)


def _nothing(*_: Any) -> None:
    return


@dataclass(slots=True)
class Told:
    """The callbacks of one call; see `ProcessCall`."""

    ended: Callable[[Outcome], None]
    started: Callable[[str, float], None] = _nothing
    logged: Callable[[Mapping[str, Any]], None] = _nothing
    progressed: Callable[[float, float | None], None] = _nothing


class Outside:
    """Hands calls of one run to a pool of processes; making it starts one worker per slot. Thread-safe.

    Args:
        modules: the modules of the players that run in processes.
        slots: how many calls run at a time.
        grace_s: how long a process has between SIGTERM and SIGKILL.
    """

    def __init__(self, calls: TaskCalls, modules: tuple[str, ...], slots: int, grace_s: float) -> None:
        self._calls = calls
        self.slots, store = max(1, slots), calls.store
        self._pool = Processes(
            preload=modules, shared=store.folder, slots=self.slots, grace_s=grace_s,
            workdirs=None if store.folder is None else store.folder / "tmp", power=store.power, secrets=calls.secrets,
        )  # fmt: skip
        if modules:
            self._pool.warm(self.slots)

    def started(self, step: Step, prepared: Prepared, context: RunContext | None, begun: float) -> Started:
        """A call that is about to be handed over."""
        return Started(step, prepared, context, begun)

    def told(
        self, ended: Callable[[Outcome], None], started: Callable[[str, float], None] = _nothing,
        logged: Callable[[Mapping[str, Any]], None] = _nothing, progressed: Callable[[float, float | None], None] = _nothing,
    ) -> Told:  # fmt: skip
        """The callbacks of a call."""
        return Told(ended, started, logged, progressed)

    def outputs_of_script(self, started: Started, outcome: Outcome) -> dict[str, Any] | None:
        """What a shell step gave that has ended by itself; None for everything else.

        Raises:
            ShellStepError: it failed.
            PlayerResultError: a declared output file is missing.
        """
        if started.script is None or outcome.how is not Ended.OK:
            return None
        return outputs_of(started.step.task, started.script, outcome.exit_status or 0)

    @property
    def window(self) -> int:
        """How many calls may be handed over and not ended."""
        return _AHEAD * self.slots

    def start(self, node: int, attempt: int, started: Started, names: tuple[str, str, str, int], told: Told) -> None:
        """Hand a call over; what becomes of it is told.

        Args:
            names: run, call, task and element.

        Raises:
            CodecError: an argument cannot travel.
        """
        step = started.step
        body = self._shell(started) if step.player is None else self._player(started)
        run, call, task, index = names
        self._pool.start(
            ProcessCall(
                node, body, CallContext(run, call, task, index, attempt), timeout_s=step.task.timeout,
                safe=not step.is_effect, started=told.started, logged=told.logged, progressed=told.progressed, ended=told.ended,
            )
        )  # fmt: skip

    def _player(self, started: Started) -> PlayerBody:
        step, prepared, pool = started.step, started.prepared, self._pool
        assert step.pin is not None
        secrets = {name: held.secret for name, held in prepared.inputs.items() if held.secret}
        arguments: dict[str, Parcel] = {}
        for name, held in prepared.inputs.items():
            if held.secret:
                _ = held.value  # this process redacts too: what is written past Python goes by no redaction there
            else:
                arguments[name] = self._packed(step, name, held, pool)
                started.parcels.append(arguments[name])
        return PlayerBody(
            step.pin.module, step.pin.qualname, step.pin.name, arguments, self._calls.anchors, secrets,
            tuple(step.check), self._calls.strict,
        )  # fmt: skip

    def _packed(self, step: Step, name: str, held: Held, pool: Processes) -> Parcel:
        if held.artifact is not None and not held.in_memory:
            return pool.parcels.pack_artifact(self._calls.store, held.artifact, anchors=self._calls.anchors)
        wanted = step.ports.get(name)
        return pool.parcels.pack(held.value, type=wanted) if wanted is not None else pool.parcels.pack(held.value)

    def _shell(self, started: Started) -> ShellBody:
        assert started.context is not None
        values = self._calls.arguments(started.step, started.prepared.inputs)
        context = started.context
        script = started.script = prepare_script(started.step.task, values, context.workdir, context.idempotency_key)
        return ShellBody(script.argv, script.workdir, script.environment, script.stdout, script.stderr)

    def result_of(self, started: Started, outcome: Outcome, *, run: str, call: str, replace: bool) -> Result:
        """What a player gave, with what the journal is to take. Shell steps are kept like bodies of this process.

        Raises:
            Exception: the call did not end well; says how.
        """
        self._raise_unless_well(started, outcome)
        parcels, store = self._pool.parcels, self._calls.store
        if not self._calls.recorded and not any(p.holds_files for p in outcome.outputs.values()):
            values = {
                name: parcels.unpack(parcel, anchors=self._calls.anchors) for name, parcel in outcome.outputs.items()
            }
            for parcel in outcome.outputs.values():
                parcels.release(parcel)
            return Result(values)
        artifacts: dict[str, Artifact] = {}
        rows: list[Encoded] = []
        for name, parcel in outcome.outputs.items():
            artifacts[name] = parcel.artifact
            for form in parcels.forms(parcel):
                rows += store.place(form)
            parcels.release(parcel)
        if not self._calls.recorded:
            store.record((), rows=rows)  # nothing else commits them
            return Result({}, artifacts)
        key = started.prepared.key
        if key is None:
            return Result({}, artifacts, Commit(rows))
        entry = KeyEntry(artifacts, run, call, started.prepared.parts)
        return Result({}, artifacts, Commit(rows, ((key, entry, replace or self._calls.no_cache),)))

    def _raise_unless_well(self, started: Started, outcome: Outcome) -> None:
        step = started.step
        what = "the script" if step.player is None else "the player"
        if outcome.how is Ended.TIMED_OUT:
            message = (
                f"{what} ran longer than {step.task.timeout:g} s; its process was ended, with everything it had started"
            )
            raise OutcomeError({"type": "TimeoutError", "message": message, "traceback": ""}, _TIMEOUT)
        if outcome.how is Ended.CANCELLED:
            raise StoppedError("the run was cancelled")
        if outcome.how is Ended.DIED:
            if step.player is None:
                raise OutcomeError(_death(what, outcome), ("WorkerDiedError",))  # its retry decides, as for any end
            if outcome.deaths < DEATHS_AT_MOST:
                raise LostError
            raise WorkerDiedError(_death(what, outcome), ("WorkerDiedError",))
        if outcome.how is Ended.FAILED and StoreError.__name__ in outcome.error_types:
            raise StoreError((outcome.error or {}).get("message", ""))  # the disk is full there: no fault of the task
        if outcome.how is Ended.FAILED:
            raise OutcomeError(dict(outcome.error or {}), outcome.error_types)

    def release(self, started: Started) -> None:
        """A call has ended: its arguments are not needed any more."""
        for parcel in started.parcels:
            self._pool.parcels.release(parcel)

    def end(self, node: int) -> None:
        """End one call, as `cancel` does all. One that has ended is let be."""
        self._pool.cancel(node)

    def cancel(self) -> None:
        """End everything that runs: SIGTERM, the grace period, SIGKILL, for whole trees."""
        self._pool.cancel_all()

    def close(self) -> None:
        """End the processes. When this returns none is left."""
        self._pool.close()


def _death(what: str, outcome: Outcome) -> dict[str, str]:
    how = f"from {outcome.signal}" if outcome.signal else f"with exit status {outcome.exit_status}"
    times = f" {outcome.deaths} times, the last time" if outcome.deaths > 1 else ""
    peak = outcome.measured.get("peak_memory_bytes", 0) / 1e6
    lines = "\n".join(f"    {line.get('message', '')}".rstrip() for line in outcome.last_lines)
    message = f"the process of {what} died{times} {how}, with a peak of {peak:.0f} MB of memory"
    message += f"; its last lines:\n{lines}" if lines else ""
    return {"type": "WorkerDiedError", "message": message, "traceback": ""}
