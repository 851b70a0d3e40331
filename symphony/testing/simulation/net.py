"""The nodes of an invented melody in a real schedule, and the values on their way between them."""

from __future__ import annotations

from collections.abc import Callable

from symphony.runtime import schedule as sc
from symphony.runtime.schedule import Schedule
from symphony.testing.simulation.score import Asks, Over, Part, Score, Value, asks_true, list_of


class Frame:
    """One instance of a melody: the whole, or one element of a task with a body.

    Attributes:
        given: what its tasks get from outside.
        prefix: what stands in front of task ids in paths.
    """

    __slots__ = ("given", "nodes", "prefix", "score")

    def __init__(self, score: Score, given: Value, prefix: str) -> None:
        self.score, self.given, self.prefix = score, given, prefix
        self.nodes: dict[str, int] = {}


class Net:
    """Lays a melody out in a schedule, as the run loop's network does with a plan."""

    def __init__(self, score: Score, given: Value, schedule: Callable[[], Schedule]) -> None:
        self.schedule = schedule()
        self.root = Frame(score, given, "")
        self.parts: list[Part] = []
        self.frames: list[Frame] = []
        self.indexes: list[int] = []
        self._values: dict[int, Value] = {}
        self._items: dict[int, Value] = {}
        self._sources: dict[int, int] = {}
        self._inner: dict[int, Frame] = {}

    # layout ------------------------------------------------------------------------------------------------------

    def lay_out(self) -> list[int]:
        """Make the nodes of the melody; returns those that may start."""
        return self.schedule.release(self._lay_out(self.root, None))

    def _lay_out(self, frame: Frame, parent: int | None) -> range:
        parts = frame.score.parts
        first = self.schedule.add(len(parts), parent=parent)
        nodes = range(first, first + len(parts))
        frame.nodes.update(zip(parts, nodes, strict=True))
        self._enter(list(parts.values()), frame, [-1] * len(parts))
        for id, part in parts.items():
            for before, kind in part.edges.items():
                self.schedule.link(frame.nodes[before], frame.nodes[id], kind)
        return nodes

    def _enter(self, parts: list[Part], frame: Frame, indexes: list[int]) -> None:
        self.parts += parts
        self.frames += [frame] * len(parts)
        self.indexes += indexes

    def expand(self, node: int) -> list[int]:
        """Give a task with `each` its elements; returns the nodes that may start."""
        part, frame, schedule = self.parts[node], self.frames[node], self.schedule
        assert part.each is not None
        sources = None
        if part.each.over is Over.STREAM:
            sources = self.elements(frame.nodes[part.each.task])
        items = self._list(part, frame) if sources is None else ()
        count = len(items) if sources is None else len(sources)
        children = range(first := schedule.add(count, parent=node), first + count)
        self._enter([part] * count, frame, list(range(count)))
        left_out: list[tuple[int, int]] = []
        for i, child in enumerate(children):
            if sources is None:
                self._items[child] = items[i]
                continue
            before = self._sources[child] = sources[i]
            settled = schedule.settle(before, child)
            if settled == 0:
                schedule.link(before, child)
            elif settled < 0:
                left_out.append((child, schedule.cause.get(before, before)))
        ready = schedule.open_group(node, children) + schedule.release(children)
        for child, cause in left_out:
            if schedule.state[child] < sc.SUCCEEDED:
                schedule.consequences.append(child)
                ready += schedule.skip(child, cause)
        return ready

    def _list(self, part: Part, frame: Frame) -> tuple[Value, ...]:
        assert part.each is not None
        if part.each.over is Over.VALUE:
            return list_of(self.value(frame.nodes[part.each.task]))
        return tuple(range(part.each.count))

    def open_element(self, node: int) -> list[int]:
        """Give one element of a task with a body the tasks of that; returns the nodes that may start."""
        part = self.parts[node]
        assert part.body is not None
        frame = self._inner[node] = Frame(part.body, self.inputs(node), f"{self.path(node)}.")
        children = self._lay_out(frame, node)
        return self.schedule.open_group(node, children) + self.schedule.release(children)

    # names and values --------------------------------------------------------------------------------------------

    def path(self, node: int) -> str:
        """The call of a node, such as ``t3[0].t1``."""
        index = self.indexes[node]
        return f"{self.frames[node].prefix}{self.parts[node].id}" + (f"[{index}]" if index >= 0 else "")

    def is_call(self, node: int) -> bool:
        """Whether a node is one call of work, no list and no body."""
        part = self.parts[node]
        return part.body is None and (part.each is None or self.indexes[node] >= 0)

    def elements(self, node: int) -> list[int]:
        """The elements that a list holds: those that a condition left out are not in it."""
        state, cause = self.schedule.state, self.schedule.cause
        return [c for c in self.schedule.children[node] if not (state[c] == sc.SKIPPED and cause.get(c) == sc.WHEN)]

    def put(self, node: int, value: Value) -> None:
        """Take what a call gave."""
        self._values[node] = value

    def value(self, node: int) -> Value:
        """What a node gave; None where it gave nothing."""
        if self.schedule.state[node] not in (sc.SUCCEEDED, sc.CACHED):
            return None
        if node in self._inner:
            frame = self._inner[node]
            return self.value(frame.nodes[next(reversed(frame.nodes))])
        if node in self.schedule.children:
            return tuple(self.value(child) for child in self.elements(node))
        return self._values[node]

    def inputs(self, node: int) -> Value:
        """What a call gets: what its melody was given, the results that it reads, its element."""
        part, frame = self.parts[node], self.frames[node]
        read: tuple[Value, ...] = tuple(self.value(frame.nodes[before]) for before in part.reads)
        return (frame.given, read, self._item(node)) if self.indexes[node] >= 0 else (frame.given, read)

    def _item(self, node: int) -> Value:
        return self.value(self._sources[node]) if node in self._sources else self._items[node]

    def condition(self, node: int) -> bool:
        """Whether the node's condition holds."""
        part = self.parts[node]
        assert part.when is not None
        if part.when.asks is Asks.ALWAYS:
            return True
        if part.when.asks is Asks.FAILED:
            before = self.frames[node].nodes[part.when.task]
            state = self.schedule.state[before]
            return state == sc.FAILED or (state == sc.SKIPPED and self.schedule.cause.get(before, sc.WHEN) != sc.WHEN)
        return asks_true(part, self.inputs(node))

    def waits_for(self, node: int) -> list[tuple[int, int]]:
        """Whom a node must not start before, with the kind of the edge: for checks, not for deciding."""
        if self.indexes[node] >= 0:
            return [(self._sources[node], sc.DATA)] if node in self._sources else []
        nodes = self.frames[node].nodes
        return [(nodes[before], kind) for before, kind in self.parts[node].edges.items()]
