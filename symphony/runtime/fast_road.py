"""The fast road and the way on from it: what it has made by position, and its threads, which go on in the run loop.

A failure ends the fast road at once, whatever else is under way. No call begins there any more, and the run loop begins
with what is known then. A thread that is still making a call comes to it later, and brings the end of that call.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from symphony.errors import DamagedArtifactError, LostRunError, StoreError
from symphony.model.artifact import Artifact
from symphony.model.states import TaskState
from symphony.runtime import schedule as sc
from symphony.runtime.call import NOTHING, Commit
from symphony.runtime.fast_loop import FastRun
from symphony.runtime.recorded_loop import RecordedCalls
from symphony.runtime.result import TaskResult
from symphony.runtime.values import Held
from symphony.store.slices import unpack_packed_entry


@dataclass(slots=True)
class Done:
    """A call that the fast road has made.

    Attributes:
        told: whether the journal and the listener know of it.
        worker, waited_s, measures, commit: what is to be told with it; only where they do not know.
    """

    values: dict[str, Any]
    artifacts: dict[str, Artifact]
    state: int
    started_at: float
    ended_at: float
    key: str | None
    told: bool
    worker: str = ""
    waited_s: float = 0.0
    measures: dict[str, float] | None = None
    commit: Commit = NOTHING


@dataclass(slots=True)
class Failed:
    """A call that failed on the fast road, which made its first attempt."""

    error: BaseException
    key: str | None = None
    started_at: float | None = None
    worker: str = ""


@dataclass(frozen=True, slots=True)
class Begun:
    """A call that a thread had begun on the fast road, and not ended, when the run loop took over.

    Attributes:
        told: whether the journal knows of its end already.
    """

    node: int
    key: str
    started_at: float
    worker: str
    told: bool


@dataclass(frozen=True, slots=True)
class Before:
    """What the run loop goes on from. Every call that the fast road has begun is in one of the three.

    Attributes:
        done, failed: by position.
        begun: by thread. Whoever takes over the end of such a call takes it out.
        end_of: what became of a call of `begun` whose thread has left the fast road; None where it was not made after
            all. Raises what must end the run.
    """

    done: Mapping[int, Done] = field(default_factory=dict)
    failed: Mapping[int, Failed] = field(default_factory=dict)
    begun: dict[int, Begun] = field(default_factory=dict)
    end_of: Callable[[int], Done | Failed | None] = lambda _: None


def ends_the_run(error: BaseException) -> bool:
    """Whether an error is not one of a call: nothing can be recorded any more."""
    return isinstance(error, (StoreError, LostRunError)) and not isinstance(error, DamagedArtifactError)


class FastRoad:
    """One run on the fast road.

    With a record its threads are lent on to the run loop, where there is need of it; without, they just return.

    Attributes:
        run: the loop.
        record: what records its calls, or None where results stay in memory.
        position: by task.
        broken: what went wrong in the loop itself.
    """

    def __init__(self, run: FastRun, record: RecordedCalls | None) -> None:
        self.run, self.record = run, record
        self.position = {name: i for i, name in enumerate(run.names)}
        self.broken: BaseException | None = None
        self._over, self._decided = threading.Event(), threading.Event()
        self._body: Callable[[int], None] | None = None

    # threads -----------------------------------------------------------------------------------------------------

    def work(self, threads: int) -> None:
        """Make calls on this thread until none is left, or the run loop takes over; then this thread works for that.

        An error of the loop itself ends the run.
        """
        try:
            self.run.work(threads)
        except BaseException as error:  # noqa: BLE001  handed to whoever waits for the run
            self.broken = self.broken or error
            self.run.stop()
        finally:
            self._over.set()
        if self.record is not None and self.run.is_ending:
            self._decided.wait()
            if self._body is not None:
                self._body(self.record.number_of(threading.get_ident()))

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end of the fast road: all calls are made, or one has failed; returns whether it has come."""
        return self._over.wait(timeout_s)

    def lend(self, body: Callable[[int], None]) -> None:
        """Let every thread run `body(worker number)`: at once, or when the call that it makes has ended."""
        self._body = body
        self._decided.set()

    def let_go(self) -> None:
        """The threads are not needed any more, unless they were lent."""
        self._decided.set()

    # what was made -----------------------------------------------------------------------------------------------

    def held(self, i: int) -> Held:
        """The value at a position."""
        record = self.record
        if record is None:
            return Held(self.run.values[i])
        return Held(record.values[i], record.artifacts[i], lambda: record.value(i))

    def task(self, name: str) -> TaskResult:
        """The result of a task."""
        i = self.position[name]
        if self.record is None:
            return TaskResult(TaskState.SUCCEEDED, 1, self.run.started_at, self.run.ended[i])
        made = self.record.states[i] == "succeeded"
        started = self.record.started[i] if made else None
        return TaskResult(TaskState(self.record.states[i]), int(made), started, self.record.ended[i])

    def before(self) -> Before:
        """What the run loop goes on from; to be asked once the loop was stopped, so that no call begins any more.

        Raises what must end the run, where a call has met it.
        """
        begun = self._begun()  # first: a call that ends meanwhile is counted once, here
        nodes = {call.node for call in begun.values()}
        return Before(self._done(nodes), self._failed(nodes), begun, self._end_of)

    def _begun(self) -> dict[int, Begun]:
        record = self.record
        if record is None:
            return {}
        return {
            thread: Begun(
                i, record.keys[i], record.started[i], record.worker_of(thread), bool(record.states[i]) and i not in record.untold
            )
            for thread, i in dict(record.running).items()
        }  # fmt: skip

    def _end_of(self, i: int) -> Done | Failed | None:
        if self.broken is not None:
            raise self.broken
        record, error = self.record, self.run.failures.get(i)
        assert record is not None
        if record.artifacts[i] is not None:
            return self._recorded(i, record)
        return None if error is None else self._failure(i, error)

    def _done(self, without: set[int]) -> dict[int, Done]:
        run, record = self.run, self.record
        if record is None:
            found = [i for i, at in enumerate(run.ended) if at]
            return {
                i: Done({"out": run.values[i]}, {}, sc.SUCCEEDED, run.started_at, run.ended[i], None, False)
                for i in found
            }
        found = [i for i, artifact in enumerate(record.artifacts) if artifact is not None and i not in without]
        return {i: self._recorded(i, record) for i in found}

    def _failed(self, without: set[int]) -> dict[int, Failed]:
        return {i: self._failure(i, error) for i, error in dict(self.run.failures).items() if i not in without}

    def _failure(self, i: int, error: BaseException) -> Failed:
        record = self.record
        if ends_the_run(error):
            raise error
        if record is None:
            return Failed(error)
        return Failed(error, record.keys[i] or None, record.started[i] or None, record.workers.get(i, ""))

    def _recorded(self, i: int, record: RecordedCalls) -> Done:
        artifact, untold = record.artifacts[i], record.untold.get(i)
        assert artifact is not None
        state = sc.SUCCEEDED if record.states[i] == "succeeded" else sc.CACHED
        done = Done(
            {"out": record.values[i]}, {"out": artifact}, state, record.started[i], record.ended[i], record.keys[i], told=True
        )  # fmt: skip
        if untold is not None:
            done.values, done.told = {"out": untold.value}, False
            done.worker, done.waited_s, done.measures = untold.worker, untold.waited_s, untold.measures
            keys = [(key, unpack_packed_entry(entry), replace) for key, entry, replace in untold.keys]
            done.commit = Commit(untold.rows, keys)
        return done
