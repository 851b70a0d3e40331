"""The run loop: lets the tracker decide, makes calls on lent threads, and passes on what happened."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
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
from symphony.runtime.call import Prepared, Result, TaskCalls
from symphony.runtime.call_info import CallInfo, Teller
from symphony.runtime.context import RunContext
from symphony.runtime.coroutines import Coroutines
from symphony.runtime.error_document import LostError, WorkerDiedError, error_document, error_types
from symphony.runtime.lists import ElementError
from symphony.runtime.measuring import WORTH_MEASURING_S, CpuMeter
from symphony.runtime.network import Network
from symphony.runtime.remaking import Remaking
from symphony.runtime.retrying import delay_s
from symphony.runtime.run_log import RunLog
from symphony.runtime.schedule import State
from symphony.runtime.shell import StoppedError
from symphony.runtime.steps import Program, Step, every_step
from symphony.runtime.tracker import Tracker
from symphony.runtime.values import MISSING, Held
from symphony.runtime.warming import Warming
from symphony.runtime.watching import Stop
from symphony.store.records import CallRecord

if TYPE_CHECKING:
    from symphony.runtime.grants import Grants
    from symphony.runtime.outside import Outside, Started
    from symphony.runtime.processes.orders import Outcome

BATCH = 64
GRACE_S = 2.0
PROCESS_GRACE_S = 1.0
"""How long a process has between SIGTERM and SIGKILL: shorter than what threads get, so that it is gone by then."""
_SHORT_S = 0.0001
_LONG_S = 0.002
"""What waits behind a call that takes longer is taken by other workers."""
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
    """

    run: str
    fail_fast: bool = False
    forced: frozenset[str] = frozenset()
    selected: frozenset[str] | None = None
    probe: bool = False
    on_event: Callable[[Event], None] | None = None
    workers: int = 1
    processes: int = 1


@dataclass(slots=True)
class Done:
    """A call that the fast road has made.

    Attributes:
        told: whether the journal and the listener know of it.
    """

    values: dict[str, Any]
    artifacts: dict[str, Artifact]
    state: int
    started_at: float
    ended_at: float
    key: str | None
    told: bool


@dataclass(slots=True)
class Failed:
    """A call that failed on the fast road, which made its first attempt."""

    error: BaseException
    key: str | None = None
    started_at: float | None = None
    worker: str = ""


@dataclass(slots=True)
class _Awaited:
    """A call whose body runs elsewhere than on a lent thread."""

    prepared: Prepared
    context: RunContext | None
    begun: float


class _Local(deque[int]):
    """The calls that one worker has taken and not begun; the next one is at the right.

    Attributes:
        since: when the call began that it makes now.
    """

    since = 0.0


class Engine:
    """Runs one program once.

    Args:
        recorded: outcomes of an earlier sitting of the same run, by (task path, index).
        done, failed: what the fast road computed before it ended, by position in the plan, and what ended it.
        capacity: how much there is of each resource; None: as much as is asked for.
        output: hears what bodies print and log; None: they are not listened to.
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
        done: Mapping[int, Done] | None = None,
        failed: Mapping[int, Failed] | None = None,
        capacity: Mapping[str, float] | None = None,
        output: BodyOutput | None = None,
    ) -> None:
        self.calls, self.settings, self.redact = calls, settings, redact
        self.stop = threading.Event()
        self.recorded = recorded or {}
        self._done, self._failed_before = done or {}, failed or {}
        self.net = Network(program, params, calls, settings.run, environment or {}, secret_of)
        self.schedule = self.net.schedule
        if not settings.probe:
            self.net.remake = Remaking(self.net, calls, settings.run, self.stop, self._make_outside).remake
        steps = [*every_step(program)]
        self._grants = None if settings.probe or capacity is None else self._new_grants(steps, capacity)
        self.prioritized = any(step.task.priority for step in steps)
        self.tracker = Tracker(
            self.schedule, fail_fast=settings.fail_fast and not settings.probe, admission=self._grants,
            priority_of=self._priority_of if self.prioritized else None,
        )  # fmt: skip
        self._warming = Warming(program, calls.pool) if not settings.probe and any(step.kind for step in steps) else None
        self.info: dict[int, CallInfo] = {}
        self._clock_offset_s = time.time() - time.monotonic()
        writes = calls.recorded and not settings.probe
        store, listener, self._output = calls.store if writes else None, settings.on_event, output
        log = output.log if output is not None else RunLog(settings.run, store, listener, redact)
        self._teller = Teller(settings.run, self.net, store, listener, log, time.time)
        if output is not None:
            output.names, output.making = lambda node: (self.net.path(node), self._info(node).attempts), {}
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._idle = 0
        self._locals: list[_Local] = []
        self._closed = False
        self._broken: BaseException | None = None
        self._coroutines = Coroutines()
        self._awaited: dict[int, _Awaited] = {}
        self._outside: Outside | None = None
        self._handed_over: dict[int, Started] = {}
        self._parked: deque[int] = deque()
        self._healed: set[int] = set()
        self._arrived: queue.SimpleQueue[tuple[int, Any, BaseException | None] | None] = queue.SimpleQueue()
        self._clerk: threading.Thread | None = None
        self._meter = CpuMeter()
        self._finished = threading.Event()
        self._stopped_for = Stop.ASKED
        self.goes_on = done is not None

    def _new_grants(self, steps: list[Step], capacity: Mapping[str, float]) -> Grants | None:
        if not any(step.demands for step in steps):
            return None
        from symphony.runtime.grants import Grants  # only plans that ask for resources need the ledger

        folder = self.calls.store.folder
        return Grants(
            self.settings.run, capacity, None if folder is None else folder / "arbitration", self._demand_of, self._granted
        )

    def _demand_of(self, node: int) -> tuple[Units, int, str]:
        step = self.net.steps[node]
        return step.demands, step.task.priority, self.net.path(node)

    def _priority_of(self, node: int) -> int:
        return self.net.steps[node].task.priority

    def _granted(self, nodes: list[int]) -> None:
        """Others have given back what these calls wait for."""
        with self._lock:
            self.tracker.granted(nodes)
            self._changed.notify(len(nodes))

    # life --------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Lay out the tasks; those outside the selection are left out."""
        if not self.goes_on:
            self._teller.event(EventKind.RUN_STARTED, "", {"tasks": len(self.net.program.steps)})
        ready = self.net.lay_out()
        selected, states = self.settings.selected, self.schedule.state
        if selected is not None:
            for id, node in self.net.root.nodes.items():
                if id not in selected and states[node] < sc.SUCCEEDED:
                    self._info(node).note = "not selected"
                    self.schedule.skip(node)
                    self.tracker.changed.append(node)
            ready = [n for n in ready if states[n] == sc.READY]
            ready += self.schedule.release([n for n in self.net.root.nodes.values() if n not in set(ready)])
        if self._warming is not None:
            self._warming.begin()
        if not self.settings.probe:
            self._open_outside()
        with self._lock:
            self.tracker.put(self.tracker.settle(ready, time.monotonic()))
            self._tell_changed()

    def _open_outside(self) -> None:
        """Start the processes that the plan needs, so that they are warm when they are."""
        outside = [step for step in every_step(self.net.program) if step.outside]
        if outside:
            from symphony.runtime.outside import Outside  # only plans with such calls need processes

            modules = tuple(sorted({step.pin.module for step in outside if step.pin is not None}))
            self._outside = Outside(self.calls, (), modules, self.settings.processes, PROCESS_GRACE_S)
            self._outside.warm()

    def work(self, worker: int) -> None:
        """Take calls and make them until the run has ended; a worker goes on with what its own call made ready.

        Short calls are taken many at a time; what waits behind a long one is taken by workers that have nothing to do.
        """
        local = _Local()
        name, most = f"thread-{worker}", 1
        self._locals.append(local)
        try:
            while True:
                try:
                    node = local.pop()
                except IndexError:
                    if not (found := self._take(most)):
                        return
                    local.extend(found)
                    continue
                begun = local.since = time.monotonic()
                ready = self._process(node, name)
                most = min(BATCH, 2 * most) if time.monotonic() - begun < _SHORT_S else 1
                if ready and self.prioritized:
                    with self._lock:
                        self._offer(ready)
                elif ready:
                    local.extend(reversed(ready))
                if len(local) > most or (self._idle and len(local) > 1):
                    self._share(local, most)
        except BaseException as error:  # noqa: BLE001  handed to whoever waits for the run
            self._break(error)

    def _break(self, error: BaseException) -> None:
        with self._lock:
            self._broken = self._broken or error
            self._closed = True
            self._finish()

    def _finish(self) -> None:
        self._finished.set()
        self._changed.notify_all()
        self._arrived.put(None)

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
        if not self._teller.writes:
            return
        with self._lock:
            nodes = sorted(self.tracker.running)
        self._teller.running(
            [
                {"task": self.net.task_path(n), "index": self.net.indexes[n], "started_at": info.started_at,
                 "attempt": info.attempts, "worker": info.worker}
                for n in nodes for info in (self._info(n),)
            ]
        )  # fmt: skip

    def cancel(self, why: Stop = Stop.ASKED) -> None:
        """Ask everything to stop: nothing new starts, running bodies are told."""
        self._stopped_for = why
        self.stop.set()
        with self._lock:
            self.tracker.stop(time.monotonic())
            self._tell_changed()
            self._changed.notify_all()
        self._coroutines.cancel_all()
        if self._outside is not None:
            self._outside.cancel()

    def cancel_the_rest(self, why: Stop) -> None:
        """Take over what the fast road has made, and cancel everything else."""
        self.begin()
        nodes = self.tracker.take(len(self.schedule), time.monotonic())
        while nodes:
            node = nodes.pop()
            if node in self._done:
                nodes += self._take_over(node, self._done[node])
        self.cancel(why)
        self.close()

    def abandon(self) -> list[str]:
        """Give up on what still runs after the grace period; returns the paths of the calls left behind."""
        now = time.monotonic()
        with self._lock:
            left = sorted(self.tracker.running)
            paths = [self.net.path(n) for n in left]
            for node in left:
                info = self._info(node)
                info.note, info.ended_at = "abandoned", now + self._clock_offset_s
                self.tracker.end(node, sc.CANCELLED, now)
            self._tell_changed()
            self._closed = True
            self._finish()
        return paths

    def close(self) -> None:
        """End the event loop of async players and all processes, and let go of resources."""
        self._closed = True
        if self._outside is not None:
            self._outside.close()
        self._arrived.put(None)
        self._coroutines.close()
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
        """Whether the run was stopped because it took too long."""
        return self.stop.is_set() and self._stopped_for is Stop.TIMED_OUT

    # queue -------------------------------------------------------------------------------------------------------

    def _take(self, most: int) -> list[int]:
        tracker, workers = self.tracker, self.settings.workers
        with self._lock:
            while True:
                if self._closed or self._finished.is_set():
                    return []
                now = time.monotonic()
                found = tracker.take(max(1, min(most, len(tracker.ready) // workers)), now)
                if found:
                    found.reverse()
                    return found
                if found := self._taken_from_others(now):
                    return found
                due = tracker.next_attempt_at
                pause = _LONG_S if any(self._locals) else None
                if due is not None:
                    pause = max(0.0, due - now) if pause is None else min(pause, max(0.0, due - now))
                self._idle += 1
                self._changed.wait(pause)
                self._idle -= 1

    def _share(self, local: _Local, most: int) -> None:
        """Let others have what this worker will not come to soon; the oldest lie at the left."""
        given: list[int] = []
        with suppress(IndexError):  # another worker may have taken some meanwhile; what was taken here must not be lost
            for _ in range(len(local) - max(1, min(most, len(local) // 2))):
                given.append(local.popleft())
        with self._lock:
            self._offer(given[::-1])

    def _taken_from_others(self, now: float) -> list[int]:
        """What waits behind a call of another worker that has turned out to be long."""
        for local in self._locals:
            if local and now - local.since > _LONG_S:
                with suppress(IndexError):
                    return [local.popleft()]
        return []

    def _offer(self, nodes: list[int]) -> None:
        if nodes:
            self.tracker.put(nodes)
            if self._idle:
                self._changed.notify(len(nodes))

    # one node ----------------------------------------------------------------------------------------------------

    def _process(self, node: int, worker: str) -> list[int]:
        """Do what a ready node asks for; returns the nodes that may be taken now."""
        net = self.net
        step, index = net.steps[node], net.indexes[node]
        if self.schedule.state[node] == sc.RETRYING:
            return self._call(node, worker)
        if self.schedule.state[node] != sc.READY:
            return []
        if self._done or self._failed_before:
            if node in self._done:
                return self._take_over(node, self._done[node])
            if node in self._failed_before:
                found, info = self._failed_before[node], self._info(node)
                info.attempts, info.key, info.started_at, info.worker = 1, found.key, found.started_at, found.worker
                return self._failed(node, found.error)
        try:
            earlier = self.recorded.get((net.task_path(node), index)) if self.recorded else None
            if earlier is not None and (index >= 0 or step.task.each is None):
                return self._restore(node, earlier)
            if step.task.when is not None and step.filters == (index >= 0) and not net.condition(node):
                return self._end(node, sc.SKIPPED)
            if step.task.each is not None and index < 0:
                return self._expand(node)
            if step.body is not None:
                with self._lock:
                    return self._settled(net.open_element(node)) if self.schedule.state[node] == sc.READY else []
        except (ExpressionError, ElementError, KeyError, TypeError, ValueError) as error:
            return self._failed(node, error, retry=False)
        return self._call(node, worker)

    def _take_over(self, node: int, done: Done) -> list[int]:
        """Go on from what the fast road has made."""
        info = self._info(node)
        info.key, info.told = done.key, done.told
        info.attempts, info.started_at = (1, done.started_at) if done.state == sc.SUCCEEDED else (0, None)
        self.net.put(node, done.values, done.artifacts)
        return self._end(node, done.state, done.ended_at)

    def _restore(self, node: int, earlier: CallRecord) -> list[int]:
        """Take over the outcome of an earlier sitting."""
        info = self._info(node)
        info.key, info.parts, info.note = earlier.key, earlier.parts or {}, "recorded earlier"
        info.attempts, info.started_at, info.ended_at = earlier.attempt, earlier.started_at, earlier.ended_at
        self.net.put(node, {}, dict(earlier.outputs or {}))
        return self._end(node, sc.CACHED)

    def _expand(self, node: int) -> list[int]:
        with self._lock:
            if self.schedule.state[node] != sc.READY:
                return []
            ready = self.net.expand(node)
            self._teller.event(EventKind.TASK_EXPANDED, self.net.path(node), {"count": self.net.count(node)})
            return self._settled(ready)

    def _call(self, node: int, worker: str) -> list[int]:
        step, info = self.net.steps[node], self._info(node)
        if step.outside and self._outside is not None and self._is_parked(node, self._outside):
            return []
        try:
            prepared = self._prepared(node, step, info)
        except DamagedArtifactError as error:
            return self._failed(node, error)
        except (StoreError, LostRunError):
            raise
        except Exception as error:  # noqa: BLE001  a body's inputs can fail in every way
            return self._failed(node, error)
        if prepared.hit is not None:
            self.net.put(node, {}, dict(prepared.hit))
            return self._end(node, sc.CACHED)
        if self.settings.probe:
            info.note = "would run"
            return self._end(node, sc.FAILED)
        try:
            begun = self._start(node, step, prepared, info, worker)
        except SurroundingsError as error:
            return self._failed(node, error, retry=False)
        if begun is None:
            return self._served_meanwhile(node, prepared)
        if self._outside is not None and step.outside:
            return self._hand_over(node, step, prepared, info, begun)
        return self._made(node, step, prepared, info, begun)

    def _served_meanwhile(self, node: int, prepared: Prepared) -> list[int]:
        """End a call that did not start, if that was because an equal one has given the result."""
        if prepared.hit is None:
            return []
        self.net.put(node, {}, dict(prepared.hit))
        return self._end(node, sc.CACHED)

    def _prepared(self, node: int, step: Step, info: CallInfo) -> Prepared:
        inputs = self.net.inputs(node)
        info.released = self.tracker.released
        prepared = self.calls.prepare(step, inputs, forced=step.id in self.settings.forced)
        info.key, info.parts = prepared.key, prepared.parts
        if step.is_effect and prepared.hit is None and self._teller.writes:
            self.calls.store.flush()  # an effect never precedes its cause
        return prepared

    def _start(self, node: int, step: Step, prepared: Prepared, info: CallInfo, worker: str) -> float | None:
        """When the call started, in seconds of the run's clock; None where it has to wait, or must not start any more."""
        now = time.monotonic()
        with self._lock:
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
        info.attempts += 1
        info.waited_s, info.worker = waited, worker
        info.started_at = now + self._clock_offset_s
        info.first_started = info.first_started or now
        if self._teller.listens and not step.outside:
            path, data = self.net.path(node), {"attempt": info.attempts, "worker": worker}
            self._teller.event(EventKind.TASK_STARTED, path, data)
        return now

    def _made(self, node: int, step: Step, prepared: Prepared, info: CallInfo, begun: float) -> list[int]:
        """Run the body on this thread and take what it gives."""
        context = self._context(node, info) if step.wants_context else None
        try:
            returned = self._invoked(node, step, prepared, context)
            if step.pin is not None and step.pin.is_async:
                self._await(node, returned, _Awaited(prepared, context, begun))
                context = None
                return []
            return self._kept(node, step, prepared, info, returned, context, begun)
        except DamagedArtifactError as error:
            return self._failed(node, error)
        except (StoreError, LostRunError):
            raise
        except BaseException as error:  # noqa: BLE001  a body can raise anything
            if prepared.loaded_at and time.monotonic() - begun > WORTH_MEASURING_S:
                info.measures = _measures(prepared, begun, time.monotonic())
            return self._failed(node, error)
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

    def _kept(
        self, node: int, step: Step, prepared: Prepared, info: CallInfo, returned: Any, context: RunContext | None, begun: float
    ) -> list[int]:  # fmt: skip
        computed = time.monotonic()
        workdir = context.made_workdir if context is not None else None
        result = self.calls.keep(
            step, prepared, returned, workdir, run=self.settings.run, call=self.net.path(node), replace=step.id in self.settings.forced
        )  # fmt: skip
        info.commit = result.commit
        if computed - begun > WORTH_MEASURING_S or info.waited_for:
            info.measures = _measures(prepared, begun, computed) | _sizes(prepared.inputs, result.artifacts) | (info.measures or {})
            if info.waited_for:
                info.measures["waited_for"] = info.waited_for
        self.net.put(node, result.values, result.artifacts)
        return self._end(node, sc.SUCCEEDED)

    def _context(self, node: int, info: CallInfo) -> RunContext:
        store, path = self.calls.store, self.net.path(node)
        return RunContext(
            run_id=self.settings.run, task_id=path, attempt=info.attempts, task=self.net.task_path(node),
            index=self.net.indexes[node], temporary=None if store.folder is None else store.folder / "tmp", stop=self.stop,
            log=self._teller.log,
            progress=lambda done, total: self._teller.event(EventKind.TASK_PROGRESS, path, {"done": done, "total": total}),
        )  # fmt: skip

    # bodies that run elsewhere -----------------------------------------------------------------------------------

    def _is_parked(self, node: int, outside: Outside) -> bool:
        """Whether so many calls are handed over that this one waits until one of them has ended."""
        with self._lock:
            if len(self._handed_over) < outside.window:
                return False
            self._parked.append(node)
            return True

    def _hand_over(self, node: int, step: Step, prepared: Prepared, info: CallInfo, begun: float) -> list[int]:
        """Hand a call to the processes; its end arrives later."""
        assert self._outside is not None
        context = self._context(node, info) if step.player is None else None
        started = self._outside.started(step, prepared, context, begun)
        with self._lock:
            self._handed_over[node] = started
        self._have_clerk()
        path, task, index = self.net.path(node), self.net.task_path(node), self.net.indexes[node]

        def began(worker: str, at: float) -> None:
            info.waited_s += max(0.0, at - (info.started_at or at))
            info.worker, info.started_at = worker, at
            self._teller.event(EventKind.TASK_STARTED, path, {"attempt": info.attempts, "worker": worker})

        told = self._outside.told(
            lambda outcome: self._arrived.put((node, outcome, None)), began, lambda line: self._teller.log(dict(line)),
            lambda done, total: self._teller.event(EventKind.TASK_PROGRESS, path, {"done": done, "total": total}),
        )  # fmt: skip
        try:
            self._outside.start(node, info.attempts, started, (self.settings.run, path, task, index), told)
        except StoreError:
            self._ended_outside(node, started)
            raise  # the disk is full: no fault of the task
        except Exception as error:  # noqa: BLE001  an argument may be such that it cannot travel
            self._ended_outside(node, started)
            return self._failed(node, error)
        return []

    def _taken_outside(self, node: int, outcome: Outcome) -> list[int]:
        assert self._outside is not None
        with self._lock:
            started = self._handed_over.pop(node)
        step, info = started.step, self._info(node)
        try:
            returned = self._outside.outputs_of_script(started, outcome)
            if returned is not None:
                info.measures = dict(outcome.measured)
                return self._kept(node, step, started.prepared, info, returned, started.context, started.begun)
            if outcome.error_types[:1] == ("DamagedArtifactError",) and node not in self._healed:
                return self._healed_first(node, started, info)
            result = self._outside.result_of(
                started, outcome, run=self.settings.run, call=self.net.path(node), replace=step.id in self.settings.forced
            )
            info.commit, info.measures = result.commit, dict(outcome.measured)
            if info.waited_for:
                info.measures["waited_for"] = info.waited_for
            self.net.put(node, result.values, result.artifacts)
            return self._end(node, sc.SUCCEEDED)
        except LostError:
            return self._again(node, info)
        except DamagedArtifactError as error:
            return self._failed(node, error)
        except (StoreError, LostRunError):
            raise
        except Exception as error:  # noqa: BLE001  a body can fail in every way
            info.measures = dict(outcome.measured) or None
            return self._failed(node, error, retry=not isinstance(error, WorkerDiedError))
        finally:
            self._ended_outside(node, started)

    def _make_outside(self, node: int, step: Step, prepared: Prepared) -> Result:
        """Make a call in a process once more and wait for it."""
        assert self._outside is not None
        arrived: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        context = self._context(node, self._info(node)) if step.player is None else None
        started = self._outside.started(step, prepared, context, time.monotonic())
        names = self.settings.run, self.net.path(node), self.net.task_path(node), self.net.indexes[node]
        try:
            self._outside.start(-1 - node, 1, started, names, self._outside.told(arrived.put))
            outcome = arrived.get()
            returned = self._outside.outputs_of_script(started, outcome)
            if returned is not None and context is not None:
                workdir = context.made_workdir
                return self.calls.keep(step, prepared, returned, workdir, run=self.settings.run, call=names[1], replace=True)
            return self._outside.result_of(started, outcome, run=self.settings.run, call=names[1], replace=True)
        finally:
            self._outside.release(started)
            if context is not None:
                context.close()

    def _healed_first(self, node: int, started: Started, info: CallInfo) -> list[int]:
        """A process found an input damaged: load all here, which makes what is damaged once more, and try again."""
        self._healed.add(node)
        for held in started.prepared.inputs.values():
            held.value  # noqa: B018  loading is what heals
        return self._again(node, info)

    def _again(self, node: int, info: CallInfo) -> list[int]:
        """Make a call again whose process was lost; that does not count as an attempt."""
        info.attempts -= 1
        with self._lock:
            self.tracker.no_longer_in_flight(info.key)
            if not self.tracker.stopping:
                self.tracker.put_back(node, time.monotonic())
                self._tell_changed()
                self._changed.notify()
                return []
        return self._failed(node, StoppedError("the run was cancelled"))

    def _ended_outside(self, node: int, started: Started) -> None:
        assert self._outside is not None
        self._outside.release(started)
        if started.context is not None:
            started.context.close()
        with self._lock:
            if self._handed_over.get(node) is started:  # else it is the next attempt's
                del self._handed_over[node]
            if self._parked:
                self._offer([self._parked.popleft()])

    def _await(self, node: int, coroutine: Any, awaited: _Awaited) -> None:
        with self._lock:
            self._awaited[node] = awaited
        self._have_clerk()
        arrived, output = self._arrived, self._output
        if output is not None:
            coroutine = output.spoken(node, coroutine)
        self._coroutines.start(
            coroutine, self.net.steps[node].task.timeout, lambda value, error: arrived.put((node, value, error))
        )

    def _have_clerk(self) -> None:
        with self._lock:
            if self._clerk is None:
                self._clerk = threading.Thread(target=self._take_arrivals, name="symphony-clerk", daemon=True)
                self._clerk.start()

    def _take_arrivals(self) -> None:
        """Record what bodies elsewhere gave, on a thread of its own: no lent thread need be free for it."""
        try:
            while (arrival := self._arrived.get()) is not None or not self._closed:
                if arrival is not None:
                    ready = self._taken(*arrival)
                    with self._lock:
                        self._offer(ready)
                elif self._finished.is_set():
                    return
        except BaseException as error:  # noqa: BLE001  handed to whoever waits for the run
            self._break(error)

    def _taken(self, node: int, value: Any, error: BaseException | None) -> list[int]:
        if node in self._handed_over:
            return self._taken_outside(node, value)
        awaited = self._awaited.pop(node)
        step, info = self.net.steps[node], self._info(node)
        try:
            if error is not None:
                return self._failed(node, error)
            return self._kept(node, step, awaited.prepared, info, value, awaited.context, awaited.begun)
        except DamagedArtifactError as error:
            return self._failed(node, error)
        except (StoreError, LostRunError):
            raise
        except Exception as problem:  # noqa: BLE001  a result can be anything
            return self._failed(node, problem)
        finally:
            if awaited.context is not None:
                awaited.context.close()

    # ends --------------------------------------------------------------------------------------------------------

    def _failed(self, node: int, error: BaseException, *, retry: bool = True) -> list[int]:
        info = self._info(node)
        info.error = {k: self.redact(v) for k, v in error_document(error).items()}
        if isinstance(error, StoppedError) or (self.stop.is_set() and type(error).__name__ == "CancelledError"):
            return self._end(node, sc.CANCELLED)
        now = time.monotonic()
        wait = None
        if retry and info.attempts and not self.stop.is_set():
            spent = now - info.first_started if info.first_started else 0.0
            wait = delay_s(self.net.steps[node].retry, info.attempts, error_types(error), spent, random.random())
        if wait is None:
            return self._end(node, sc.FAILED)
        with self._lock:
            self.tracker.try_again(node, now + wait, now)
            self.tracker.no_longer_in_flight(info.key)
            self._tell_changed()
            self._changed.notify()
        self._teller.retrying(node, info, wait)
        return []

    def _end(self, node: int, state: int, ended_at: float | None = None) -> list[int]:
        """Take note that a node has ended; returns the nodes that may be taken now."""
        info, now = self._info(node), time.monotonic()
        if ended_at is not None:
            info.ended_at = ended_at
        elif state != sc.SKIPPED and info.note != "recorded earlier":
            info.ended_at = now + self._clock_offset_s
        with self._lock:
            if self._closed and node not in self.tracker.running:
                return []  # abandoned meanwhile: its state is final
            ready = self.tracker.end(node, state, now)
            self._tell_changed()
            self.tracker.no_longer_in_flight(info.key)
            if self._idle and self.tracker.ready:
                self._changed.notify(len(self.tracker.ready))
            return ready

    def _settled(self, ready: list[int]) -> list[int]:
        found = self.tracker.settle(ready, time.monotonic())
        self._tell_changed()
        return found

    def _tell_changed(self) -> None:
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
        info, state = self._info(node), STATES[self.schedule.state[node]]
        self._teller.ended(node, state, info, self.cause_of(node) if state is TaskState.SKIPPED else info.note)
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

    def _info(self, node: int) -> CallInfo:
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
