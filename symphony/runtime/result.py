"""What a run gave, for the caller."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Any

from symphony.model.artifact import Artifact
from symphony.model.states import RunState, TaskState
from symphony.runtime.values import Held

if TYPE_CHECKING:
    from symphony.store.store import Store


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

    def is_secret(self, name: str) -> bool:
        """Whether the value is a secret, which is never shown."""
        held = self._held[name]
        return held is not None and bool(held.secret)

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def __repr__(self) -> str:
        return f"Outputs({', '.join(self._held)})"


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

    def document(self, store: Store) -> dict[str, Any]:
        """The run as plain data: the document of ``symphony run --json``.

        Args:
            store: the store that kept the outputs; gives the files that hold their bytes.
        """
        return {
            "run": self.run, "melody": self.melody, "plan": self.plan, "executor": self.executor, "state": str(self.state),
            "seconds": self.seconds, "counts": dict(self.counts),
            "outputs": {name: self._output(name, store) for name in self.outputs},
            "failures": [dict(f) for f in self.failures],
        }  # fmt: skip

    def _output(self, name: str, store: Store) -> dict[str, Any] | None:
        """One output: small plain data as its value, everything else as a path; None when it was left out."""
        artifact = self.artifacts.get(name)
        type = self.output_types.get(name, "any")
        if self.outputs.is_secret(name):
            return {"artifact": None, "type": type, "bytes": None, "secret": True}
        if artifact is None:
            value = self.outputs[name]
            return None if value is None else {"artifact": None, "type": type, "bytes": None, "value": value}
        found: dict[str, Any] = {"artifact": artifact.digest, "type": type, "bytes": artifact.size_bytes}
        if artifact.codec == "source":
            return {**found, "path": str(self.outputs[name])}
        if artifact.codec not in _AS_FILES and artifact.size_bytes <= SMALL_BYTES:
            value = store.get(artifact, plain=True)
            if is_plain(value):
                return {**found, "value": value}
        return {**found, "path": str(store.raw_path(artifact))}


SMALL_BYTES = 65_536
"""Up to this size plain data is told as a value."""
_AS_FILES = frozenset({"bytes", "file", "folder"})


def is_plain(value: object) -> bool:
    """Whether JSON holds a value without loss, tuples aside."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_plain(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(is_plain(item) for item in value)
    if isinstance(value, float):
        return isfinite(value)
    return value is None or isinstance(value, bool | int | str)
