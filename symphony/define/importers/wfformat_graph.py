"""The order of the tasks of a WfFormat instance, and which task makes the file that another reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from symphony.define.importers.report import Report
from symphony.define.importers.wfformat_document import Step
from symphony.model.diagnostic import Severity


def parents_of(steps: Iterable[Step], report: Report) -> dict[str, tuple[str, ...]] | None:
    """The parents of each task, by id: those that it names, then those that name it as a child.

    None after noting that they lead in a circle.
    """
    known = {step.id: step for step in steps}
    found: dict[str, dict[str, None]] = {id_: {} for id_ in known}
    for step in known.values():
        for i, parent in enumerate(step.parents):
            if parent not in known:
                report.warning(f"the parent {parent!r} is no task; it is left out", (*step.at, "parents", i))
            else:
                found[step.id][parent] = None
    for step in known.values():
        for i, child in enumerate(step.children):
            if child not in known:
                report.warning(f"the child {child!r} is no task; it is left out", (*step.at, "children", i))
            elif step.id not in found[child]:
                message = "children that do not name their parent; the edge is kept"
                report.tally(Severity.NOTE, message, f"{step.id} -> {child}", (*step.at, "children", i))
                found[child][step.id] = None
    parents = {id_: tuple(names) for id_, names in found.items()}
    return None if _has_cycle(parents, known, report) else parents


def _has_cycle(parents: Mapping[str, tuple[str, ...]], known: Mapping[str, Step], report: Report) -> bool:
    try:
        TopologicalSorter(parents).prepare()
    except CycleError as error:
        members: list[str] = error.args[1]
        first = min(members, key=lambda id_: known[id_].index)
        report.error(f"the tasks form a cycle: {' -> '.join(members)}", (*known[first].at, "parents"))
        return True
    return False


class Makers:
    """Finds the task that makes a file, as a given task sees it."""

    def __init__(self, steps: Iterable[Step], parents: Mapping[str, tuple[str, ...]]) -> None:
        self._parents = {id_: frozenset(names) for id_, names in parents.items()}
        self._makers: dict[str, list[str]] = {}
        for step in steps:
            for file in step.writes:
                self._makers.setdefault(file, []).append(step.id)

    def of(self, file: str) -> list[str]:
        """All tasks that make a file."""
        return self._makers.get(file, [])

    def before(self, reader: str, file: str) -> list[str]:
        """The tasks that make a file and come before its reader: those among its parents, else those further up."""
        makers = [m for m in self.of(file) if m != reader]
        near = [m for m in makers if m in self._parents[reader]]
        if near or not makers:
            return near
        above = self._above(reader)
        return [m for m in makers if m in above]

    def _above(self, id_: str) -> set[str]:
        found: set[str] = set()
        waiting = list(self._parents[id_])
        while waiting:
            step = waiting.pop()
            if step not in found:
                found.add(step)
                waiting.extend(self._parents[step])
        return found
