"""The run loop: lets the schedule decide, makes calls on lent threads, tells listeners and the journal."""

from __future__ import annotations

import heapq
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from symphony.errors import ExpressionError, InternalError, StoreError
from symphony.model.artifact import Artifact
from symphony.model.event import Event, EventKind
from symphony.model.states import RunState, TaskState
from symphony.runtime import schedule as sc
from symphony.runtime.call import Prepared, TaskCalls, error_document, error_types
from symphony.runtime.context import RunContext
from symphony.runtime.coroutines import Coroutines
from symphony.runtime.lists import ElementError
from symphony.runtime.network import Network
from symphony.runtime.retrying import delay_s
from symphony.runtime.schedule import State
from symphony.runtime.shell import StoppedError
from symphony.runtime.steps import Program
from symphony.runtime.values import MISSING, Held
from symphony.store.records import CallRecord

BATCH = 64
GRACE_S = 2.0
_STATES = {State[s.name]: s for s in TaskState}


@dataclass(slots=True)
class Settings:
    """How a run is run.

    Attributes:
        forced: tasks that run although their result is stored, with their dependants.
        selected: the tasks to run; None: all.
        probe: look keys up and run nothing: a dry run.
    """

    run: str
    fail_fast: bool = False
    forced: frozenset[str] = frozenset()
    selected: frozenset[str] | None = None
    probe: bool = False
    on_event: Callable[[Event], None] | None = None


@dataclass(slots=True)
class CallInfo:
    """What is known of a call beyond its state."""

    attempts: int = 0
    started_at: float | None = None
    ended_at: float | None = None
    worker: int = -1
    key: str | None = None
    error: dict[str, Any] | None = None
    note: str = ""
    parts: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    first_started: float = 0.0


class Engine:
    """Runs one program once.

    Args:
        recorded: outcomes of an earlier sitting of the same run, by (task path, index).
        done, failed: what the fast road computed before it ended, by position in the plan, and what ended it.
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
        done: Mapping[int, Any] | None = None,
        failed: Mapping[int, BaseException] | None = None,
    ) -> None:
        self.calls, self.settings, self.redact = calls, settings, redact
        self.recorded = recorded or {}
        self._done, self._failed_before = done or {}, failed or {}
        self.net = Network(program, params, calls, settings.run, environment or {}, secret_of)
        self.schedule = self.net.schedule
        self.info: dict[int, CallInfo] = {}
        self.stop = threading.Event()
        self._lock = threading.Condition()
        self._ready: deque[int] = deque()
        self._arrived: deque[tuple[int, Any, BaseException | None]] = deque()
        self._timers: list[tuple[float, int]] = []
        self._running: set[int] = set()
        self._in_flight: dict[str, list[int]] = {}
        self._awaited: dict[int, tuple[Prepared, RunContext, bool]] = {}
        self._idle = 0
        self._closed = False
        self._broken: BaseException | None = None
        self._coroutines = Coroutines()
        self._finished = threading.Event()

    # life --------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Lay out the tasks; those outside the selection are left out."""
        self._emit(EventKind.RUN_STARTED, "", {"tasks": len(self.net.program.steps)})
        ready = self.net.lay_out()
        if self.settings.selected is not None:
            for id, node in self.net.root.nodes.items():
                if id not in self.settings.selected and self.schedule.state[node] < sc.SUCCEEDED:
                    self._info(node).note = "not selected"
                    self.schedule.skip(node)
                    self._record(node)
            ready = [n for n in ready if self.schedule.state[n] == sc.READY]
            ready += self.net.schedule.release([n for n in self.net.root.nodes.values() if n not in set(ready)])
        with self._lock:
            self._note_consequences()
            self._offer(ready)
            self._check_finished()

    def work(self, worker: int) -> None:
        """Take calls and make them until the run has ended; a worker goes on with what its own call made ready."""
        local: list[int] = []
        try:
            while True:
                if not local:
                    local = self._take()
                    if not local:
                        return
                node = local.pop()
                if node < 0:
                    ready = self._finish_arrived()
                else:
                    ready = self._process(node, worker)
                if ready:
                    local.extend(reversed(ready))
                if len(local) > 1 and self._idle:
                    local = self._share(local)
        except BaseException as error:  # noqa: BLE001  handed to whoever waits for the run
            with self._lock:
                self._broken = self._broken or error
                self._closed = True
                self._finished.set()
                self._lock.notify_all()

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
        if not self.calls.recorded or self.settings.probe:
            return
        with self._lock:
            nodes = sorted(self._running)
        told = [
            {"task": self.net.task_path(n), "index": self.net.indexes[n], "started_at": self._info(n).started_at,
             "attempt": self._info(n).attempts, "worker": str(self._info(n).worker)}
            for n in nodes
        ]  # fmt: skip
        self.calls.store.running(self.settings.run, told)

    def cancel(self) -> None:
        """Ask everything to stop: nothing new starts, running bodies are told."""
        self.stop.set()
        with self._lock:
            self._cancel_unstarted()
            self._check_finished()
            self._lock.notify_all()
        self._coroutines.cancel_all()

    def abandon(self) -> list[str]:
        """Give up on what still runs after the grace period; returns the paths of the calls left behind."""
        with self._lock:
            left = sorted(self._running)
            paths = [self.net.path(n) for n in left]
            for node in left:
                self._info(node).note = "abandoned"
                self._info(node).ended_at = time.time()
                self.schedule.cancel(node)
                self._record(node)
            self._note_consequences()
            self._running.clear()
            self._closed = True
            self._check_finished()
            self._finished.set()
            self._lock.notify_all()
        return paths

    def close(self) -> None:
        """End the event loop of async players."""
        self._closed = True
        self._coroutines.close()

    def verdict(self) -> RunState:
        """The state of the run once it has ended."""
        states = {self.schedule.state[n] for n in self.net.root.nodes.values()}
        if self.stop.is_set() and sc.CANCELLED in states:
            return RunState.CANCELLED
        return RunState.FAILED if sc.FAILED in states or sc.CANCELLED in states else RunState.SUCCEEDED

    # queue -------------------------------------------------------------------------------------------------------

    def _take(self) -> list[int]:
        with self._lock:
            while True:
                if self._closed or self._finished.is_set():
                    return []
                if self._arrived:
                    return [-1]
                due = self._due_timers()
                self._ready.extend(due)
                if self._ready:
                    count = max(1, min(BATCH, len(self._ready) // max(1, self._workers)))
                    return [self._ready.popleft() for _ in range(count)][::-1]
                self._idle += 1
                self._lock.wait(None if not self._timers else max(0.0, self._timers[0][0] - time.monotonic()))
                self._idle -= 1

    _workers = 1

    def set_workers(self, count: int) -> None:
        """Say how many threads work, so that batches are shared evenly."""
        self._workers = count

    def _due_timers(self) -> list[int]:
        due = []
        while self._timers and self._timers[0][0] <= time.monotonic():
            due.append(heapq.heappop(self._timers)[1])
        return due

    def _offer(self, nodes: list[int]) -> None:
        if not nodes:
            return
        self._ready.extend(nodes)
        if self._idle:
            self._lock.notify(len(nodes))

    def _share(self, local: list[int]) -> list[int]:
        keep = max(1, len(local) // 2)
        with self._lock:
            self._offer(local[:-keep][::-1])
        return local[-keep:]

    def _check_finished(self) -> None:
        if self.schedule.ended == len(self.schedule) and not self._running and not self._arrived:
            self._finished.set()
            self._lock.notify_all()

    def _cancel_unstarted(self) -> None:
        for node in self.schedule.cancel_unstarted():
            self._record(node)
        self._note_consequences()
        self._ready.clear()
        self._timers.clear()

    # one node ----------------------------------------------------------------------------------------------------

    def _process(self, node: int, worker: int) -> list[int]:
        """Do what a ready node asks for; returns the nodes that may start now."""
        if self.schedule.state[node] not in (sc.READY, sc.RETRYING):
            return []
        net = self.net
        step, index = net.steps[node], net.indexes[node]
        if self._failed_before:
            if node in self._done:
                net.put(node, {"out": self._done[node]}, {})
                return self._end(node, sc.SUCCEEDED)
            if node in self._failed_before:
                self._info(node).attempts = 1
                return self._failed(node, self._failed_before[node])
        try:
            earlier = self.recorded.get((net.task_path(node), index)) if self.recorded else None
            if earlier is not None and (index >= 0 or step.task.each is None):
                return self._restore(node, earlier)
            if step.task.when is not None and step.filters == (index >= 0) and not net.condition(node):
                return self._end(node, sc.SKIPPED)
            if step.task.each is not None and index < 0:
                return self._expand(node)
            if step.body is not None:
                return self._open_element(node)
        except (ExpressionError, ElementError, KeyError, TypeError, ValueError) as error:
            return self._failed(node, error, retry=False)
        return self._call(node, worker)

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
            self._emit(EventKind.TASK_EXPANDED, self.net.path(node), {"count": self.net.count(node)})
            return self._after(ready)

    def _open_element(self, node: int) -> list[int]:
        with self._lock:
            return self._after(self.net.open_element(node))

    def _call(self, node: int, worker: int) -> list[int]:
        net, step = self.net, self.net.steps[node]
        info = self._info(node)
        path, index = net.path(node), net.indexes[node]
        try:
            inputs = net.inputs(node)
            forced = bool(self.settings.forced) and step.id in self.settings.forced
            prepared = self.calls.prepare(step, inputs, forced=forced)
            info.key, info.parts = prepared.key, prepared.parts
            if prepared.hit is not None:
                net.put(node, {}, dict(prepared.hit))
                return self._end(node, sc.CACHED)
            if self.settings.probe:
                info.note = "would run"
                return self._end(node, sc.FAILED)
            if prepared.key is not None and not self._first_with(prepared.key, node):
                return []
            if step.is_effect and self.calls.recorded:
                self.calls.store.flush()
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001  a body's inputs can fail in every way
            return self._failed(node, error)
        context = self._context(path, node, index, info)
        info.worker = worker
        if not self._start(node, info):
            return []
        try:
            returned = self.calls.invoke(step, prepared, context, self.stop)
            if step.pin is not None and step.pin.is_async:
                self._await(node, returned, prepared, context, forced)
                return []
            result = self.calls.keep(step, prepared, returned, context, run=self.settings.run, replace=forced)
        except StoreError:
            raise
        except BaseException as error:  # noqa: BLE001  a body can raise anything
            return self._failed(node, error)
        finally:
            if node not in self._awaited:
                context.close()
        net.put(node, result.values, result.artifacts)
        return self._end(node, sc.SUCCEEDED)

    def _context(self, path: str, node: int, index: int, info: CallInfo) -> RunContext:
        info.attempts += 1
        run, store = self.settings.run, self.calls.store
        return RunContext(
            run_id=run, task_id=path, attempt=info.attempts, task=self.net.task_path(node), index=index,
            temporary=None if store.folder is None else store.folder / "tmp", stop=self.stop, log=self._log,
            progress=lambda done, total: self._emit(EventKind.TASK_PROGRESS, path, {"done": done, "total": total}),
        )  # fmt: skip

    def _start(self, node: int, info: CallInfo) -> bool:
        with self._lock:
            if self.stop.is_set() or self.schedule.state[node] not in (sc.READY, sc.RETRYING):
                self._release(info.key)
                return False
            self.schedule.state[node] = sc.RUNNING
            self._running.add(node)
        info.started_at = time.time()
        info.first_started = info.first_started or time.monotonic()
        if self.settings.on_event is not None:
            self._emit(EventKind.TASK_STARTED, self.net.path(node), {"attempt": info.attempts, "worker": info.worker})
        return True

    # equal calls in flight ---------------------------------------------------------------------------------------

    def _first_with(self, key: str, node: int) -> bool:
        """Whether no equal call is in flight; if one is, the node is woken when that one ends."""
        with self._lock:
            waiting = self._in_flight.get(key)
            if waiting is None:
                self._in_flight[key] = []
                return True
            waiting.append(node)
            return False

    def _release(self, key: str | None) -> None:
        if key is not None:
            self._offer(self._in_flight.pop(key, []))

    # async players -----------------------------------------------------------------------------------------------

    def _await(self, node: int, coroutine: Any, prepared: Prepared, context: RunContext, forced: bool) -> None:
        self._awaited[node] = (prepared, context, forced)

        def arrived(value: Any, error: BaseException | None) -> None:
            with self._lock:
                self._arrived.append((node, value, error))
                self._lock.notify()

        self._coroutines.start(coroutine, self.net.steps[node].task.timeout, arrived)

    def _finish_arrived(self) -> list[int]:
        with self._lock:
            if not self._arrived:
                return []
            node, value, error = self._arrived.popleft()
        prepared, context, forced = self._awaited.pop(node)
        step = self.net.steps[node]
        try:
            if error is not None:
                return self._failed(node, error)
            result = self.calls.keep(step, prepared, value, context, run=self.settings.run, replace=forced)
            self.net.put(node, result.values, result.artifacts)
            return self._end(node, sc.SUCCEEDED)
        except StoreError:
            raise
        except Exception as problem:  # noqa: BLE001  a result can be anything
            return self._failed(node, problem)
        finally:
            context.close()

    # ends --------------------------------------------------------------------------------------------------------

    def _failed(self, node: int, error: BaseException, *, retry: bool = True) -> list[int]:
        info = self._info(node)
        document = error_document(error)
        info.error = {k: self.redact(v) for k, v in document.items()}
        if isinstance(error, StoppedError) or (self.stop.is_set() and type(error).__name__ == "CancelledError"):
            return self._end(node, sc.CANCELLED)
        policy = self.net.steps[node].retry
        spent = time.monotonic() - info.first_started if info.first_started else 0.0
        wait = (
            delay_s(policy, info.attempts, error_types(error), spent, random.random())
            if retry and info.attempts
            else None
        )
        if wait is None or self.stop.is_set():
            return self._end(node, sc.FAILED)
        with self._lock:
            self._running.discard(node)
            self.schedule.state[node] = sc.RETRYING
            heapq.heappush(self._timers, (time.monotonic() + wait, node))
            self._release(info.key)
            self._lock.notify()
        self._emit(
            EventKind.TASK_RETRYING,
            self.net.path(node),
            {"attempt": info.attempts, "delay_s": wait, "error": info.error},
        )
        return []

    def _end(self, node: int, state: int) -> list[int]:
        """Take note that a node has ended; returns the nodes that may start now."""
        info = self._info(node)
        if state != sc.SKIPPED and info.note != "recorded earlier":
            info.ended_at = time.time()
        with self._lock:
            if self._closed and node not in self._running:
                return []  # abandoned meanwhile: its state is final
            if self.schedule.state[node] >= sc.SUCCEEDED:
                return []  # cancelled between being taken and being started
            self._running.discard(node)
            schedule = self.schedule
            if state in (sc.SUCCEEDED, sc.CACHED):
                ready = schedule.succeed(node, state)
            elif state == sc.FAILED:
                ready = schedule.fail(node)
            elif state == sc.SKIPPED:
                ready = schedule.skip(node)
            else:
                ready = schedule.cancel(node)
            self._release(info.key)
            self._record(node)
            if state == sc.FAILED and self.settings.fail_fast and not self.settings.probe:
                self._cancel_unstarted()
                ready = []
            return self._after(ready)

    def _after(self, ready: list[int]) -> list[int]:
        self._note_consequences()
        if self.stop.is_set():
            self._cancel_unstarted()
            ready = []
        self._check_finished()
        return [n for n in ready if self.schedule.state[n] == sc.READY]

    def _note_consequences(self) -> None:
        while self.schedule.consequences:
            self._record(self.schedule.consequences.pop())

    def cause_of(self, node: int) -> str:
        """Why a node was skipped: ``when``, ``failed: X``, or why it was left out."""
        info = self.info.get(node)
        if info is not None and info.note:
            return info.note
        cause = self.schedule.cause.get(node, sc.WHEN)
        return "when" if cause == sc.WHEN else f"failed: {self.net.path(cause)}"

    def _record(self, node: int) -> None:
        """Hand the end of a node to the journal and the listeners."""
        info = self._info(node)
        state = _STATES[State(self.schedule.state[node])]
        note = self.cause_of(node) if state is TaskState.SKIPPED else info.note
        if self.calls.recorded and not self.settings.probe and not self._closed:
            outputs = self.net.artifacts(node) if state in (TaskState.SUCCEEDED, TaskState.CACHED) else None
            self.calls.store.record(
                [
                    CallRecord(
                        run=self.settings.run, task=self.net.task_path(node), index=self.net.indexes[node], state=state,
                        attempt=info.attempts, started_at=info.started_at, ended_at=info.ended_at, waited_s=0.0,
                        worker=str(info.worker) if info.worker >= 0 else "", key=info.key, outputs=outputs, error=info.error,
                        parts=dict(info.parts) if info.key is None and info.parts else None, note=note,
                    )
                ]
            )  # fmt: skip
        if self.settings.on_event is not None:
            data: dict[str, Any] = {"state": str(state), "attempt": info.attempts}
            if info.started_at is not None:
                data |= {
                    "started_at": info.started_at,
                    "duration_s": (info.ended_at or info.started_at) - info.started_at,
                }
            if note:
                data["note"] = note
            if info.error is not None and state is TaskState.FAILED:
                self._emit(EventKind.TASK_ERROR, self.net.path(node), {"error": info.error})
            self._emit(EventKind.TASK_ENDED, self.net.path(node), data)

    def _info(self, node: int) -> CallInfo:
        info = self.info.get(node)
        if info is None:
            info = self.info[node] = CallInfo()
        return info

    def _log(self, line: dict[str, Any]) -> None:
        line["message"] = self.redact(line["message"])
        if self.calls.recorded:
            self.calls.store.append_log(self.settings.run, [line])
        self._emit(EventKind.LOG, line["task"], {k: v for k, v in line.items() if k not in ("task", "at")})

    def _emit(self, kind: EventKind, task: str, data: dict[str, Any] | None) -> None:
        listener = self.settings.on_event
        if listener is not None:
            listener(Event(kind, self.settings.run, time.time(), task, data))

    # outputs -----------------------------------------------------------------------------------------------------

    def output(self, name: str) -> Held | None:
        """An output of the melody; None when what it refers to was left out."""
        value = self.net.program.outputs[name]
        try:
            held = self.net.held(value, self.net.root, None)
        except KeyError:
            return None
        return held


def as_artifact(calls: TaskCalls, held: Held) -> Artifact:
    """The reference of a value, kept if it is not in the store yet."""
    if held.artifact is None:
        if held.value is MISSING:
            raise InternalError("a value is neither in memory nor in the store")
        held.artifact = calls.store.put(held.value, anchors=calls.anchors)
    return held.artifact
