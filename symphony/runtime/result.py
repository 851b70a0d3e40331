"""What a run gave, for the caller."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from symphony.model.artifact import Artifact
from symphony.model.states import RunState, TaskState
from symphony.runtime.values import Held


@dataclass(frozen=True, slots=True)
class TaskResult:
    """One task, or one element of a task with `each`. Times are seconds since the epoch."""

    state: TaskState
    attempts: int = 0
    started_at: float | None = None
    ended_at: float | None = None
    error: Mapping[str, Any] | None = None
    note: str = ""

    @property
    def duration_s(self) -> float:
        """How long the last attempt took, in seconds."""
        if self.started_at is None or self.ended_at is None:
            return 0.0
        return max(0.0, self.ended_at - self.started_at)


class Outputs(Mapping[str, Any]):
    """The outputs of a run by name; each is loaded when it is asked for. An output that was left out is None."""

    def __init__(self, held: Mapping[str, Held | None]) -> None:
        self._held = held

    def __getitem__(self, name: str) -> Any:
        held = self._held[name]
        return None if held is None else held.value

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def __repr__(self) -> str:
        return f"Outputs({', '.join(self._held)})"


class LazyTasks(Mapping[str, TaskResult]):
    """Results of tasks by path, made when they are asked for."""

    def __init__(self, names: Sequence[str], make: Callable[[str], TaskResult]) -> None:
        self._names, self._make = names, make

    def __getitem__(self, name: str) -> TaskResult:
        return self._make(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run gave.

    Attributes:
        run: the id.
        plan: the hash of the plan.
        counts: tasks of the melody by how they ended.
        outputs: values by name.
        artifacts: references by name, when results were recorded.
        tasks: by path; elements as ``stats[3]``.
        failures: ``{task, error{type, message, traceback}}``, in order.
        abandoned: calls that did not end when they were told to.
        output_types: port types of the outputs, as text.
    """

    run: str
    melody: str
    plan: str
    executor: str
    state: RunState
    seconds: float
    counts: Mapping[str, int]
    outputs: Outputs
    artifacts: Mapping[str, Artifact]
    tasks: Mapping[str, TaskResult]
    failures: tuple[Mapping[str, Any], ...] = ()
    abandoned: tuple[str, ...] = ()
    output_types: Mapping[str, str] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """What the command line ends with."""
        return {RunState.SUCCEEDED: 0, RunState.CANCELLED: 130}.get(self.state, 1)
