"""Makes the calls of one run in a worker of any executor: inputs in, the same task call as everywhere, values out."""

from __future__ import annotations

import contextlib
import itertools
import os
import queue
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from contextvars import Token
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symphony.errors import StoreError, SurroundingsError
from symphony.model.artifact import Artifact
from symphony.model.event import Event
from symphony.model.plan import Plan
from symphony.runtime.body_output import BodyOutput, heard
from symphony.runtime.call import Prepared, Result, TaskCalls
from symphony.runtime.call_errors import LostError, StoppedError
from symphony.runtime.context import RunContext
from symphony.runtime.coroutines import Coroutines
from symphony.runtime.error_document import error_document, error_types
from symphony.runtime.inputs import inputs_of
from symphony.runtime.machine import memory_here
from symphony.runtime.player_pool import PlayerPool
from symphony.runtime.processes.parcel import ParcelStore
from symphony.runtime.remote import remote_call as rc
from symphony.runtime.remote.done import LOADERS, Done, decoding
from symphony.runtime.remote.ending import Ending, Endings
from symphony.runtime.remote.equal_calls import EqualCalls, Given
from symphony.runtime.remote.forms import Unpacking
from symphony.runtime.remote.remote_call import News, RemoteCall
from symphony.runtime.remote.sheet import RunSheet
from symphony.runtime.remote.shipped_code import bring_code
from symphony.runtime.remote.sources import CallSources
from symphony.runtime.run_environment import RunEnvironment, under
from symphony.runtime.run_log import RunLog
from symphony.runtime.secrets import Secrets
from symphony.runtime.steps import Program, Step, build_program, every_step
from symphony.runtime.values import MISSING, Held
from symphony.runtime.warming import known_to
from symphony.store.address import StoreAddress
from symphony.store.anchors import Anchors
from symphony.store.encoded import SMALL_BYTES, Encoded
from symphony.store.store import Store

if TYPE_CHECKING:
    from symphony.compiler.cel import Evaluator
    from symphony.runtime.outside import Outside
    from symphony.runtime.processes.orders import Outcome

GRACE_S = 1.0
"""How long a process has between SIGTERM and SIGKILL."""
_TOLD_TEXT = 4096
"""Texts up to this length, and numbers, are told to the engine with the end of the call where nothing is recorded."""

_FILES = frozenset({"file", "folder"})
"""Codecs of what is read as a path: bytes alone are not enough."""


class CallWorker:
    """The calls of one run in this process. Thread-safe: each call is made on the thread that asks for it.

    Args:
        sheet: the run.
        tell: takes news of calls; called from any thread, must be quick.
        store: the engine's own, where this is its process; None: the one that the sheet names.
        name: what this worker is called.
        memory: gives how many bytes of memory this process may fill; asked only where players are kept set up.
        aside: entered by a thread while it only waits for a coroutine, so that its slot can go to another call.
    """

    def __init__(
        self, sheet: RunSheet, tell: Callable[[News], None], *, store: Store | None = None, name: str = "",
        memory: Callable[[], float] = memory_here, aside: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext,
    ) -> None:  # fmt: skip
        bring_code(sheet.modules, sheet.code)
        self.sheet, self._tell, self.name = sheet, tell, name or f"{socket.gethostname()}-{os.getpid()}"
        self._own_store, self._aside, self._is_elsewhere = store is None, aside, False
        self._spool = Path(tempfile.mkdtemp(prefix="symphony-worker-"))
        self.store = store if store is not None else self._opened(sheet)
        anchors = Anchors(Path(sheet.root), tuple((name, Path(folder)) for name, folder in sheet.folders))
        with under(RunEnvironment.from_document(sheet.made_under) if sheet.made_under else RunEnvironment()):
            self.secrets = Secrets()
            self.program = build_program(Plan.from_text(sheet.plan, file=f"the plan of run {sheet.run}"))
            self.pool = _pool_for(self.program, sheet, memory)
            self.calls = TaskCalls(
                self.store, recorded=sheet.recorded, anchors=anchors, no_cache=sheet.no_cache, strict=sheet.strict,
                redact=self.secrets.redact, pool=self.pool,
            )  # fmt: skip
        self._unpacking = Unpacking(
            self.store, ParcelStore(self._spool), anchors, self.secrets.get, recorded=sheet.recorded
        )
        self._endings = Endings()
        self._equal = EqualCalls()
        self._coroutines = Coroutines()
        self._outside: Outside | None = None
        self._evaluator: Evaluator | None = None
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._paths: dict[int, tuple[str, int]] = {}
        log = RunLog(sheet.run, None, self._told_line, self.secrets.redact)
        self._output = BodyOutput(log, passes_on=False)
        self._output.names = lambda number: self._paths.get(number, ("", 1))
        self._hearing = contextlib.ExitStack()
        self._hearing.enter_context(heard(self._output))
        LOADERS[sheet.run] = self._unpacking.load

    def _opened(self, sheet: RunSheet) -> Store:
        """The store of the sheet; on another machine a folder of this worker's own before its shared side.

        Raises:
            SurroundingsError: the folder is on another machine, and there is no shared side.
        """
        if sheet.store is None:
            return Store.open(None)
        address = StoreAddress.from_document(sheet.store)
        if address.folder is not None and not address.folder.is_dir():
            if address.shared is None:
                raise SurroundingsError(
                    f"the worker {self.name} does not see the folder of the store, {address.folder}: give the environment "
                    "a store that all machines reach, such as store = 's3://bucket/prefix'"
                )
            address = replace(address, folder=self._spool / "store")
            self._is_elsewhere = True
        return Store.open_at(address, durability="power" if sheet.power else "process")

    def cancel(self) -> None:
        """The run is being cancelled: bodies are told, processes ended, nothing new begins."""
        self._endings.end_all()

    def end(self, calls: Iterable[str]) -> None:
        """End these calls alone, as `cancel` does all; those that have not begun do not begin. Does not wait."""
        self._endings.end(calls)

    def close(self) -> None:
        """End all processes and let go of everything. When this returns none is left."""
        self._endings.end_all()
        if self._outside is not None:
            self._outside.close()
        self._coroutines.close()
        self.pool.close(grace_s=GRACE_S)
        self._hearing.close()
        LOADERS.pop(self.sheet.run, None)
        if self._own_store:
            self.store.close()
        shutil.rmtree(self._spool, ignore_errors=True)

    # one call ----------------------------------------------------------------------------------------------------

    def perform(self, call: RemoteCall, given: Mapping[str, Done]) -> Done:
        """Make a call, or serve it; tells how it ended. Raises nothing for what a body does.

        Args:
            given: the calls that it waited for, by id.
        """
        if any(not done.well for done in given.values()):
            return self._badly(call, rc.BLOCKED)
        with self._endings.making(call.id) as ending:
            return self._badly(call, rc.CANCELLED) if ending.is_asked else self._performed(call, given, ending)

    def _performed(self, call: RemoteCall, given: Mapping[str, Done], ending: Ending) -> Done:
        begun = time.time()
        prepared: Prepared | None = None
        try:
            program, step = self._found(call)
            sources = CallSources(
                self.sheet, program, step, call.index, call.sources, given, self._unpacking, self._have_evaluator
            )
            prepared = self._prepared(call, step, inputs_of(step, sources, self.calls.anchors))
            if prepared.hit is not None:
                return self._served(call, prepared, Given(prepared.hit, {}), begun)
            if prepared.key is None or self.sheet.no_cache or call.forced:
                return self._kept(call, prepared, self._begun(call, step, prepared, ending, begun), begun)[0]
            return self._served_or_kept(call, step, prepared, prepared.key, ending, begun)
        except StoppedError:
            return self._badly(call, rc.CANCELLED, begun)
        except BaseException as error:  # noqa: BLE001  a body can raise anything
            return self._failed(call, error, prepared, begun)

    def _served_or_kept(
        self, call: RemoteCall, step: Step, prepared: Prepared, key: str, ending: Ending, begun: float
    ) -> Done:
        """Serve what an equal call of this worker gave, or make the call for those that come."""
        equal = self._equal.given_or_first(key, ending.flag.is_set)
        if equal is not None:
            return self._served(call, prepared, equal, begun)
        given: Given | None = None
        try:
            done, given = self._kept(call, prepared, self._begun(call, step, prepared, ending, begun), begun)
            return done
        finally:
            self._equal.ended(key, given)

    def _served(self, call: RemoteCall, prepared: Prepared, given: Given, begun: float) -> Done:
        small = {a.digest: given.small[port] for port, a in given.artifacts.items() if port in given.small}
        outputs = {port: Held(artifact=a, load=self._loading(a, small)) for port, a in given.artifacts.items()}
        return self._well(call, rc.CACHED, prepared, outputs, begun, small=given.small)

    def _begun(self, call: RemoteCall, step: Step, prepared: Prepared, ending: Ending, begun: float) -> Result:
        self._tell({"call": call.id, "what": "started", "at": begun, "worker": self.name})
        if ending.is_asked:  # telling may take a while
            raise StoppedError("the run was cancelled")
        return self._made(call, step, prepared, ending)

    def _found(self, call: RemoteCall) -> tuple[Program, Step]:
        program = self.program
        for id in call.step[:-1]:
            body = program.steps[id].body
            assert body is not None
            program = body
        return program, program.steps[call.step[-1]]

    def _prepared(self, call: RemoteCall, step: Step, inputs: dict[str, Held]) -> Prepared:
        if not self.sheet.recorded:
            return Prepared(inputs, None, {}, None)
        self.store.catalog.drop_cache()  # the engine writes all the time: what was read before would hide it
        if call.key is not None:  # looked up once more: it may have been made and recorded here before, and been lost
            return Prepared(inputs, call.key, {}, None if call.forced else self.calls.looked_up(call.key))
        return self.calls.prepare(step, inputs, forced=call.forced)

    def _made(self, call: RemoteCall, step: Step, prepared: Prepared, ending: Ending) -> Result:
        """Run the body and keep what it gives."""
        number = next(self._numbers)
        self._paths[number] = call.path, call.attempt
        context = RunContext(
            run_id=call.run, task_id=call.path, attempt=call.attempt, task=call.task, index=call.index,
            temporary=None if self.store.folder is None else self.store.folder / "tmp", stop=ending.flag,
            log=self._write_line,
            progress=lambda done, total: self._tell({"call": call.id, "what": "progress", "done": done, "total": total}),
        )  # fmt: skip
        try:
            if step.outside:
                return self._made_outside(number, call, step, prepared, context, ending)
            began = time.monotonic()
            returned = self._invoked(number, step, prepared, context, ending)
            computed = time.monotonic()
            result = self._keep(call, step, prepared, returned, context)
            loaded = prepared.loaded_at or began
            prepared.measured = {
                "load_s": loaded - began, "compute_s": computed - loaded, "save_s": time.monotonic() - computed
            }  # fmt: skip
            return result
        finally:
            context.close()
            del self._paths[number]

    def _keep(self, call: RemoteCall, step: Step, prepared: Prepared, returned: Any, context: RunContext) -> Result:
        return self.calls.keep(
            step, prepared, returned, context.made_workdir, run=call.run, call=call.path, replace=call.forced
        )

    def _invoked(self, number: int, step: Step, prepared: Prepared, context: RunContext, ending: Ending) -> Any:
        token: Token[Any] = self._output.begin(number)
        try:
            returned = self.calls.invoke(step, prepared, context, ending.flag)
        finally:
            self._output.end(number, token)
        if step.pin is None or not step.pin.is_async:
            return returned
        arrived: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()
        spoken = self._output.spoken(number, returned)
        cancel = self._coroutines.start(spoken, step.task.timeout, lambda value, error: arrived.put((value, error)))
        ending.by(cancel)
        with self._aside():
            value, error = arrived.get()
        if error is not None:
            if ending.is_asked and type(error).__name__ == "CancelledError":
                raise StoppedError("the run was cancelled")
            raise error
        return value

    def _made_outside(
        self, number: int, call: RemoteCall, step: Step, prepared: Prepared, context: RunContext, ending: Ending
    ) -> Result:
        """Run a body in a process of its own, and again where the process was lost."""
        outside = self._have_outside()
        for held in prepared.inputs.values():
            if held.artifact is not None and held.artifact.size_bytes <= SMALL_BYTES and not held.secret:
                held.value  # noqa: B018  what came with the call may not be in the store yet, where a process would look
        while True:
            started = outside.started(step, prepared, context if step.player is None else None, time.monotonic())
            arrived: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
            told = outside.told(
                arrived.put, logged=lambda line: self._write_line(dict(line)),
                progressed=lambda d, t: self._tell({"call": call.id, "what": "progress", "done": d, "total": t}),
            )  # fmt: skip
            try:
                outside.start(number, call.attempt, started, (call.run, call.path, call.task, call.index), told)
                ending.by(lambda: outside.end(number))
                outcome = arrived.get()
                prepared.measured = dict(outcome.measured)
                returned = outside.outputs_of_script(started, outcome)
                if returned is not None:
                    return self._keep(call, step, prepared, returned, context)
                return outside.result_of(started, outcome, run=call.run, call=call.path, replace=call.forced)
            except LostError:
                if ending.is_asked:
                    raise StoppedError("the run was cancelled") from None
            finally:
                outside.release(started)

    def _have_outside(self) -> Outside:
        with self._lock:
            if self._outside is None:
                from symphony.runtime.outside import Outside  # only runs that make such calls need processes

                pins = {step.pin for step in every_step(self.program) if step.outside and step.pin is not None}
                modules = tuple(sorted({pin.module for pin in pins}))
                self._outside = Outside(self.calls, modules, self.sheet.processes, GRACE_S)
            return self._outside

    def _have_evaluator(self) -> Evaluator:
        with self._lock:
            if self._evaluator is None:
                from symphony.compiler.cel import Evaluator  # heavy: only melodies that compute need it

                self._evaluator = Evaluator()
            return self._evaluator

    def _loading(self, artifact: Artifact, small: Mapping[str, bytes]) -> Callable[[], Any]:
        """What loads a result that was just made: the engine may not have written a small one yet."""
        data = small.get(artifact.digest)
        return self._load(artifact) if data is None else decoding(artifact, data)

    def _load(self, artifact: Any) -> Callable[[], Any]:
        return lambda: self._unpacking.load(artifact)

    # ends --------------------------------------------------------------------------------------------------------

    def _kept(self, call: RemoteCall, prepared: Prepared, result: Result, begun: float) -> tuple[Done, Given]:
        rows = list(result.commit.rows)
        files = {row.artifact.digest for row in rows if row.refers or row.artifact.codec in _FILES}
        if self._is_elsewhere or files:
            self.store.record((), rows=rows)  # others can read them only from the store
        if self._is_elsewhere or files or (result.artifacts and not self.sheet.recorded):
            self.store.flush()
        small = {d: row.data for row in rows if row.data is not None and (d := row.artifact.digest) not in files}
        outputs: dict[str, Held] = {}
        for port in {**result.artifacts, **result.values}:
            value, artifact = result.values.get(port, MISSING), result.artifacts.get(port)
            outputs[port] = Held(value, artifact, None if artifact is None else self._loading(artifact, small))
        travelling = {p: small[a.digest] for p, a in result.artifacts.items() if a.digest in small}
        done = self._well(call, rc.SUCCEEDED, prepared, outputs, begun, rows=rows, small=travelling)
        return done, Given(result.artifacts, travelling)

    def _well(
        self, call: RemoteCall, how: str, prepared: Prepared, outputs: Mapping[str, Held], begun: float,
        *, rows: list[Encoded] = [], small: Mapping[str, bytes] | None = None,  # noqa: B006  never changed
    ) -> Done:  # fmt: skip
        done = Done(call.run, call.id, well=True, outputs=outputs, small=small)
        artifacts = {p: h.artifact.to_document() for p, h in outputs.items() if h.artifact is not None}
        values = {p: h.value for p, h in outputs.items() if h.artifact is None and _is_small(h)}
        self._tell(
            rc.ended(
                call.id, how, started_at=begun, ended_at=time.time(), worker=self.name, key=prepared.key,
                parts={n: list(part) for n, part in prepared.parts.items()}, outputs=artifacts, values=values,
                rows=[[row.artifact.to_document(), row.data, row.refers] for row in rows], measures=_measures(prepared),
                shared=self._is_elsewhere,
            )
        )  # fmt: skip
        return done

    def _failed(self, call: RemoteCall, error: BaseException, prepared: Prepared | None, begun: float) -> Done:
        document = {k: self.secrets.redact(str(v)) for k, v in error_document(error).items()}
        self._tell(
            rc.ended(
                call.id, rc.FAILED, started_at=begun, ended_at=time.time(), worker=self.name, error=document,
                error_types=list(error_types(error)), key=prepared.key if prepared is not None else None,
                surroundings=isinstance(error, StoreError), measures=_measures(prepared),
            )
        )  # fmt: skip
        return Done(call.run, call.id, well=False)

    def _badly(self, call: RemoteCall, how: str, begun: float | None = None) -> Done:
        self._tell(rc.ended(call.id, how, started_at=begun, ended_at=time.time(), worker=self.name))
        return Done(call.run, call.id, well=False)

    def _write_line(self, line: dict[str, Any]) -> None:
        self._output.log.write(line)

    def _told_line(self, event: Event) -> None:
        self._tell({"call": "", "what": "log", "line": {**(event.data or {}), "task": event.task, "at": event.at}})


def _pool_for(program: Program, sheet: RunSheet, memory: Callable[[], float]) -> PlayerPool:
    """A pool for the players of a plan, with the budget that this worker has for them."""
    if not any(step.kind is not None for step in every_step(program)):
        return PlayerPool()
    most = min(memory(), float("inf") if sheet.pool_bytes is None else sheet.pool_bytes)
    pool = PlayerPool(budget_bytes=None if most == float("inf") else int(most))
    known_to(pool, program)
    return pool


def _is_small(held: Held) -> bool:
    value = held.value
    return value is None or type(value) in (bool, int, float) or (type(value) is str and len(value) <= _TOLD_TEXT)


def _measures(prepared: Prepared | None) -> dict[str, float]:
    return {} if prepared is None else dict(prepared.measured)
