"""Calls whose bodies run elsewhere than on a lent thread: on the event loop, or in processes of their own.

They are handed over, and a clerk, a thread of its own, records what comes back: no lent thread need be free for it.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from symphony.errors import DamagedArtifactError, LostRunError, StoreError
from symphony.model.event import EventKind
from symphony.runtime import schedule as sc
from symphony.runtime.body_output import BodyOutput
from symphony.runtime.call import Prepared, Result
from symphony.runtime.call_errors import LostError, StoppedError, WorkerDiedError
from symphony.runtime.call_info import CallInfo
from symphony.runtime.context import RunContext
from symphony.runtime.coroutines import Coroutines
from symphony.runtime.steps import Step, every_step

if TYPE_CHECKING:
    from symphony.runtime.engine import Engine
    from symphony.runtime.outside import Outside, Started
    from symphony.runtime.processes.orders import Outcome

PROCESS_GRACE_S = 1.0
"""How long a process has between SIGTERM and SIGKILL: shorter than what threads get, so that it is gone by then."""
_PER_THREAD = 8
"""How many calls one thread hands over in turn: waking another costs more than most calls take to be handed over."""


@dataclass(slots=True)
class _Awaited:
    """A coroutine that was handed over."""

    prepared: Prepared
    context: RunContext | None
    begun: float


class Elsewhere:
    """Hands calls of one engine over and takes their ends. Thread-safe.

    Args:
        engine: whose calls they are.
        output: hears what coroutines print and log.
    """

    def __init__(self, engine: Engine, output: BodyOutput | None) -> None:
        self._engine, self._output = engine, output
        self._coroutines = Coroutines()
        self._awaited: dict[int, _Awaited] = {}
        self._outside: Outside | None = None
        self._warmed = False
        self._handed_over: dict[int, Started] = {}
        self._parked: deque[int] = deque()
        self._let_in: set[int] = set()
        self._healed: set[int] = set()
        self._arrived: queue.SimpleQueue[tuple[int, Any, BaseException | None] | None] = queue.SimpleQueue()
        self._clerk: threading.Thread | None = None
        self._closed = False

    # life --------------------------------------------------------------------------------------------------------

    def warm(self) -> None:
        """A call of the run is being made: start the processes that it and others will need. Under the engine's lock."""
        if self._warmed:
            return
        self._warmed, engine = True, self._engine
        steps = [step for step in every_step(engine.net.program) if step.outside]
        if steps:
            from symphony.runtime.outside import Outside  # only runs that make such calls need processes

            modules = tuple(sorted({step.pin.module for step in steps if step.pin is not None}))
            self._outside = Outside(engine.calls, modules, engine.settings.processes, PROCESS_GRACE_S)

    def cancel(self) -> None:
        """Tell everything that runs to end."""
        self._coroutines.cancel_all()
        if self._outside is not None:
            self._outside.cancel()

    def over(self) -> None:
        """The run has ended: the clerk may go."""
        self._arrived.put(None)

    def close(self) -> None:
        """End the event loop and all processes. When this returns none is left."""
        self._closed = True
        if self._outside is not None:
            self._outside.close()
        self._arrived.put(None)
        self._coroutines.close()

    # processes ---------------------------------------------------------------------------------------------------

    def is_parked(self, node: int) -> bool:
        """Whether so many calls are handed over that this one waits until one of them has ended."""
        with self._engine.lock:
            if self._outside is None or node in self._let_in or self._room() > 0:
                self._let_in.discard(node)
                return False
            self._parked.append(node)
            return True

    def _room(self) -> int:
        """How many more calls may be handed over, those that were let in before and are under way counted."""
        assert self._outside is not None
        states = self._engine.schedule.state
        # the others were cancelled since
        self._let_in = {node for node in self._let_in if states[node] in (sc.READY, sc.RETRYING)}
        return self._outside.window - len(self._handed_over) - len(self._let_in)

    def hand_over(self, node: int, step: Step, prepared: Prepared, info: CallInfo, begun: float) -> list[int]:
        """Hand a call to the processes; its end arrives later."""
        assert self._outside is not None
        context = self._engine.context_of(node, info) if step.player is None else None
        started = self._outside.started(step, prepared, context, begun)
        with self._engine.lock:
            self._handed_over[node] = started
        self._have_clerk()
        path, teller = self._engine.net.path(node), self._engine.teller

        def began(worker: str, at: float) -> None:
            info.waited_s += max(0.0, at - (info.started_at or at))
            info.worker, info.started_at = worker, at
            teller.event(EventKind.TASK_STARTED, path, {"attempt": info.attempts, "worker": worker})

        told = self._outside.told(
            lambda outcome: self._arrived.put((node, outcome, None)), began, lambda line: teller.log(dict(line)),
            lambda done, total: teller.event(EventKind.TASK_PROGRESS, path, {"done": done, "total": total}),
        )  # fmt: skip
        try:
            self._outside.start(node, info.attempts, started, self._names(node), told)
        except StoreError:
            self._ended_outside(node, started)
            raise  # the disk is full: no fault of the task
        except Exception as error:  # noqa: BLE001  an argument may be such that it cannot travel
            self._ended_outside(node, started)
            return self._engine.failed(node, error)
        return []

    def _names(self, node: int) -> tuple[str, str, str, int]:
        """Run, call, task and element of a call."""
        net = self._engine.net
        return self._engine.settings.run, net.path(node), net.task_path(node), net.indexes[node]

    def _taken_outside(self, node: int, outcome: Outcome) -> list[int]:
        assert self._outside is not None
        with self._engine.lock:
            started = self._handed_over.pop(node)
        step, info = started.step, self._engine.info_of(node)
        try:
            returned = self._outside.outputs_of_script(started, outcome)
            if returned is not None:
                info.measures = dict(outcome.measured)
                return self._engine.kept(node, step, started.prepared, info, returned, started.context, started.begun)
            if outcome.error_types[:1] == ("DamagedArtifactError",) and node not in self._healed:
                return self._healed_first(node, started, info)
            run, call, _, _ = self._names(node)
            forced = step.id in self._engine.settings.forced
            result = self._outside.result_of(started, outcome, run=run, call=call, replace=forced)
            info.commit, info.measures = result.commit, dict(outcome.measured)
            if info.waited_for:
                info.measures["waited_for"] = info.waited_for
            self._engine.net.put(node, result.values, result.artifacts)
            return self._engine.end(node, sc.SUCCEEDED)
        except LostError:
            return self._again(node, info)
        except DamagedArtifactError as error:
            return self._engine.failed(node, error)
        except (StoreError, LostRunError):
            raise
        except Exception as error:  # noqa: BLE001  a body can fail in every way
            info.measures = dict(outcome.measured) or None
            return self._engine.failed(node, error, retry=not isinstance(error, WorkerDiedError))
        finally:
            self._ended_outside(node, started)

    def make(self, node: int, step: Step, prepared: Prepared) -> Result | None:
        """Make a call in a process once more and wait for it; None where there are no processes any more."""
        engine = self._engine
        with engine.lock:
            self.warm()
        outside = self._outside
        if outside is None or self._closed:
            return None
        arrived: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        context = engine.context_of(node, engine.info_of(node)) if step.player is None else None
        started = outside.started(step, prepared, context, time.monotonic())
        names = self._names(node)
        try:
            outside.start(-1 - node, 1, started, names, outside.told(arrived.put))
            outcome = arrived.get()
            returned = outside.outputs_of_script(started, outcome)
            if returned is not None and context is not None:
                workdir = context.made_workdir
                return engine.calls.keep(step, prepared, returned, workdir, run=names[0], call=names[1], replace=True)
            return outside.result_of(started, outcome, run=names[0], call=names[1], replace=True)
        finally:
            outside.release(started)
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
        with self._engine.lock:
            self._engine.tracker.no_longer_in_flight(info.key)
            if not self._engine.tracker.stopping:
                self._engine.tracker.put_back(node, self._engine.now())
                self._engine.tell_changed()
                self._engine.queue.wake(1)
                return []
        return self._engine.failed(node, StoppedError("the run was cancelled"))

    def _ended_outside(self, node: int, started: Started) -> None:
        assert self._outside is not None
        self._outside.release(started)
        if started.context is not None:
            started.context.close()
        with self._engine.lock:
            if self._handed_over.get(node) is started:  # else it is the next attempt's
                del self._handed_over[node]
        self.unpark()

    def unpark(self) -> None:
        """There may be room for calls that wait: one has ended, or was served instead of being handed over.

        They are let in several at a time, once half of the room is free: a thread that is woken for each call takes the
        processor away from the processes.
        """
        with self._engine.lock:
            if self._parked and self._outside is not None and 2 * (room := self._room()) >= self._outside.window:
                let_in = [self._parked.popleft() for _ in range(min(room, len(self._parked)))]
                self._let_in.update(let_in)
                self._engine.tracker.put(let_in)
                self._engine.queue.wake(1 + len(let_in) // _PER_THREAD)

    # coroutines, and what arrives ---------------------------------------------------------------------------------

    def wait_for(self, node: int, coroutine: Any, prepared: Prepared, context: RunContext | None, begun: float) -> None:
        """Run a coroutine on the event loop; its end arrives later."""
        with self._engine.lock:
            self._awaited[node] = _Awaited(prepared, context, begun)
        self._have_clerk()
        arrived, output = self._arrived, self._output
        if output is not None:
            coroutine = output.spoken(node, coroutine)
        self._coroutines.start(
            coroutine, self._engine.net.steps[node].task.timeout, lambda value, error: arrived.put((node, value, error))
        )

    def _have_clerk(self) -> None:
        with self._engine.lock:
            if self._clerk is None:
                self._clerk = threading.Thread(target=self._take_arrivals, name="symphony-clerk", daemon=True)
                self._clerk.start()

    def _take_arrivals(self) -> None:
        """Record what bodies elsewhere gave, on a thread of its own: no lent thread need be free for it."""
        try:
            while (arrival := self._arrived.get()) is not None or not self._closed:
                if arrival is not None:
                    self._engine.queue.offer(self._taken(*arrival))
                elif self._engine.has_ended:
                    return
        except BaseException as error:  # noqa: BLE001  handed to whoever waits for the run
            self._engine.break_off(error)

    def _taken(self, node: int, value: Any, error: BaseException | None) -> list[int]:
        if node in self._handed_over:
            return self._taken_outside(node, value)
        awaited = self._awaited.pop(node)
        step, info = self._engine.net.steps[node], self._engine.info_of(node)
        try:
            if error is not None:
                return self._engine.failed(node, error)
            return self._engine.kept(node, step, awaited.prepared, info, value, awaited.context, awaited.begun)
        except DamagedArtifactError as error:
            return self._engine.failed(node, error)
        except (StoreError, LostRunError):
            raise
        except Exception as problem:  # noqa: BLE001  a result can be anything
            return self._engine.failed(node, problem)
        finally:
            if awaited.context is not None:
                awaited.context.close()
