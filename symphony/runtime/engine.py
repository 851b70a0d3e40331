"""The run loop: lets the tracker decide, makes calls on lent threads, and passes on what happened."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from symphony.errors import (
    DamagedArtifactError,
    ExpressionError,
    InternalError,
    LostRunError,
    StoreError,
    SurroundingsError,
)
from symphony.model.artifact import Artifact
from symphony.model.event import Event, EventKind
from symphony.model.states import RunState, TaskState
from symphony.runtime import schedule as sc
from symphony.runtime.arbitration import Units
from symphony.runtime.body_output import BodyOutput
from symphony.runtime.call import Prepared, TaskCalls
from symphony.runtime.call_errors import StoppedError
from symphony.runtime.call_info import CallInfo, Teller
from symphony.runtime.clock import REAL_CLOCK, Clock
from symphony.runtime.context import RunContext
from symphony.runtime.elsewhere import Elsewhere
from symphony.runtime.error_document import error_document, error_types
from symphony.runtime.fast_road import Before
from symphony.runtime.lists import ElementError
from symphony.runtime.measuring import WORTH_MEASURING_S, CpuMeter
from symphony.runtime.network import Network
from symphony.runtime.remaking import Remaking
from symphony.runtime.retrying import delay_s
from symphony.runtime.run_log import RunLog
from symphony.runtime.schedule import State
from symphony.runtime.steps import Program, Step, every_step
from symphony.runtime.takeover import Takeover
from symphony.runtime.tracker import Tracker
from symphony.runtime.values import MISSING, Held
from symphony.runtime.warming import Warming
from symphony.runtime.watching import Stop
from symphony.runtime.work_queue import WorkQueue
from symphony.store.records import CallRecord

if TYPE_CHECKING:
    from symphony.runtime.grants import Grants
    from symphony.runtime.remote.hand_over import HandOver

GRACE_S = 2.0
STATES = tuple(TaskState[State(s).name] for s in range(len(State)))
"""The state of a task by the number that the schedule has for it."""


@dataclass(slots=True)
class Settings:
    """How a run is run.

    Attributes:
        forced: tasks that run although their result is stored, with their dependants.
        selected: the tasks to run; None: all.
        probe: look keys up and run nothing: a dry run.
        workers: how many threads work, so that batches are shared evenly.
        processes: how many calls run in processes of their own at a time.
        clock: what waits go by.
        until: when the run will be stopped, by that clock; None: it may take as long as it takes.
    """

    run: str
    fail_fast: bool = False
    forced: frozenset[str] = frozenset()
    selected: frozenset[str] | None = None
    probe: bool = False
    on_event: Callable[[Event], None] | None = None
    workers: int = 1
    processes: int = 1
    clock: Clock = REAL_CLOCK
    until: float | None = None


class Engine:
    """Runs one program once.

    Args:
        recorded: outcomes of an earlier sitting of the same run, by (task path, index).
        before: what the fast road has made, and what it is still making; None where it was not taken.
        capacity: how much there is of each resource; None: as much as is asked for.
        output: hears what bodies print and log; None: they are not listened to.

    Attributes:
        clock_offset_s: what the clock of waits lacks to seconds since the epoch.
    """

    def __init__(
        self,
        program: Program,
        params: Mapping[str, Held],
        calls: TaskCalls,
        settings: Settings,
        *,
        recorded: Mapping[tuple[str, int], CallRecord] | None = None,
        redact: Callable[[str], str] = str,
        environment: Mapping[str, str] | None = None,
        secret_of: Callable[[str], str] | None = None,
        before: Before | None = None,
        capacity: Mapping[str, float] | None = None,
        output: BodyOutput | None = None,
    ) -> None:
        self.calls, self.settings, self.redact = calls, settings, redact
        self.stop = threading.Event()
        self.recorded = recorded or {}
        self._takeover = None if before is None else Takeover(self, before)
        self.net = Network(program, params, calls, settings.run, environment or {}, secret_of)
        self.schedule = self.net.schedule
        steps = [*every_step(program)]
        self._grants = None if settings.probe or capacity is None else self._new_grants(steps, capacity)
        self.prioritized = any(step.task.priority for step in steps)
        self.tracker = Tracker(
            self.schedule, fail_fast=settings.fail_fast and not settings.probe, admission=self._grants,
            priority_of=self._priority_of if self.prioritized else None,
        )  # fmt: skip
        self._warming = (
            Warming(program, calls.pool) if not settings.probe and any(step.kind for step in steps) else None
        )
        self.info: dict[int, CallInfo] = {}
        self.now = settings.clock.monotonic
        self.net.started_at = settings.clock.now()
        self.clock_offset_s = settings.clock.now() - self.now()
        writes = calls.recorded and not settings.probe
        store, listener, self._output = calls.store if writes else None, settings.on_event, output
        log = output.log if output is not None else RunLog(settings.run, store, listener, redact)
        self.teller = Teller(settings.run, self.net, store, listener, log, settings.clock.now)
        self.lock = threading.RLock()
        self.queue = WorkQueue(
            self.tracker, self.lock, lambda: self._closed or self._finished.is_set(), settings.clock, settings.until
        )
        self.elsewhere = Elsewhere(self, output)
        self.remote: HandOver | None = None
        if not settings.probe:
            self.net.remake = Remaking(self.net, calls, settings.run, self.stop, self.elsewhere.make).remake
        self._closed = False
        self._broken: BaseException | None = None
        self._meter = CpuMeter()
        self._finished = threading.Event()
        self._stopped_for = Stop.ASKED

    def _new_grants(self, steps: list[Step], capacity: Mapping[str, float]) -> Grants | None:
        if not any(step.demands for step in steps):
            return None
        from symphony.runtime.grants import Grants  # only plans that ask for resources need the ledger

        folder = self.calls.store.folder
        return Grants(
            self.settings.run,
            capacity,
            None if folder is None else folder / "arbitration",
            self._demand_of,
            self._granted,
        )

    def _demand_of(self, node: int) -> tuple[Units, int, str]:
        step = self.net.steps[node]
        return step.demands, step.task.priority, self.net.path(node)

    def _priority_of(self, node: int) -> int:
        return self.net.steps[node].task.priority

    def _granted(self, nodes: list[int]) -> None:
        """Others have given back what these calls wait for."""
        with self.lock:
            self.tracker.granted(nodes)
            self.queue.wake(len(nodes))

    # life --------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Lay out the tasks; those outside the selection are left out. What the fast road has made is taken over."""
        if self._takeover is None:
            self.teller.event(EventKind.RUN_STARTED, "", {"tasks": len(self.net.program.steps)})
        ready = self.net.lay_out()
        if self._output is not None:
            self._output.names = lambda node: (self.net.path(node), self.info_of(node).attempts)
        selected, states = self.settings.selected, self.schedule.state
        if selected is not None:
            for id, node in self.net.root.nodes.items():
                if id not in selected and states[node] < sc.SUCCEEDED:
                    self.info_of(node).note = "not selected"
                    self.schedule.skip(node)
                    self.tracker.changed.append(node)
            ready = [n for n in ready if states[n] == sc.READY]
            ready += self.schedule.release([n for n in self.net.root.nodes.values() if n not in set(ready)])
        if self._warming is not None:
            self._warming.begin()
        with self.lock:
            ready = self.tracker.settle(ready, self.now())
            self.tell_changed()
        self.queue.offer(ready if self._takeover is None else self._takeover.taken_over(ready))

    def work(self, worker: int) -> None:
        """Take calls and make them until the run has ended; a worker goes on with what its own call made ready."""
        taken, name, queue = self.queue.worker(), f"thread-{worker}", self.queue
        try:
            if self._takeover is not None:
                self._takeover.take_end_on_this_thread()
            while (node := queue.next(taken, self.settings.workers)) is not None:
                taken.since = time.monotonic()
                ready = self._process(node, name)
                queue.made(taken, reversed(ready), in_order=self.prioritized)
        except BaseException as error:  # noqa: BLE001  handed to whoever waits for the run
            self.break_off(error)

    def break_off(self, error: BaseException) -> None:
        """The engine cannot go on; whoever waits for the run is given the error."""
        with self.lock:
            self._broken = self._broken or error
            self._closed = True
            self._finish()

    def _finish(self) -> None:
        self._finished.set()
        self.queue.wake()
        self.elsewhere.over()

    @property
    def has_ended(self) -> bool:
        """Whether the run has ended."""
        return self._finished.is_set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the run has ended; returns whether it has.

        Raises:
            SymphonyError: the engine could not go on, such as when the store cannot write.
        """
        ended = self._finished.wait(timeout_s)
        if self._broken is not None:
            raise self._broken
        return ended

    def tell_running(self) -> None:
        """Tell the journal which calls are running, so that others can see it."""
        if not self.teller.writes:
            return
        with self.lock:
            nodes = sorted(self.tracker.running)
        self.teller.running(
            [
                {"task": self.net.task_path(n), "index": self.net.indexes[n], "started_at": info.started_at,
                 "attempt": info.attempts, "worker": info.worker}
                for n in nodes for info in (self.info_of(n),)
            ]
        )  # fmt: skip

    def cancel(self, why: Stop = Stop.ASKED) -> None:
        """Ask everything to stop: nothing new starts, running bodies are told."""
        self._stopped_for = why
        self.stop.set()
        with self.lock:
            self.tracker.stop(self.now())
            self.tell_changed()
            self.queue.wake()
        self.elsewhere.cancel()
        if self.remote is not None:
            self.remote.cancel()

    def abandon(self) -> list[str]:
        """Give up on what still runs after the grace period; returns the paths of the calls left behind."""
        now = self.now()
        with self.lock:
            left = sorted(self.tracker.running)
            paths = [self.net.path(n) for n in left]
            for node in left:
                info = self.info_of(node)
                info.note, info.ended_at = "abandoned", now + self.clock_offset_s
                self.tracker.end(node, sc.CANCELLED, now)
            self.tell_changed()
            self._closed = True
            self._finish()
        return paths

    def close(self) -> None:
        """End the event loop of async players and all processes, and let go of resources."""
        self._closed = True
        if self.remote is not None:
            self.remote.close()
        self.elsewhere.close()
        if self._grants is not None:
            self._grants.close()

    def verdict(self) -> RunState:
        """The state of the run once it has ended."""
        states = {self.schedule.state[n] for n in self.net.root.nodes.values()}
        if self.stop.is_set() and sc.CANCELLED in states:
            return RunState.FAILED if self.timed_out else RunState.CANCELLED
        return RunState.FAILED if sc.FAILED in states or sc.CANCELLED in states else RunState.SUCCEEDED

    @property
    def timed_out(self) -> bool:
        """Whether the run was stopped because it took too long, and something was not done then."""
        if not self.stop.is_set() or self._stopped_for is not Stop.TIMED_OUT:
            return False
        return any(self.schedule.state[n] == sc.CANCELLED for n in self.net.root.nodes.values())

    # one node ----------------------------------------------------------------------------------------------------

    def _process(self, node: int, worker: str) -> list[int]:
        """Do what a ready node asks for; returns the nodes that may be taken now."""
        net = self.net
        step, index = net.steps[node], net.indexes[node]
        if self.schedule.state[node] == sc.RETRYING:
            return self._call(node, worker)
        if self.schedule.state[node] != sc.READY:
            return []
        try:
            earlier = self.recorded.get((net.task_path(node), index)) if self.recorded else None
            if earlier is not None and (index >= 0 or step.task.each is None):
                return self._restore(node, earlier)
            if step.task.when is not None and step.filters == (index >= 0) and not net.condition(node):
                return self.end(node, sc.SKIPPED)
            if step.task.each is not None and index < 0:
                return self._expand(node)
            if step.body is not None:
                with self.lock:
                    return self._settled(net.open_element(node)) if self.schedule.state[node] == sc.READY else []
        except (ExpressionError, ElementError, KeyError, TypeError, ValueError) as error:
            return self.failed(node, error, retry=False)
        return self._call(node, worker)

    def _restore(self, node: int, earlier: CallRecord) -> list[int]:
        """Take over the outcome of an earlier sitting."""
        info = self.info_of(node)
        info.key, info.parts, info.note = earlier.key, earlier.parts or {}, "recorded earlier"
        info.attempts, info.started_at, info.ended_at = earlier.attempt, earlier.started_at, earlier.ended_at
        self.net.put(node, {}, dict(earlier.outputs or {}))
        return self.end(node, sc.CACHED)

    def _expand(self, node: int) -> list[int]:
        with self.lock:
            if self.schedule.state[node] != sc.READY:
                return []
            ready = self.net.expand(node)
            self.teller.event(EventKind.TASK_EXPANDED, self.net.path(node), {"count": self.net.count(node)})
            return self._settled(ready)

    def _call(self, node: int, worker: str) -> list[int]:
        step, info = self.net.steps[node], self.info_of(node)
        if self.remote is not None:
            return (
                self.remote.catch_up(node)
                if self.remote.knows(node)
                else self._served_or_made(node, step, info, worker)
            )
        if not step.outside:
            return self._served_or_made(node, step, info, worker)
        if self.elsewhere.is_parked(node):
            return []
        ready = self._served_or_made(node, step, info, worker)
        self.elsewhere.unpark()
        return ready

    def _served_or_made(self, node: int, step: Step, info: CallInfo, worker: str) -> list[int]:
        """Look the result of a call up; where there is none, start its body."""
        try:
            prepared = self._prepared(node, step, info)
        except DamagedArtifactError as error:
            return self.failed(node, error)
        except (StoreError, LostRunError):
            raise
        except Exception as error:  # noqa: BLE001  a body's inputs can fail in every way
            return self.failed(node, error)
        if prepared.hit is not None:
            self.net.put(node, {}, dict(prepared.hit))
            return self.end(node, sc.CACHED)
        if self.settings.probe:
            info.note = "would run"
            return self.end(node, sc.FAILED)
        if self.remote is not None:
            return self.remote.hand_over(node, step, prepared, info)
        try:
            begun = self._start(node, step, prepared, info, worker)
        except SurroundingsError as error:
            return self.failed(node, error, retry=False)
        if begun is None:
            return self._served_meanwhile(node, prepared)
        if step.outside:
            return self.elsewhere.hand_over(node, step, prepared, info, begun)
        return self._made(node, step, prepared, info, begun)

    def _served_meanwhile(self, node: int, prepared: Prepared) -> list[int]:
        """End a call that did not start, if that was because an equal one has given the result."""
        if prepared.hit is None:
            return []
        self.net.put(node, {}, dict(prepared.hit))
        return self.end(node, sc.CACHED)

    def _prepared(self, node: int, step: Step, info: CallInfo) -> Prepared:
        inputs = self.net.inputs(node)
        info.released = self.tracker.released
        prepared = self.calls.prepare(step, inputs, forced=step.id in self.settings.forced)
        info.key, info.parts = prepared.key, prepared.parts
        if step.is_effect and prepared.hit is None and self.teller.writes:
            self.calls.store.flush()  # an effect never precedes its cause
        return prepared

    def _start(self, node: int, step: Step, prepared: Prepared, info: CallInfo, worker: str) -> float | None:
        """When the call started, in seconds of the real clock; None where it has to wait, or must not start any more."""
        now, begun = self.now(), time.monotonic()
        with self.lock:
            if info.key is not None and not self.tracker.first_with(info.key, node):
                return None
            if info.key is not None and info.released != self.tracker.released and step.id not in self.settings.forced:
                prepared.hit = self.calls.looked_up(info.key)  # an equal call may have ended since
                if prepared.hit is not None:
                    return None
            if step.demands and not self.tracker.admit(node, now):
                self.tracker.no_longer_in_flight(info.key)
                return None
            if self._grants is not None and node in self._grants.waited_for:
                info.waited_for = self._grants.waited_for.pop(node)
            waited = self.tracker.start(node, now)
            if waited is None:
                self.tracker.no_longer_in_flight(info.key)
                return None
            self.elsewhere.warm()
        info.attempts += 1
        info.waited_s, info.worker = waited, worker
        info.started_at = now + self.clock_offset_s
        info.first_started = now if info.first_started is None else info.first_started
        if self.teller.listens and not step.outside:
            path, data = self.net.path(node), {"attempt": info.attempts, "worker": worker}
            self.teller.event(EventKind.TASK_STARTED, path, data)
        return begun

    def _made(self, node: int, step: Step, prepared: Prepared, info: CallInfo, begun: float) -> list[int]:
        """Run the body on this thread and take what it gives."""
        context = self.context_of(node, info) if step.wants_context else None
        try:
            returned = self._invoked(node, step, prepared, context)
            if step.pin is not None and step.pin.is_async:
                self.elsewhere.wait_for(node, returned, prepared, context, begun)
                context = None
                return []
            return self.kept(node, step, prepared, info, returned, context, begun)
        except DamagedArtifactError as error:
            return self.failed(node, error)
        except (StoreError, LostRunError):
            raise
        except BaseException as error:  # noqa: BLE001  a body can raise anything
            if prepared.loaded_at and time.monotonic() - begun > WORTH_MEASURING_S:
                info.measures = _measures(prepared, begun, time.monotonic())
            return self.failed(node, error)
        finally:
            if context is not None:
                context.close()

    def _invoked(self, node: int, step: Step, prepared: Prepared, context: RunContext | None) -> Any:
        output, meter, function = self._output, self._meter, step.player.function if step.player is not None else None
        cpu = 0.0 if function in meter.quick else meter.start()
        token = output.begin(node) if output is not None else None
        try:
            return self.calls.invoke(step, prepared, context, self.stop)
        finally:
            if output is not None and token is not None:
                output.end(node, token)
            if cpu or time.monotonic() - prepared.loaded_at > WORTH_MEASURING_S:
                prepared.cpu_s = meter.stop(function, cpu, time.monotonic() - prepared.loaded_at)

    def kept(
        self, node: int, step: Step, prepared: Prepared, info: CallInfo, returned: Any, context: RunContext | None, begun: float
    ) -> list[int]:  # fmt: skip
        """Keep what a body gave; returns the nodes that may be taken now."""
        computed = time.monotonic()
        workdir = context.made_workdir if context is not None else None
        result = self.calls.keep(
            step, prepared, returned, workdir, run=self.settings.run, call=self.net.path(node), replace=step.id in self.settings.forced
        )  # fmt: skip
        info.commit = result.commit
        if computed - begun > WORTH_MEASURING_S or info.waited_for:
            info.measures = (
                _measures(prepared, begun, computed) | _sizes(prepared.inputs, result.artifacts) | (info.measures or {})
            )
            if info.waited_for:
                info.measures["waited_for"] = info.waited_for
        self.net.put(node, result.values, result.artifacts)
        return self.end(node, sc.SUCCEEDED)

    def context_of(self, node: int, info: CallInfo) -> RunContext:
        """The context that a body, or a script, is handed."""
        store, path = self.calls.store, self.net.path(node)
        return RunContext(
            run_id=self.settings.run, task_id=path, attempt=info.attempts, task=self.net.task_path(node),
            index=self.net.indexes[node], temporary=None if store.folder is None else store.folder / "tmp", stop=self.stop,
            log=self.teller.log,
            progress=lambda done, total: self.teller.event(EventKind.TASK_PROGRESS, path, {"done": done, "total": total}),
            clock=self.settings.clock,
        )  # fmt: skip

    # ends --------------------------------------------------------------------------------------------------------

    def failed(self, node: int, error: BaseException, *, retry: bool = True) -> list[int]:
        """A call has failed: it is tried again, or has ended; returns the nodes that may be taken now."""
        info = self.info_of(node)
        info.error = {k: self.redact(v) for k, v in error_document(error).items()}
        if isinstance(error, StoppedError) or (self.stop.is_set() and type(error).__name__ == "CancelledError"):
            return self.end(node, sc.CANCELLED)
        now = self.now()
        wait = None
        if retry and info.attempts and not self.stop.is_set():
            spent = 0.0 if info.first_started is None else now - info.first_started
            wait = delay_s(self.net.steps[node].retry, info.attempts, error_types(error), spent, random.random())
        if wait is None:
            return self.end(node, sc.FAILED)
        self.teller.retrying(node, info, wait)  # before another thread can take it: the next attempt changes `info`
        with self.lock:
            self.tracker.try_again(node, now + wait, now)
            self.tracker.no_longer_in_flight(info.key)
            self.tell_changed()
            self.queue.wake(1)
        return []

    def end(self, node: int, state: int, ended_at: float | None = None) -> list[int]:
        """Take note that a node has ended; returns the nodes that may be taken now."""
        info, now = self.info_of(node), self.now()
        if ended_at is not None:
            info.ended_at = ended_at
        elif state != sc.SKIPPED and info.note != "recorded earlier":
            info.ended_at = now + self.clock_offset_s
        with self.lock:
            if self._closed and node not in self.tracker.running:
                return []  # abandoned meanwhile: its state is final
            ready = self.tracker.end(node, state, now)
            self.tell_changed()
            self.tracker.no_longer_in_flight(info.key)
            self.queue.wake(len(self.tracker.ready))
            return ready

    def _settled(self, ready: list[int]) -> list[int]:
        found = self.tracker.settle(ready, self.now())
        self.tell_changed()
        return found

    def tell_changed(self) -> None:
        """Tell of every node that has ended, and of the end of the run."""
        changed = self.tracker.changed
        if changed:
            told = changed[:]
            changed.clear()
            for node in told:
                self._tell(node)
        if self.tracker.finished:
            self._finish()

    def _tell(self, node: int) -> None:
        if self._closed:
            return
        info, state = self.info_of(node), STATES[self.schedule.state[node]]
        self.teller.ended(node, state, info, self.cause_of(node) if state is TaskState.SKIPPED else info.note)
        if state is TaskState.CANCELLED and self.remote is not None:
            self.remote.forget(node)
        if not self.settings.probe:
            self.net.release(node)
        if self._warming is not None and self.net.indexes[node] < 0:
            self._warming.ended(self.net.steps[node])

    def cause_of(self, node: int) -> str:
        """Why a node was skipped: ``when``, ``failed: X``, or why it was left out."""
        info = self.info.get(node)
        if info is not None and info.note:
            return info.note
        cause = self.schedule.cause.get(node, sc.WHEN)
        return "when" if cause == sc.WHEN else f"failed: {self.net.path(cause)}"

    def info_of(self, node: int) -> CallInfo:
        """What is known of a call."""
        info = self.info.get(node)
        if info is None:
            info = self.info[node] = CallInfo()
        return info

    # outputs -----------------------------------------------------------------------------------------------------

    def output(self, name: str) -> Held | None:
        """An output of the melody; None when what it refers to was left out."""
        value = self.net.program.outputs[name]
        try:
            return self.net.held(value, self.net.root, None)
        except KeyError:
            return None


def _measures(prepared: Prepared, begun: float, computed: float) -> dict[str, Any]:
    """The times of a call that has just been kept or has failed, in seconds."""
    loaded = prepared.loaded_at or begun
    cpu = {} if prepared.cpu_s is None else {"cpu_s": prepared.cpu_s}
    return {"load_s": loaded - begun, "compute_s": computed - loaded, "save_s": time.monotonic() - computed, **cpu}


def _sizes(inputs: Mapping[str, Held], artifacts: Mapping[str, Artifact]) -> dict[str, int]:
    """How many bytes went in and came out, as far as they were encoded."""
    if not artifacts:
        return {}
    into = sum(held.artifact.size_bytes for held in inputs.values() if held.artifact is not None)
    return {"bytes_in": into, "bytes_out": sum(a.size_bytes for a in artifacts.values())}


def as_artifact(calls: TaskCalls, held: Held) -> Artifact:
    """The reference of a value, kept if it is not in the store yet."""
    if held.artifact is None:
        if held.value is MISSING:
            raise InternalError("a value is neither in memory nor in the store")
        held.artifact = calls.store.put(held.value, anchors=calls.anchors)
    return held.artifact
