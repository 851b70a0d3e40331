"""What the environment of a run adds to its plan: where secrets come from, and policies where the plan says nothing.

It is never part of the plan, so that one plan has one hash everywhere. It is in force for the thread that starts a run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from symphony.model.plan import PlannedTask, PlayerPin
from symphony.model.policy import Isolation, Retry


@dataclass(frozen=True, slots=True)
class RunEnvironment:
    """What a run is made under.

    Attributes:
        name: the environment; empty where none was chosen.
        secrets: the providers of secrets, in order; see `symphony.runtime.secret_providers`.
        retry, timeout_s: for tasks whose melody and player say nothing.
    """

    name: str = ""
    secrets: tuple[str, ...] = ("env",)
    retry: Retry | None = None
    timeout_s: float | None = None

    def to_document(self) -> dict[str, Any]:
        """Plain data for a worker on another machine; it names where secrets are, and holds none."""
        retry = None if self.retry is None else self.retry.model_dump(mode="json")
        return {"name": self.name, "secrets": list(self.secrets), "retry": retry, "timeout_s": self.timeout_s}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> RunEnvironment:
        """Read what `to_document` wrote."""
        retry = None if document["retry"] is None else Retry.model_validate(document["retry"])
        return cls(document["name"], tuple(document["secrets"]), retry, document["timeout_s"])

    def settled(self, task: PlannedTask, pin: PlayerPin | None) -> PlannedTask:
        """The task with what the environment says, where task and player say nothing.

        A plain function with a timeout runs in a process, as everywhere: a thread cannot be stopped.
        """
        if task.body is not None or (self.retry is None and self.timeout_s is None):
            return task
        changes: dict[str, Any] = {}
        if task.retry is None and self.retry is not None:
            changes["retry"] = self.retry
        if task.timeout is None and self.timeout_s is not None:
            changes["timeout"] = self.timeout_s
            if pin is not None and not pin.is_async and task.isolation is Isolation.THREAD:
                changes["isolation"] = Isolation.PROCESS
        return task.model_copy(update=changes) if changes else task


_IN_FORCE: ContextVar[RunEnvironment] = ContextVar("run_environment", default=RunEnvironment())  # noqa: B039  frozen


def in_force() -> RunEnvironment:
    """What runs that this thread starts are made under."""
    return _IN_FORCE.get()


@contextmanager
def under(environment: RunEnvironment) -> Iterator[None]:
    """Start runs under an environment, in this thread."""
    token = _IN_FORCE.set(environment)
    try:
        yield
    finally:
        _IN_FORCE.reset(token)
