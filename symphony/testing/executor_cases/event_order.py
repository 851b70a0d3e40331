"""Judges what was told of a run: every call that starts ends once, and no consumer starts before its producers end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from symphony.model.event import Event, EventKind
from symphony.model.plan import Plan, PlannedTask
from symphony.model.template import expressions_in

_RUN = "the run"


def problems_of(plan: Plan, events: Sequence[Event], states: Mapping[str, str]) -> list[str]:
    """What is wrong with the events of one sitting of a run; nothing where all is in order.

    Args:
        plan: what was run.
        events: what was told, in order.
        states: how each task and element ended, as the result has it.
    """
    at = _Places(events)
    return [*_frame(events), *_lives(events, at), *_ends(at, states), *_links(plan, "", at)]


class _Places:
    """Where in the stream calls start and end."""

    def __init__(self, events: Sequence[Event]) -> None:
        self.starts: dict[str, list[int]] = {}
        self.ends: dict[str, list[int]] = {}
        self.states: dict[str, str] = {}
        for i, event in enumerate(events):
            if event.kind is EventKind.TASK_STARTED:
                self.starts.setdefault(event.task, []).append(i)
            elif event.kind is EventKind.TASK_ENDED:
                self.ends.setdefault(event.task, []).append(i)
                self.states[event.task] = str((event.data or {}).get("state"))

    def first_start(self, path: str) -> int | None:
        """Where the first attempt of a call starts."""
        found = self.starts.get(path)
        return found[0] if found else None

    def end(self, path: str) -> int | None:
        """Where a call ends."""
        found = self.ends.get(path)
        return found[0] if found else None

    def within(self, path: str) -> Iterator[str]:
        """Calls that start as part of a task: itself, its elements, what is inside them."""
        for start in self.starts:
            if start == path or start.startswith((f"{path}[", f"{path}.")):
                yield start


def _frame(events: Sequence[Event]) -> Iterator[str]:
    kinds = [event.kind for event in events]
    if not kinds or kinds[0] is not EventKind.RUN_STARTED:
        yield f"{_RUN} does not begin with {EventKind.RUN_STARTED}"
    if not kinds or kinds[-1] is not EventKind.RUN_ENDED:
        yield f"{_RUN} does not end with {EventKind.RUN_ENDED}"
    for kind in (EventKind.RUN_STARTED, EventKind.RUN_ENDED):
        if kinds.count(kind) > 1:
            yield f"{_RUN} tells {kind} {kinds.count(kind)} times"


def _lives(events: Sequence[Event], at: _Places) -> Iterator[str]:
    for path, starts in at.starts.items():
        ends = at.ends.get(path, [])
        if len(ends) != 1:
            yield f"{path} started, and ended {len(ends)} times"
        elif max(starts) > ends[0]:
            yield f"{path} started after it had ended"
    running: dict[str, int] = {}
    for event in events:
        if event.kind is EventKind.TASK_STARTED:
            attempt = int((event.data or {}).get("attempt", 0))
            if running.get(event.task, attempt) != attempt:  # the same attempt again: its worker was lost
                yield f"{event.task} started attempt {attempt} while another ran"
            running[event.task] = attempt
        elif event.kind in (EventKind.TASK_ENDED, EventKind.TASK_RETRYING):
            running.pop(event.task, None)


def _ends(at: _Places, states: Mapping[str, str]) -> Iterator[str]:
    for path, ends in at.ends.items():
        if len(ends) > 1 and path not in at.starts:
            yield f"{path} ended {len(ends)} times"
        if path in states and states[path] != at.states[path]:
            yield f"{path} was told to be {at.states[path]}, and is {states[path]}"


def _links(plan: Plan, prefix: str, at: _Places) -> Iterator[str]:
    for task in plan.tasks:
        path = prefix + task.id
        for producer in _producers(task):
            yield from _link(plan.by_id.get(producer), prefix + producer, task, path, at)
        if task.body is not None:
            for element in _elements(path, at):
                yield from _links(task.body, f"{element}.", at)


def _producers(task: PlannedTask) -> tuple[str, ...]:
    lists = () if task.each is None else tuple(task.each.over.values())
    named = [
        r.name for _, e in expressions_in((task.inputs, lists, task.when)) for r in e.references if r.root == "tasks"
    ]
    return tuple(dict.fromkeys([*named, *task.needs]))


def _link(source: PlannedTask | None, producer: str, task: PlannedTask, path: str, at: _Places) -> Iterator[str]:
    by_element = source is not None and source.each is not None and producer.rpartition(".")[2] in _bare_lists(task)
    for start in at.within(path):
        awaited = producer
        if by_element:
            assert task.each is not None
            if task.each.product:
                continue  # which element a row needs depends on the lengths of the lists
            index = start[len(path) :].partition("]")[0]
            awaited = f"{producer}{index}]" if index.startswith("[") else producer
        ended, started = at.end(awaited), at.first_start(start)
        ran = awaited in at.starts or producer in at.ends
        if ran and (ended is None or (started is not None and ended > started)):
            yield f"{start} started before {awaited} ended"


def _bare_lists(task: PlannedTask) -> set[str]:
    """The tasks whose lists a task runs over, element by element."""
    if task.each is None:
        return set()
    bare = [e.bare for _, e in expressions_in(tuple(task.each.over.values()))]
    return {reference.name.rpartition(".")[2] for reference in bare if reference is not None}


def _elements(path: str, at: _Places) -> list[str]:
    """The elements of a sub-melody that runs once per element, as far as anything started in them."""
    found = {start[: start.index("]", len(path)) + 1] for start in at.starts if start.startswith(f"{path}[")}
    return sorted(found)
