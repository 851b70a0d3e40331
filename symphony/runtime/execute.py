"""Executes a plan from start to end: binds parameters, owns the run, drives the engine, records the outcome."""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, cast

from symphony.define.garbage import CollectionEased, collection_paused
from symphony.define.player import Player
from symphony.errors import LostRunError, UsageError
from symphony.model.artifact import Artifact
from symphony.model.event import Event, EventKind
from symphony.model.expression import Expression
from symphony.model.plan import Plan
from symphony.model.policy import OnFailure
from symphony.model.states import COUNTED, FINAL, RunState, TaskState, check_run_transition
from symphony.runtime.arguments import as_document, bind_params
from symphony.runtime.body_output import BodyOutput, heard, heard_aside
from symphony.runtime.call import TaskCalls
from symphony.runtime.clock import REAL_CLOCK, Clock
from symphony.runtime.contract import Executor, Follower, InProcessExecutor, RemoteExecutor
from symphony.runtime.engine import GRACE_S, STATES, Engine, Settings, as_artifact
from symphony.runtime.error_document import error_document
from symphony.runtime.fast_loop import BoundCalls, FastRun, can_run_fast
from symphony.runtime.fast_road import FastRoad, ends_the_run
from symphony.runtime.lease import LEASE_S
from symphony.runtime.ownership import Ownership
from symphony.runtime.player_pool import PlayerPool
from symphony.runtime.recorded_loop import RecordedCalls, can_record_fast
from symphony.runtime.remote.deciding import Deciders
from symphony.runtime.result import LazyTasks, Outputs, RunResult, TaskResult
from symphony.runtime.run_log import RunLog
from symphony.runtime.secrets import Secrets
from symphony.runtime.steps import build_program, every_step
from symphony.runtime.values import Held
from symphony.runtime.watching import Stop, Watch
from symphony.store.anchors import Anchors
from symphony.store.records import CallRecord, RunRecord
from symphony.store.store import Store


@dataclass(frozen=True, slots=True)
class Order:
    """How a plan is to be run.

    Attributes:
        given, texts: parameters as values and as text.
        root: the project's root.
        here: where relative paths of given parameters start.
        recorded: whether results are kept and served.
        workers, processes: how many threads work, and how many calls run in processes; None: what suits the machine.
        fail_fast: whether the first failed task cancels the rest; None: as the melody says.
        only, until, force: selections of tasks by id.
        run_id: an id to take instead of a new one.
        limit_s: how long the whole run may take, in seconds; what is not done then is cancelled, and the run fails.
        capacity: how much there is of each resource; None where no task asks for any.
        pool_bytes: how much memory players that are kept set up may take; None: no limit.
        lease_s: how long this process counts as the owner without a word from it.
        clock: what waits go by.
        stand_ins: players that are called in place of those that the plan pins, by the name of the player.
    """

    given: Mapping[str, Any] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    root: Path = field(default_factory=Path.cwd)
    here: Path = field(default_factory=Path.cwd)
    recorded: bool = True
    workers: int | None = None
    processes: int | None = None
    no_cache: bool = False
    fail_fast: bool | None = None
    strict: bool = False
    selected: frozenset[str] | None = None
    forced: frozenset[str] = frozenset()
    tags: tuple[str, ...] = ()
    run_id: str | None = None
    limit_s: float | None = None
    lease_s: float = LEASE_S
    capacity: Mapping[str, float] | None = None
    pool_bytes: int | None = None
    on_event: Callable[[Event], None] | None = None
    clock: Clock = REAL_CLOCK
    stand_ins: Mapping[str, Player[..., Any]] = field(default_factory=dict)


def new_run_id() -> str:
    """An id that sorts by time and is unlike every other."""
    return time.strftime("%Y%m%d-%H%M%S-", time.gmtime()) + uuid.uuid4().hex[:8]


def execute(plan: Plan, order: Order, store: Store, executor: Executor) -> RunResult:
    """Run a plan. Ctrl-C cancels it in order; the result then says so.

    Raises:
        ParameterError: a parameter does not fit; nothing was recorded.
        SurroundingsError: the store cannot be written.
    """
    with CollectionEased():
        sitting = Sitting(plan, order, store, executor, order.run_id or new_run_id())
        return sitting.run(None)


def resume(record: RunRecord, order: Order, store: Store, executor: Executor) -> RunResult:
    """Take up an earlier run: what is recorded stands, the rest is run.

    Raises:
        RefusedError: the run is owned by a living process.
    """
    plan = Plan.from_text(record.plan_text, file=f"the plan of run {record.id}")
    with CollectionEased():
        sitting = Sitting(plan, replace(order, given=record.params, tags=record.tags), store, executor, record.id)
        return sitting.run(record)


class Sitting:
    """One sitting of a run."""

    def __init__(self, plan: Plan, order: Order, store: Store, executor: Executor | None, run: str) -> None:
        self.plan, self.order, self.store, self.run_id = plan, order, store, run
        self._executor = executor
        self.secrets = Secrets()
        self.params = bind_params(
            plan, order.given, order.texts, root=order.root, here=order.here, secret_of=self.secrets.get
        )
        folders = tuple(
            (name, held.value) for name, held in self.params.items() if not held.secret and isinstance(held.value, Path)
        )
        self.anchors = Anchors(order.root, folders)
        self.calls = TaskCalls(
            store, recorded=order.recorded, anchors=self.anchors, no_cache=order.no_cache, strict=order.strict,
            redact=self.secrets.redact, pool=PlayerPool(budget_bytes=order.pool_bytes),
        )  # fmt: skip
        with collection_paused():
            self.program = build_program(plan, stand_ins=order.stand_ins)
        self._in_process = executor is None or executor.traits.in_process
        if order.stand_ins and not self._in_process:
            raise UsageError(
                "stubs are called in this process, so only an executor of this process can run with them: pit"
            )
        if executor is not None and not self._in_process:
            for step in every_step(self.program):
                step.leave_to(executor.traits.resources)
        self._sets_up_players = self._in_process and any(step.kind for step in every_step(self.program))
        self.listener = _listener(order.on_event, executor)
        self.started_at = order.clock.now()

    @property
    def executor(self) -> InProcessExecutor | RemoteExecutor:
        """The executor; a probe has none."""
        assert self._executor is not None
        return self._executor  # type: ignore[return-value]  # its traits say which of the two it is

    def run(self, earlier: RunRecord | None) -> RunResult:
        try:
            return self._run(earlier)
        finally:
            if self._sets_up_players:
                self.calls.pool.close(grace_s=GRACE_S)

    def _run(self, earlier: RunRecord | None) -> RunResult:
        if not self.order.recorded:
            self._watch = Watch(self.run_id, None, None, self.order.limit_s, self.order.clock)
            result = self._drive({})
            self._tell_end(result)
            return result
        with Ownership(self.store, self.run_id, self.order.lease_s) as ownership:
            self._watch = Watch(self.run_id, ownership, self.store.folder, self.order.limit_s, self.order.clock)
            try:
                return self._recorded(earlier, ownership)
            finally:
                self._watch.close()

    def _recorded(self, earlier: RunRecord | None, ownership: Ownership) -> RunResult:
        known: dict[tuple[str, int], CallRecord] = {}
        if earlier is None:
            ownership.begin(self._record())
        else:
            ownership.take(
                state=RunState.RUNNING,
                ended_at=None,
                host=socket.gethostname(),
                pid=os.getpid(),
                failure=None,
                counts={},
            )
            # read after the run was taken: nobody else can add to it any more
            known = {(c.task, c.index): c for c in self.store.calls(self.run_id) if _stands(c)}
        try:
            result = self._drive(known)
        except LostRunError:
            raise
        except BaseException as error:
            with suppress(LostRunError):
                self.store.update_run(
                    self.run_id, state=RunState.INTERRUPTED, ended_at=time.time(), failure=error_document(error)
                )
            raise
        check_run_transition(RunState.RUNNING, result.state)
        outputs = {n: a.to_document() for n, a in result.artifacts.items()}
        self.store.update_run(
            self.run_id, state=result.state, ended_at=time.time(), outputs=outputs, counts=dict(result.counts),
            players=self._players(), measures=self._measured(result),
        )  # fmt: skip
        self._tell_end(result)
        return result

    def _tell_end(self, result: RunResult) -> None:
        ended = {"state": str(result.state), "seconds": result.seconds, "counts": dict(result.counts)}
        self._tell(EventKind.RUN_ENDED, ended)

    def _measured(self, result: RunResult) -> dict[str, Any]:
        """What the profile of a run must know besides its calls."""
        workers = {"workers": self.executor.workers, "processes": self.executor.processes}
        return {"seconds": result.seconds, "cpus": os.cpu_count() or 1, **workers}

    def _players(self) -> dict[str, Any]:
        """Tear down the players that were kept set up; what the pool has to tell of them."""
        if not self._sets_up_players:
            return {}
        self.calls.pool.close(grace_s=GRACE_S)
        return self.calls.pool.report()

    def _record(self) -> RunRecord:
        options = {"no_cache": self.order.no_cache, "fail_fast": self.order.fail_fast, "strict": self.order.strict,
                   "workers": self.order.workers, "processes": self.order.processes, "root": str(self.order.root)}  # fmt: skip
        return RunRecord(
            id=self.run_id, melody=self.plan.melody, plan_hash=self.plan.hash, plan_text=self.plan.to_text(),
            params=as_document(self.params), executor=self.executor.name, options=options, tags=self.order.tags,
            state=RunState.RUNNING, started_at=self.started_at, host=socket.gethostname(), pid=os.getpid(), sitting=1,
        )  # fmt: skip

    # driving -----------------------------------------------------------------------------------------------------

    def _drive(self, known: Mapping[tuple[str, int], CallRecord]) -> RunResult:
        output = self._new_output()
        with heard(output):
            return self._driven(known, output)

    def _new_output(self) -> BodyOutput | None:
        """Hears what bodies print and log, where that is kept or told."""
        if not self.order.recorded and self.listener is None:
            return None
        store = self.store if self.order.recorded else None
        log = RunLog(self.run_id, store, self.listener, self.secrets.redact)
        return BodyOutput(log, passes_on=self.listener is None)

    def _driven(self, known: Mapping[tuple[str, int], CallRecord], output: BodyOutput | None) -> RunResult:
        settings = Settings(
            self.run_id, fail_fast=self._stops_on_failure(), forced=self.order.forced, selected=self.order.selected,
            on_event=self.listener, clock=self.order.clock, until=self._watch.until,
        )  # fmt: skip
        with collection_paused():
            fast = self._fast_road() if not known else None
        if fast is not None and fast.record is not None and output is not None:
            names = fast.run.names
            output.names, output.making = lambda i: (names[i], 1), fast.record.running
        try:
            return self._driven_from(fast, known, output, settings)
        finally:
            if fast is not None:
                fast.let_go()

    def _driven_from(
        self, fast: FastRoad | None, known: Mapping[tuple[str, int], CallRecord], output: BodyOutput | None, settings: Settings
    ) -> RunResult:  # fmt: skip
        """Drive the run: on the fast road as far as that goes, then by the run loop."""
        begun, stop = time.monotonic(), None
        if fast is not None:
            stop = drive_fast(fast, cast(InProcessExecutor, self.executor), self.order.workers, self._watch)
            if stop is None and not fast.run.failures:
                return self._fast_result(fast, time.monotonic() - begun)
        engine = Engine(
            self.program, self.params, self.calls, settings, recorded=known, redact=self.secrets.redact,
            environment=self.environment(), secret_of=self.secrets.get,
            before=None if fast is None else fast.before(), capacity=self.order.capacity, output=output,
        )  # fmt: skip
        if not self._in_process:
            from symphony.runtime.remote.sending import hand_over_for  # only executors elsewhere need it

            engine.remote = hand_over_for(engine, self)
        lender = fast if fast is not None and fast.record is not None else None
        abandoned = drive(
            engine, self.executor, self.order.workers, self.order.processes, self._watch, lender=lender, stop=stop
        )
        return self._result(engine, time.monotonic() - begun, abandoned)

    def _stops_on_failure(self) -> bool:
        asked = self.order.fail_fast
        return self.plan.on_failure is OnFailure.STOP if asked is None else asked

    def _result(self, engine: Engine, seconds: float, abandoned: list[str]) -> RunResult:
        tasks = task_results(engine)
        top = {id: tasks[id] for id in engine.net.root.nodes if id in tasks}
        counts = dict.fromkeys(COUNTED, 0)
        for task in top.values():
            counts[str(task.state)] = counts.get(str(task.state), 0) + 1
        held = {name: engine.output(name) for name in self.plan.outputs}
        artifacts: dict[str, Artifact] = {}
        failures = [
            {"task": path, "error": t.error} for path, t in tasks.items() if t.state is TaskState.FAILED and t.error
        ]
        state = engine.verdict()
        if engine.timed_out:
            limit = f"the run took longer than the {self.order.limit_s:g} s that it was given"
            failures.append({"task": "", "error": {"type": "TimeoutError", "message": limit, "traceback": ""}})
        for name, value in held.items():
            if value is not None and self.order.recorded and not value.secret:
                try:
                    artifacts[name] = as_artifact(self.calls, value)
                except Exception as error:  # noqa: BLE001  an output's expression can fail in every way
                    failures.append({"task": f"outputs.{name}", "error": error_document(error)})
                    held[name], state = None, RunState.FAILED
        return RunResult(
            run=self.run_id, melody=self.plan.melody, plan=self.plan.hash, executor=self.executor.name, state=state,
            seconds=seconds, counts=counts, outputs=Outputs(held), artifacts=artifacts, tasks=tasks,
            failures=tuple(failures), abandoned=tuple(abandoned), output_types=self.plan.output_types,
        )  # fmt: skip

    def _fast_road(self) -> FastRoad | None:
        """The fast road, where nothing is asked for that only the run loop can do."""
        order = self.order
        if (
            not self._in_process
            or order.strict
            or order.selected is not None
            or order.forced
            or order.stand_ins
            or order.clock.jumps
            or not can_run_fast(self.program, self.params)
        ):
            return None
        if not order.recorded and order.on_event is None:
            return FastRoad(FastRun(BoundCalls(self.program, self.params, order.root)), None)
        if not order.recorded or not can_record_fast(self.program):
            return None
        bound = BoundCalls(self.program, self.params, order.root, named=True)
        record = RecordedCalls(bound, self.program, self.calls, self.run_id, self.listener)
        self._tell(EventKind.RUN_STARTED, {"tasks": len(bound.names)})
        return FastRoad(FastRun(bound, record), record)

    def _fast_result(self, fast: FastRoad, seconds: float) -> RunResult:
        outputs = {name: self._fast_output(value, fast) for name, value in self.plan.outputs.items()}
        counts = dict.fromkeys(COUNTED, 0)
        states = fast.record.states if fast.record is not None else ["succeeded"] * len(fast.run.names)
        counts |= Counter(states)
        artifacts = {n: as_artifact(self.calls, h) for n, h in outputs.items()} if self.order.recorded else {}
        return RunResult(
            run=self.run_id, melody=self.plan.melody, plan=self.plan.hash, executor=self.executor.name,
            state=RunState.SUCCEEDED, seconds=seconds, counts=counts, outputs=Outputs(outputs), artifacts=artifacts,
            tasks=LazyTasks(fast.run.names, fast.task), output_types=self.plan.output_types,
        )  # fmt: skip

    def _fast_output(self, value: Any, fast: FastRoad) -> Held:
        bare = value.bare if isinstance(value, Expression) else None
        if bare is not None and bare.root == "tasks" and not bare.path:
            return fast.held(fast.position[bare.name])
        evaluate = Engine(self.program, self.params, self.calls, Settings(self.run_id))
        for name, i in fast.position.items():
            evaluate.net.root.nodes[name] = i
        evaluate.net.lay_out()
        for i in fast.position.values():
            evaluate.net.put(i, {"out": fast.held(i).value}, {})
        return Held(evaluate.net.held(value, evaluate.net.root, None).value)

    def environment(self) -> dict[str, str]:
        """The environment variables that the melody reads, as far as they are set."""
        return {name: os.environ[name] for name in self.plan.env if name in os.environ}

    def _tell(self, kind: EventKind, data: dict[str, Any]) -> None:
        if self.listener is not None:
            self.listener(Event(kind, self.run_id, time.time(), "", data))


LOOK_S = 0.25
"""How often the journal is told which calls are running, and requests are looked for."""


def drive_fast(fast: FastRoad, executor: InProcessExecutor, workers: int | None, watch: Watch) -> Stop | None:
    """Make the calls of the fast road: here when there is one worker and no record, else on the executor's threads.

    With a record it does not wait for calls that are under way when another has failed, or the run is to stop.

    Returns:
        Why the run is to stop, if it is.
    """
    run = fast.run
    stop: Stop | None = None
    executor.start(workers=workers)
    if executor.workers == 1 and fast.record is None and not watch.limits:
        run.run_in_order()
    else:
        stop = _drive_threads(fast, executor, watch)
    for i, error in dict(run.failures).items():
        if isinstance(error, KeyboardInterrupt):
            stop = Stop.ASKED
            del run.failures[i]
        elif ends_the_run(error):
            raise error
    if fast.broken is not None:
        raise fast.broken
    return stop


def _drive_threads(fast: FastRoad, executor: InProcessExecutor, watch: Watch) -> Stop | None:
    """Let threads make the calls until all are made, one has failed, or the run is to stop; returns why it is to."""
    run, record = fast.run, fast.record
    stop, is_complete = None, False
    run.prepare_threads()
    try:
        executor.lend(lambda _: fast.work(executor.workers))
        while stop is None and not (executor.stop(grace_s=LOOK_S) if record is None else fast.wait(LOOK_S)):
            stop = watch.look()
            if record is not None:
                record.tick()
        is_complete = stop is None and not run.is_ending
    except KeyboardInterrupt:
        stop = Stop.ASKED
    finally:
        run.stop()
        if record is not None:
            record.flush()
            if is_complete:
                fast.let_go()
                executor.stop(grace_s=GRACE_S)
        elif not executor.stop(grace_s=GRACE_S if stop is not None else 0.0) and stop is None:
            stop = Stop.ASKED
    return stop


class Lender(Protocol):
    """Lends threads: an executor, or whoever has them from one."""

    def lend(self, body: Callable[[int], None]) -> None:
        """Run `body(worker number)` on every thread."""


def drive(
    engine: Engine, executor: InProcessExecutor | RemoteExecutor, workers: int | None, processes: int | None, watch: Watch,
    *, lender: Lender | None = None, stop: Stop | None = None,
) -> list[str]:  # fmt: skip
    """Run an engine until it has ended, on an executor's threads, or on its own where calls are made elsewhere.

    Ctrl-C, once, cancels: running bodies get the grace period, then they are abandoned. So do a request from outside
    and the end of the run's time.

    Args:
        lender: has the executor's threads already.
        stop: why the run is to stop before anything new starts, if it is.

    Returns:
        What had to be left behind.
    """
    if lender is None:
        executor.start(workers=workers, processes=processes)
    engine.settings.workers, engine.settings.processes = max(1, executor.workers), max(1, executor.processes)
    abandoned: list[str] = []
    if lender is None:
        lender = Deciders() if engine.remote is not None else cast(InProcessExecutor, executor)
    state = RunState.INTERRUPTED
    try:
        engine.begin()
        try:
            if engine.remote is not None and executor.traits.follows:
                engine.remote.open()
            if stop is not None:
                engine.cancel(stop)
            lender.lend(engine.work)
            if stop is not None:
                abandoned = _ended_or_left(engine)
            while not engine.wait(LOOK_S):
                engine.tell_running()
                stop = watch.look()
                if stop is not None:
                    abandoned = _stopped(engine, stop)
        except KeyboardInterrupt:
            abandoned = _stopped(engine, Stop.ASKED)
        if engine.remote is not None:
            abandoned += engine.remote.left_behind(0.0 if abandoned else GRACE_S)
            engine.remote.settle(engine.output(name) for name in engine.net.program.outputs)
        state = engine.verdict()
    finally:
        engine.close()
        if executor.traits.follows:
            ended = Event(EventKind.RUN_ENDED, engine.settings.run, time.time(), "", {"state": str(state)})
            cast(Follower, executor).told(ended)
        executor.stop(grace_s=0.0 if abandoned else GRACE_S)
    return abandoned


def _listener(
    asked: Callable[[Event], None] | None, executor: Executor | None
) -> Callable[[Event], None] | None:  # fmt: skip
    """Who hears of every event: whoever asked to, and an executor that follows."""
    heard = heard_aside(asked) if asked is not None else None
    if executor is None or not executor.traits.follows:
        return heard
    follow = cast(Follower, executor).told
    if heard is None:
        return follow

    def both(event: Event) -> None:
        follow(event)
        heard(event)

    return both


def _stopped(engine: Engine, stop: Stop) -> list[str]:
    """Cancel in order; returns what had to be left behind."""
    engine.cancel(stop)
    return _ended_or_left(engine)


def _ended_or_left(engine: Engine) -> list[str]:
    """Give running calls the grace period; returns what had to be left behind. A second Ctrl-C ends the wait."""
    try:
        return [] if engine.wait(GRACE_S) else engine.abandon()
    except KeyboardInterrupt:
        return engine.abandon()


def task_results(engine: Engine) -> dict[str, TaskResult]:
    """Every task by path, elements after the task they belong to."""
    results: dict[str, TaskResult] = {}
    net = engine.net
    for node, state in sorted(enumerate(engine.schedule.state), key=lambda e: _place(engine, e[0])):
        info = engine.info.get(node)
        after = STATES[state]
        note = engine.cause_of(node) if after is TaskState.SKIPPED else (info.note if info else "")
        if info is None:
            results[net.path(node)] = TaskResult(after, note=note)
        else:
            results[net.path(node)] = TaskResult(
                after,
                info.attempts,
                info.started_at,
                info.ended_at,
                info.error if after is TaskState.FAILED else None,
                note,
            )
    return results


def _place(engine: Engine, node: int) -> tuple[int, ...]:
    """Where a node stands in the list: behind its parent, by position."""
    place: list[int] = [node]
    while node in engine.schedule.parent:
        node = engine.schedule.parent[node]
        place.append(node)
    return tuple(reversed(place))


def _stands(call: CallRecord) -> bool:
    """Whether an earlier outcome is taken over by a resume."""
    return call.state in FINAL and call.state in (TaskState.SUCCEEDED, TaskState.CACHED) and call.outputs is not None
