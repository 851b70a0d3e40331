"""What a change is likely to cost: how many tasks a next run makes and how many it is served, and how long that takes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from symphony.compiler.diff import Difference, calls_of
from symphony.compiler.graph import TASK_KINDS, EdgeKind, graph_of
from symphony.model.plan import Plan


@dataclass(frozen=True, slots=True)
class Forecast:
    """A guess, from how long tasks took the last time.

    Attributes:
        made: tasks whose calls a next run makes, because they or what they read differ. An equal result on the way makes
            it fewer.
        served: tasks that are served, where the results of the first plan are kept.
        made_s: how long the tasks that are made take, one behind the other where they depend on each other; None where
            it is known of none of them.
        before_s, after_s: how long each plan takes when nothing is served, with as many workers as it can use; None where
            nothing is known of it.
        unknown: tasks of the second plan of which it is not known how long they take.
    """

    made: tuple[str, ...]
    served: tuple[str, ...]
    made_s: float | None
    before_s: float | None
    after_s: float | None
    unknown: tuple[str, ...]


def forecast(before: Plan, after: Plan, difference: Difference, seconds: Mapping[str, float]) -> Forecast:
    """Guess what the second plan costs.

    Args:
        seconds: how long tasks took, by id in the first plan.
    """
    renames = {r.after: r.before for r in difference.renamed}
    own = {task: seconds[renames.get(task, task)] for task in _tasks(after) if renames.get(task, task) in seconds}
    made = _made(after, difference)
    tasks = _tasks(after)
    needed = {task: own[task] for task in made if task in own}
    return Forecast(
        made=tuple(task for task in tasks if task in made),
        served=tuple(task for task in tasks if task not in made),
        made_s=_longest(after, needed) if needed or not made else None,
        before_s=_longest(before, dict(seconds)) if seconds else None,
        after_s=_longest(after, own) if own else None,
        unknown=tuple(task for task in tasks if task not in own),
    )


def _tasks(plan: Plan) -> list[str]:
    return [node.id for node in graph_of(plan).nodes if node.kind in TASK_KINDS]


def _made(after: Plan, difference: Difference) -> set[str]:
    """Tasks that are new, changed, or read what changes."""
    changes = [c for c in difference.changes if c not in difference.policies]
    players = {c.subject for c in changes if c.what == "player"}
    made = {*difference.added, *difference.downstream}
    made |= {c.subject for c in changes if c.what == "task" and c.path.partition("[")[0] not in ("needs", "when")}
    return made | {task for task, player in calls_of(after) if player in players}


def _longest(plan: Plan, seconds: Mapping[str, float]) -> float:
    """The length of the longest way through the plan, tasks of which nothing is known counted as nothing."""
    graph = graph_of(plan)
    before: dict[str, list[str]] = {}
    for edge in graph.edges:
        if edge.kind is not EdgeKind.ORDER or edge.source in seconds:
            before.setdefault(edge.target, []).append(edge.source)
    ends: dict[str, float] = {}
    stack = [node.id for node in graph.nodes]
    while stack:
        node = stack[-1]
        missing = [b for b in before.get(node, ()) if b not in ends]
        if node in ends or not missing:
            stack.pop()
            ends.setdefault(node, max((ends[b] for b in before.get(node, ())), default=0.0) + seconds.get(node, 0.0))
        else:
            stack += missing
    return max(ends.values(), default=0.0)
