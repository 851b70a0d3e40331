"""Foresees how every call of an invented melody must end: by recursion over its definition, with no schedule at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from symphony.model.policy import PROGRAMMING_ERRORS
from symphony.runtime.schedule import ORDER, STREAM, TOLERANT
from symphony.testing.simulation.score import Asks, Fate, Over, Part, Score, Value, Work, asks_true, list_of


class How(StrEnum):
    """How a call ends, as far as it may not depend on chance."""

    GOOD = "good"
    FAILED = "failed"
    LEFT_OUT = "left out by a condition"
    SKIPPED = "skipped for a failure"


@dataclass(frozen=True, slots=True)
class End:
    """How one call ends. `opened`: it got its elements."""

    how: How
    value: Value = None
    opened: bool = False


_BAD = (How.FAILED, How.SKIPPED)


def succeeds(work: Work, fate: Fate) -> bool:
    """Whether a call succeeds within its attempts, given time."""
    if fate.is_deadly:
        return False
    error = "TimeoutError" if fate.hangs else fate.error
    listed = error in work.retry.on if work.retry.on else error not in PROGRAMMING_ERRORS
    return fate.failures == 0 or (listed and fate.failures < work.retry.attempts)


@dataclass(frozen=True, slots=True)
class Known:
    """What cannot be foreseen, because it depends on how long attempts take (`Retry.max_time`).

    Attributes:
        observed: how calls ended.
        recorded: what earlier sittings recorded, while such calls may have ended otherwise; it stands.
    """

    observed: Mapping[str, How]
    recorded: Mapping[str, Value]


def foresee(score: Score, given: Value, known: Known) -> dict[str, End]:
    """How every call ends, by path."""
    found: dict[str, End] = {}
    _foresee(score, given, "", found, known)
    return found


def is_certain(score: Score) -> bool:
    """Whether every end can be foreseen."""
    return all(p.work.retry.max_time is None and (p.body is None or is_certain(p.body)) for p in score.parts.values())


def _foresee(score: Score, given: Value, prefix: str, found: dict[str, End], known: Known) -> End:
    for part in score.parts.values():
        found[prefix + part.id] = _part(part, given, prefix, found, known)
    ends = [found[prefix + id] for id in score.parts]
    if any(end.how in _BAD for end in ends):
        return End(How.FAILED if any(end.how is How.FAILED for end in ends) else How.SKIPPED)
    return End(How.GOOD, ends[-1].value)


def _part(part: Part, given: Value, prefix: str, found: dict[str, End], known: Known) -> End:
    kept_from = _kept_from(part, prefix, found)
    if kept_from is not None:
        return End(kept_from)
    if part.each is None and prefix + part.id in known.recorded:
        return End(How.GOOD, known.recorded[prefix + part.id])
    inputs = (given, tuple(found[prefix + before].value for before in part.reads))
    if part.when is not None and not part.filters and not _holds(part, inputs, prefix, found):
        return End(How.LEFT_OUT)
    if part.each is None:
        return _call(part.work, inputs, prefix + part.id, known)
    ends = []
    for i, item in enumerate(_items(part, prefix, found)):
        path = f"{prefix}{part.id}[{i}]"
        found[path] = end = _element(part, (*inputs, item.value), path, item, found, known)
        ends.append(end)
    if any(end.how is How.FAILED for end in ends):
        return End(How.FAILED, opened=True)
    if any(end.how is How.SKIPPED for end in ends):
        return End(How.SKIPPED, opened=True)
    return End(How.GOOD, tuple(end.value for end in ends if end.how is How.GOOD), opened=True)


def _kept_from(part: Part, prefix: str, found: dict[str, End]) -> How | None:
    """What keeps a task from starting, if anything does: failures count before conditions."""
    worst = None
    for before, kind in part.edges.items():
        end = found[prefix + before]
        if kind == TOLERANT or end.how is How.GOOD or (kind == STREAM and end.opened):
            continue
        if end.how in _BAD:
            return How.SKIPPED
        if kind != ORDER:
            worst = How.LEFT_OUT
    return worst


def _holds(part: Part, inputs: Value, prefix: str, found: dict[str, End]) -> bool:
    assert part.when is not None
    if part.when.asks is Asks.ALWAYS:
        return True
    if part.when.asks is Asks.FAILED:
        return found[prefix + part.when.task].how in _BAD
    return asks_true(part, inputs)


def _items(part: Part, prefix: str, found: dict[str, End]) -> list[End]:
    assert part.each is not None
    if part.each.over is Over.STREAM:
        source, sources = f"{prefix}{part.each.task}[", list[End]()
        while f"{source}{len(sources)}]" in found:
            sources.append(found[f"{source}{len(sources)}]"])
        return [end for end in sources if end.how is not How.LEFT_OUT]
    if part.each.over is Over.VALUE:
        return [End(How.GOOD, item) for item in list_of(found[prefix + part.each.task].value)]
    return [End(How.GOOD, item) for item in range(part.each.count)]


def _element(part: Part, inputs: Value, path: str, item: End, found: dict[str, End], known: Known) -> End:
    if item.how is not How.GOOD:
        return End(How.SKIPPED)
    if part.body is None and path in known.recorded:
        return End(How.GOOD, known.recorded[path])
    if part.filters and not asks_true(part, inputs):
        return End(How.LEFT_OUT)
    if part.body is not None:
        return _foresee(part.body, inputs, f"{path}.", found, known)
    return _call(part.work, inputs, path, known)


def _call(work: Work, inputs: Value, path: str, known: Known) -> End:
    fate = work.fate(inputs)
    good = succeeds(work, fate)
    if fate.failures and work.retry.max_time is not None and path in known.observed:
        good = known.observed[path] is How.GOOD
    return End(How.GOOD, fate.value) if good else End(How.FAILED)
