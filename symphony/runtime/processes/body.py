"""One task call inside a worker: parcels in, the same task call as everywhere, parcels out, with what it cost."""

from __future__ import annotations

import contextlib
import os
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Event as Flag
from typing import Any, cast

from symphony.compiler.types import TaskTypes
from symphony.model.plan import PlannedTask, PlayerPin
from symphony.model.policy import NO_RETRY
from symphony.runtime.call import Prepared, TaskCalls
from symphony.runtime.context import RunContext
from symphony.runtime.loading import find_player
from symphony.runtime.player_copy import PlayerKind
from symphony.runtime.player_pool import PlayerPool
from symphony.runtime.processes.parcel import Parcel, ParcelStore
from symphony.runtime.secrets import Secrets
from symphony.runtime.steps import Step
from symphony.runtime.values import Held
from symphony.store.anchors import Anchors
from symphony.store.store import Store

_RSS_UNIT = 1024 if sys.platform == "linux" else 1

Measured = dict[str, float]
"""wall_s, cpu_s (children that ended included), load_s, compute_s, save_s, peak_memory_bytes, bytes_in, bytes_out."""


class Bodies:
    """Makes the calls that a worker is sent. The body runs in the thread that asks.

    Args:
        parcels: how values travel.
        workdirs: the folder in which calls get their work folders.
        stop: set once the call is to end.
        guard: encloses the body alone; entered with the body about to start.
        secrets: gives those that calls take.

    Attributes:
        pool: keeps players that are set up, for the life of the worker.
    """

    def __init__(
        self,
        parcels: ParcelStore,
        workdirs: Path,
        stop: Flag,
        guard: Callable[[], contextlib.AbstractContextManager[None]],
        secrets: Secrets | None = None,
    ) -> None:
        self.parcels, self.secrets = parcels, Secrets() if secrets is None else secrets
        self.pool = PlayerPool()
        self._workdirs, self._stop, self._guard = workdirs, stop, guard
        self._steps: dict[tuple[Any, ...], Step] = {}
        self._calls: dict[tuple[Any, ...], TaskCalls] = {}
        self._meter = _Meter()

    def make(
        self,
        call: Sequence[Any],
        log: Callable[[dict[str, Any]], None],
        progress: Callable[[float, float | None], None],
    ) -> tuple[dict[str, list[Any]], Measured]:
        """Make a call; gives its outputs as parcels in plain form, by name, and what it cost."""
        player, arguments, secrets, checked, context, anchors, strict = call
        step, calls = self._step(player, context[2], checked), self._task_calls(anchors, strict)
        meter = self._meter
        meter.start()
        inputs = self._inputs(arguments, secrets)
        meter.count("bytes_in", sum(wire[3] for wire in arguments.values()))
        run, task_id, task, index, attempt = context
        run_context = RunContext(
            run_id=run, task_id=task_id, attempt=attempt, task=task, index=index, temporary=self._workdirs,
            stop=self._stop, log=log, progress=progress,
        )  # fmt: skip
        try:
            prepared = Prepared(inputs, None, {}, None)
            meter.enter("compute_s")
            with self._guard():
                returned = calls.invoke(step, prepared, run_context, self._stop)
                if step.pin is not None and step.pin.is_async:
                    returned = _awaited(returned)
            meter.enter("save_s")
            result = calls.keep(step, prepared, returned, run_context.made_workdir, run=run, call=task_id)
            outputs = {name: self.parcels.taken(artifact).to_wire() for name, artifact in result.artifacts.items()}
        finally:
            self.parcels.forget()
            run_context.close()
        meter.count("bytes_out", sum(wire[3] for wire in outputs.values()))
        return outputs, meter.read()

    def cost(self) -> Measured:
        """What the call that is being made, or was made last, has cost so far."""
        return self._meter.read()

    def _inputs(self, arguments: Mapping[str, Sequence[Any]], secrets: Mapping[str, str]) -> dict[str, Held]:
        inputs = {name: Held(self.parcels.unpack(Parcel.from_wire(wire))) for name, wire in arguments.items()}
        for name, secret in secrets.items():
            inputs[name] = Held(self.secrets.get(secret), secret=secret)
        return inputs

    def _step(self, player: Sequence[str], task_id: str, checked: Sequence[str]) -> Step:
        known = (*player, *checked)
        step = self._steps.get(known)
        if step is None:
            step = self._steps[known] = _make_step(*player, task_id=task_id, checked=checked)
        if step.id != task_id:  # another task of the player
            step.task = step.task.model_copy(update={"id": task_id})  # one call at a time, so the step is ours
        return step

    def _task_calls(self, anchors: tuple[str, Sequence[Sequence[str]]], strict: bool) -> TaskCalls:
        root, params = anchors
        known = (root, tuple(map(tuple, params)), strict)
        calls = self._calls.get(known)
        if calls is None:
            here = Anchors(Path(root), tuple((name, Path(folder)) for name, folder in params))
            # keys are the engine's: without one a task call only encodes and puts
            store = cast(Store, self.parcels)
            calls = TaskCalls(
                store, recorded=True, anchors=here, strict=strict, redact=self.secrets.redact, pool=self.pool
            )
            self._calls = {known: calls}
        return calls


def _make_step(module: str, qualname: str, name: str, *, task_id: str, checked: Sequence[str]) -> Step:
    player = find_player(module, qualname, name)
    signature = player.signature
    # nothing here comes from outside, and making the checks of these models takes longer than many a call
    pin = PlayerPin.model_construct(
        name=name, kind=str(signature.kind), module=module, qualname=qualname, identity=None,
        codec=signature.codec, is_async=signature.is_async, takes_context=signature.takes_context,
    )  # fmt: skip
    ports = {p.name: p.type for p in signature.inputs}
    types = TaskTypes({p.name: p.type for p in signature.outputs}, signature.several)
    kind = None
    if player.state_parameter is not None:
        options = player.options
        kind = PlayerKind(
            name, options["setup"], teardown=options.get("teardown"), warmup=options.get("warmup"), shared=bool(options.get("shared"))
        )  # fmt: skip
    return Step(
        PlannedTask.model_construct(id=task_id, player=name), pin, player, signature, {}, False, types, ports, NO_RETRY, None,
        check={n: ports[n] for n in checked if n in ports}, kind=kind,
    )  # fmt: skip


def _awaited(coroutine: Any) -> Any:
    import asyncio  # heavy: only async players need it

    return asyncio.run(coroutine)


class _Meter:
    """Takes the times of a call, its processor time and its peak memory."""

    def __init__(self) -> None:
        self._wall = self._cpu = self._at = 0.0
        self._phase, self._measured = "load_s", Measured()
        try:
            self._peak = os.open("/proc/self/clear_refs", os.O_WRONLY | os.O_CLOEXEC)
        except OSError:
            self._peak = -1  # then the peak is that of the whole life of the worker

    def start(self) -> None:
        if self._peak >= 0:
            with contextlib.suppress(OSError):
                os.pwrite(self._peak, b"5", 0)  # the peak starts anew from what is in use now
        self._measured = dict.fromkeys(("load_s", "compute_s", "save_s", "bytes_in", "bytes_out"), 0.0)
        self._phase, self._cpu = "load_s", _cpu_s()
        self._wall = self._at = time.perf_counter()

    def enter(self, phase: str) -> None:
        """End the phase that was, begin the next one."""
        now = time.perf_counter()
        self._measured[self._phase], self._phase, self._at = now - self._at, phase, now

    def count(self, name: str, size_bytes: int) -> None:
        self._measured[name] = size_bytes

    def read(self) -> Measured:
        """Everything up to now, the running phase included."""
        now = time.perf_counter()
        return {
            **self._measured,
            self._phase: now - self._at,
            "wall_s": now - self._wall,
            "cpu_s": max(0.0, _cpu_s() - self._cpu),
            "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT,
        }


def _cpu_s() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime
