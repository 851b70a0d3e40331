"""Where a call stands in its plan: the task that it belongs to, and the calls that it follows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from symphony.model.expression import Expression
from symphony.model.plan import Plan, PlannedTask
from symphony.model.template import expressions_in

MOST_PARENTS = 200
"""How many calls are named as those that a call follows: a page cannot draw more, and each is sent with each state."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call stands.

    Attributes:
        prefix: what stands before the id of its task: empty, or ``child[3].``.
        plan: the plan that its task is in.
        task: its task.
        index: its element; -1 where it has none.
        outer: where the sub-melody stands that it is in.
    """

    prefix: str
    plan: Plan
    task: PlannedTask
    index: int
    outer: Place | None

    @property
    def is_group(self) -> bool:
        """Whether no call stands here, but a list of them or a melody."""
        return self.task.body is not None or (self.task.each is not None and self.index < 0)


class TaskGraph:
    """The graph of one plan, with its sub-melodies.

    Args:
        plan: the plan.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._tasks: dict[int, dict[str, PlannedTask]] = {}
        self._links: dict[int, dict[str, dict[str, bool]]] = {}
        self._plans: list[Plan] = []

    def place(self, path: str) -> Place:
        """Where a call stands, by its path such as ``child[3].stats[0]``.

        Raises:
            KeyError: the plan has no such task.
        """
        plan, prefix, outer = self._plan, "", None
        parts = path.split(".")
        while True:
            tasks = self._tasks_of(plan)
            for n in range(1, len(parts) + 1):
                name, _, rest = parts[n - 1].partition("[")
                task = tasks.get(".".join((*parts[: n - 1], name)))
                if task is not None and (n == len(parts) or task.body is not None):
                    break
            else:
                raise KeyError(path)
            found = Place(prefix, plan, task, int(rest[:-1]) if rest else -1, outer)
            if n == len(parts) or task.body is None:
                return found
            prefix, outer, plan, parts = f"{prefix}{'.'.join(parts[:n])}.", found, task.body, parts[n:]

    def parents(self, place: Place, counts: Mapping[str, int]) -> dict[str, list[str]]:
        """The paths of the calls that a call follows, by the task that they belong to.

        Args:
            counts: how many elements the tasks with `each` have, by path, as far as that is known.
        """
        found: dict[str, list[str]] = {}
        links = self._links_of(place.plan)[place.task.id]
        if not links and place.outer is not None:
            return self.parents(place.outer, counts)
        for id, by_element in links.items():
            path, task = f"{place.prefix}{id}", self._tasks_of(place.plan)[id]
            if by_element and place.index >= 0 and task.each is not None:
                calls = self._leaves(f"{path}[{place.index}]", task, counts, is_element=True)
            else:
                calls = self._leaves(path, task, counts)
            found[id] = [call for call, _ in zip(calls, range(MOST_PARENTS), strict=False)]
        return found

    def _leaves(
        self, path: str, task: PlannedTask, counts: Mapping[str, int], *, is_element: bool = False
    ) -> Iterator[str]:
        """The calls with which a task ends."""
        if task.each is not None and not is_element and counts.get(path):
            for index in range(counts[path]):
                yield from self._leaves(f"{path}[{index}]", task, counts, is_element=True)
        elif task.body is not None:
            followed = {id for links in self._links_of(task.body).values() for id in links}
            for id, inner in self._tasks_of(task.body).items():
                if id not in followed:
                    yield from self._leaves(f"{path}.{id}", inner, counts)
        else:
            yield path

    def _tasks_of(self, plan: Plan) -> dict[str, PlannedTask]:
        if id(plan) not in self._tasks:
            self._plans.append(plan)  # ids stay unlike one another only while it lives
            self._tasks[id(plan)] = {task.id: task for task in plan.tasks}
        return self._tasks[id(plan)]

    def _links_of(self, plan: Plan) -> dict[str, dict[str, bool]]:
        """By task, the tasks that it follows; true where element follows element."""
        if id(plan) not in self._links:
            self._links[id(plan)] = {task.id: _links(task) for task in self._tasks_of(plan).values()}
        return self._links[id(plan)]


def _links(task: PlannedTask) -> dict[str, bool]:
    links: dict[str, bool] = {}
    if task.each is not None:
        for value in task.each.over.values():
            bare = value.bare if isinstance(value, Expression) else None
            if bare is not None and bare.root == "tasks" and not task.each.product:
                links[bare.name] = True
            else:
                links.update(dict.fromkeys(_named_in(value), False))
    for other in (*task.inputs.values(), task.when):
        links.update(dict.fromkeys(_named_in(other), False))
    for id in task.needs:
        links.setdefault(id, False)
    return links


def _named_in(value: Any) -> Iterator[str]:
    for _, expression in expressions_in(value):
        for reference in expression.references:
            if reference.root == "tasks":
                yield reference.name
