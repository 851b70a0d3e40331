"""Says why a task would run or did run: the parts of its key that differ, with both values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from symphony.model.quantities import counted
from symphony.runtime import schedule as sc
from symphony.runtime.engine import Engine
from symphony.runtime.keys import differences

CodeChanges: TypeAlias = Callable[[str, str], str | None]
"""Says what differs between the codes of two identities; None: it cannot be told."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One part that differs: a field path and both values; None where a side has none.

    Attributes:
        detail: what of it differs, where that is known: ``tasks.clean() line 14`` for code.
    """

    field: str
    before: str | None
    after: str | None
    detail: str | None = None

    def __str__(self) -> str:
        if self.before is None and self.after is None:
            return self.field
        if self.detail is not None:
            return f"{self.field}: {self.detail}"
        return f"{self.field}: {self.before if self.before is not None else '—'} -> {self.after if self.after is not None else '—'}"

    def to_document(self) -> dict[str, Any]:
        """The reason as plain data."""
        document = {"field": self.field, "before": self.before, "after": self.after}
        return document if self.detail is None else {**document, "detail": self.detail}


@dataclass(frozen=True, slots=True)
class Decision:
    """What a dry run says of one task: ``hit``, ``run``, ``unknown`` or ``skip``, with reasons."""

    task: str
    decision: str
    reasons: tuple[Reason, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """The decision as plain data."""
        return {
            "task": self.task,
            "decision": self.decision,
            "reasons": [r.to_document() for r in self.reasons],
        }


def reasons_for(
    before: Mapping[str, Any] | None, after: Mapping[str, Any], changed: CodeChanges = lambda *_: None
) -> tuple[Reason, ...]:
    """The parts of a key that differ from those of the last time; `changed` says what differs between two codes."""
    if before is None:
        return (Reason("never ran with these inputs before", None, None),)
    found = tuple(
        Reason(*d, changed(before["code"][0], after["code"][0]) if d[0] == "code" and "code" in before else None)
        for d in differences(before, after)
    )
    return found or (Reason("the result is no longer in the store", None, None),)


def decisions(engine: Engine, latest: Any, melody: str, changed: CodeChanges = lambda *_: None) -> list[Decision]:
    """What a probe found out, task by task; elements of `each` behind their task.

    Args:
        latest: gives the parts of the last call of (player, task, melody).
        changed: says what differs between two codes.
    """
    net, state = engine.net, engine.schedule.state
    found: list[Decision] = []
    for node in net.root.nodes.values():
        children = engine.schedule.children.get(node)
        if children is None:
            found.append(_decision(engine, node, latest, melody, changed))
            continue
        inner = [_decision(engine, child, latest, melody, changed) for child in children]
        running = [d for d in inner if d.decision != "hit" and d.decision != "skip"]
        path = net.path(node)
        if not running:
            found.append(Decision(path, "hit" if inner or state[node] in (sc.SUCCEEDED, sc.CACHED) else "skip"))
        else:
            kind = "run" if any(d.decision == "run" for d in running) else "unknown"
            count = Reason(f"{len(running)} of {counted(len(inner), 'element')}", None, None)
            found.append(Decision(path, kind, (count, *running[0].reasons)))
        found += inner
    return found


def _decision(engine: Engine, node: int, latest: Any, melody: str, changed: CodeChanges) -> Decision:
    state, path = engine.schedule.state[node], engine.net.path(node)
    info = engine.info.get(node)
    if state in (sc.SUCCEEDED, sc.CACHED):
        return Decision(path, "hit")
    if info is not None and info.note == "would run":
        step = engine.net.steps[node]
        if not step.cached:
            why = (
                "cache: off"
                if not step.task.cache
                else "effect: always runs"
                if step.is_effect
                else "no source: not cached"
            )
            return Decision(path, "run", (Reason(why, None, None),))
        if engine.calls.no_cache:
            return Decision(path, "run", (Reason("--no-cache", None, None),))
        if step.id in engine.settings.forced:
            return Decision(path, "run", (Reason("--force", None, None),))
        player = step.pin.name if step.pin is not None else "run"
        return Decision(path, "run", reasons_for(latest(player, path, melody), info.parts, changed))
    if state == sc.FAILED:
        message = (info.error or {}).get("message", "") if info is not None else ""
        return Decision(path, "run", (Reason(f"cannot be decided: {message}", None, None),))
    cause = engine.schedule.cause.get(node, sc.WHEN)
    if state == sc.SKIPPED and cause != sc.WHEN:
        return Decision(path, "unknown", (Reason(f"unknown until {engine.net.path(cause)} ran", None, None),))
    return Decision(path, "skip", (Reason(engine.cause_of(node), None, None),))
