"""What the fast road has made: values, references and results of tasks by position, and the way on from a failure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from symphony.model.artifact import Artifact
from symphony.model.states import TaskState
from symphony.runtime import schedule as sc
from symphony.runtime.fast_loop import FastRun
from symphony.runtime.recorded_loop import RecordedCalls
from symphony.runtime.result import TaskResult
from symphony.runtime.values import Held


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


class FastRoad:
    """One run on the fast road.

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

    def work(self, threads: int) -> None:
        """Make calls on this thread until none is left; an error of the loop itself ends the run."""
        try:
            self.run.work(threads)
        except BaseException as error:  # noqa: BLE001  handed to whoever waits for the run
            self.broken = self.broken or error
            self.run.stop()

    def held(self, i: int) -> Held:
        """The value at a position."""
        record = self.record
        if record is None:
            return Held(self.run.values[i])
        return Held(record.values[i], record.artifacts[i], lambda: record.value(i))

    def still_running(self) -> list[str]:
        """The calls that have begun and not ended."""
        return [] if self.record is None else [self.run.names[i] for i in sorted(self.record.running.values())]

    def task(self, name: str) -> TaskResult:
        """The result of a task."""
        i = self.position[name]
        if self.record is None:
            return TaskResult(TaskState.SUCCEEDED, 1, self.run.started_at, self.run.ended[i])
        made = self.record.states[i] == "succeeded"
        started = self.record.started[i] if made else None
        return TaskResult(TaskState(self.record.states[i]), int(made), started, self.record.ended[i])

    def done(self) -> dict[int, Done]:
        """The calls that have ended, by position, for the run loop to go on from."""
        run, record = self.run, self.record
        if record is None:
            found = [i for i, at in enumerate(run.ended) if at]
            return {
                i: Done({"out": run.values[i]}, {}, sc.SUCCEEDED, run.started_at, run.ended[i], None, False)
                for i in found
            }
        found = [i for i, artifact in enumerate(record.artifacts) if artifact is not None]
        return {i: self._recorded(i, record) for i in found}

    def failed(self) -> dict[int, Failed]:
        """The calls that failed, by position."""
        record = self.record
        if record is None:
            return {i: Failed(error) for i, error in self.run.failures.items()}
        return {
            i: Failed(error, record.keys[i] or None, record.started[i] or None, record.workers.get(i, ""))
            for i, error in self.run.failures.items()
        }

    def _recorded(self, i: int, record: RecordedCalls) -> Done:
        artifact = record.artifacts[i]
        assert artifact is not None
        state = sc.SUCCEEDED if record.states[i] == "succeeded" else sc.CACHED
        return Done(
            {"out": record.values[i]},
            {"out": artifact},
            state,
            record.started[i],
            record.ended[i],
            record.keys[i],
            True,
        )
