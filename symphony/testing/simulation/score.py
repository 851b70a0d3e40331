"""Invented melodies: tasks with edges, lists, conditions and bodies, whose every result follows from its inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from random import Random
from typing import NamedTuple, TypeAlias

from symphony.model.policy import Backoff, Retry
from symphony.runtime.arbitration import Units, units_of
from symphony.runtime.schedule import DATA, ORDER, STREAM, TOLERANT, edges_of
from symphony.testing.simulation.world import mixed

Value: TypeAlias = "int | tuple[Value, ...] | None"
FOREVER = 1_000_000
"""So many attempts fail: all of them."""
_KINDS = (DATA, DATA, DATA, ORDER, TOLERANT)


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a call with certain inputs, whoever makes it and when.

    Attributes:
        failures: how many attempts fail before one succeeds.
        error: the class of their errors.
        hangs: they do not fail by themselves: only the time-out ends them.
        is_deadly: the body ends its worker, every time.
        value: what it gives at last.
    """

    failures: int
    error: str
    hangs: bool
    is_deadly: bool
    value: int


@dataclass(frozen=True, slots=True)
class Work:
    """What a call does and asks for: the player of an invented task.

    Attributes:
        fails_one_in, deadly_one_in: how many different inputs there are for one that fails for good, or ends the worker; 0: none.
        flaky: so many attempts fail first, at the most.
        is_cached: results may be served; if not, it is there for its effect.
        is_killable: the body can be ended; if not, only abandoned.
        demand: what it occupies, see `units_of`.
    """

    code: int
    duration_s: float
    retry: Retry
    timeout_s: float | None = None
    fails_one_in: int = 0
    deadly_one_in: int = 0
    flaky: int = 0
    is_cached: bool = True
    is_killable: bool = True
    demand: Units = ()
    priority: int = 0

    def fate(self, inputs: Value) -> Fate:
        """What becomes of a call with these inputs."""
        number = mixed(self.code, inputs)
        value = number % 29
        if self.deadly_one_in and number // 29 % self.deadly_one_in == 0:
            return Fate(FOREVER, "WorkerLost", False, True, value)
        if self.fails_one_in and number // 31 % self.fails_one_in == 0:
            return Fate(FOREVER, ("ValueError", "TypeError")[number // 37 % 2], False, False, value)
        failures = number // 41 % (self.flaky + 1)
        return Fate(failures, "OSError", self.timeout_s is not None and number // 43 % 2 == 0, False, value)

    def key(self, inputs: Value) -> str | None:
        """The key of a call; None where results are not served."""
        return repr((self.code, inputs)) if self.is_cached else None

    def lasts_s(self, chance: Random) -> float:
        """How long the body works this time."""
        return self.duration_s * (0.2 + 1.6 * chance.random())


class Over(StrEnum):
    """What the list of a task with `each` is made of."""

    COUNT = "count"
    """A number of elements that the melody states."""
    VALUE = "value"
    """The result of a task: its length follows from it."""
    STREAM = "stream"
    """The elements of another task with `each`, one by one."""


@dataclass(frozen=True, slots=True)
class Each:
    """The list of a task: `task` is the source, `count` the number of elements where there is none."""

    over: Over
    task: str = ""
    count: int = 0


class Asks(StrEnum):
    """What a condition asks."""

    VALUE = "value"
    """Something of the inputs, once."""
    ITEM = "item"
    """Something of each element: it filters."""
    FAILED = "failed"
    """Whether another task has failed."""
    ALWAYS = "always"
    """Nothing: it runs whatever became of the others."""


@dataclass(frozen=True, slots=True)
class When:
    """A condition; `task` is the one that it asks for the failure of."""

    asks: Asks
    task: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One task.

    Attributes:
        edges: what it waits for, with the kind of the edge; merged as a program has them.
        reads: whose results are among its inputs; of those that are absent it gets None.
        body: a melody of its own that runs once per element instead of the work.
    """

    id: str
    work: Work
    edges: Mapping[str, int] = field(default_factory=dict)
    reads: tuple[str, ...] = ()
    each: Each | None = None
    when: When | None = None
    body: Score | None = None

    @property
    def filters(self) -> bool:
        """Whether the condition is asked for every element."""
        return self.when is not None and self.when.asks is Asks.ITEM


@dataclass(frozen=True, slots=True)
class Score:
    """An invented melody: its tasks in topological order. The result is that of the last."""

    parts: Mapping[str, Part]


class Piece(NamedTuple):
    """What is to be run: a melody with its parameters."""

    run: str
    score: Score
    given: Value
    workers: int
    fail_fast: bool = False
    limit_s: float | None = None


Merge: TypeAlias = Callable[[Sequence[tuple[int, int]]], dict[int, int]]


@dataclass(frozen=True, slots=True)
class Style:
    """What the melodies of one world are like: how many tasks, and which of the rarer things there are.

    Attributes:
        merge: makes one edge of several, see `symphony.runtime.schedule.edges_of`.
    """

    tasks: int
    works: tuple[Work, ...]
    each: float
    when: float
    body: float
    edges: float
    merge: Merge = edges_of


def draw_works(chance: Random, capacity: Mapping[str, float]) -> tuple[Work, ...]:
    """A handful of players: few, so that equal calls are frequent."""
    return tuple(_draw_work(code, chance, capacity) for code in range(chance.randint(2, 5)))


def _draw_work(code: int, chance: Random, capacity: Mapping[str, float]) -> Work:
    kind = chance.random()
    demand = {
        name: chance.choice((0.25, 0.5, 1.0)) * amount for name, amount in capacity.items() if chance.random() < 0.3
    }
    attempts = chance.choice((1, 1, 2, 3, 4))
    retry = Retry.model_construct(
        attempts=attempts, delay=chance.choice((0.0, 0.1, 1.0)), backoff=chance.choice(tuple(Backoff)),
        max_delay=chance.choice((0.5, 60.0)), max_time=chance.choice((None, None, 2.0)), jitter=chance.random() < 0.6,
        on=chance.choice(((), (), ("OSError", "TimeoutError"))),
    )  # fmt: skip
    return Work(
        code, chance.choice((0.0, 0.01, 0.3, 2.0)), retry,
        timeout_s=chance.choice((None, None, 8.0)),
        fails_one_in=chance.choice((0, 0, 5)) if kind < 0.6 else 0,
        deadly_one_in=4 if kind > 0.9 else 0,
        flaky=chance.choice((0, 1, 2)),
        is_cached=chance.random() < 0.75,
        is_killable=chance.random() < 0.75,
        demand=units_of(demand),
        priority=chance.choice((0, 0, 0, 1, 5)),
    )  # fmt: skip


def draw_score(chance: Random, style: Style, *, depth: int = 0) -> Score:
    """Draw a melody in a style."""
    parts: dict[str, Part] = {}
    for number in range(chance.randint(1, style.tasks)):
        part = _draw_part(f"t{number}", parts, chance, style, depth=depth)
        parts[part.id] = part
    return Score(parts)


def _draw_part(id: str, parts: Mapping[str, Part], chance: Random, style: Style, *, depth: int) -> Part:
    known = list(parts)
    wanted: list[tuple[str, int]] = []
    for before in chance.sample(known, min(len(known), chance.randint(0, 3))):
        if chance.random() < style.edges:
            wanted.append((before, chance.choice(_KINDS)))
    each = _draw_each(parts, chance) if chance.random() < style.each else None
    if each is not None and each.task:
        wanted.append((each.task, STREAM if each.over is Over.STREAM else DATA))
    when = _draw_when(parts, chance, listed=each is not None) if chance.random() < style.when else None
    if when is not None and when.asks is Asks.ALWAYS:
        wanted = [(before, TOLERANT if kind in (DATA, ORDER) else kind) for before, kind in wanted]
    if when is not None and when.task:
        wanted.append((when.task, TOLERANT))
    position = {before: i for i, before in enumerate(dict.fromkeys(before for before, _ in wanted))}
    names = list(position)
    edges = {names[i]: kind for i, kind in style.merge([(position[b], k) for b, k in wanted]).items()}
    reads = tuple(b for b, kind in edges.items() if kind in (DATA, TOLERANT))
    body = None
    if each is not None and depth == 0 and chance.random() < style.body:
        small = replace(style, tasks=3, each=style.each / 2, body=0.0)
        body = draw_score(chance, small, depth=1)
    return Part(id, chance.choice(style.works), edges, reads, each, when, body)


def _draw_each(parts: Mapping[str, Part], chance: Random) -> Each:
    streams = [p.id for p in parts.values() if p.each is not None and not p.filters]
    over = chance.choice(tuple(Over))
    if over is Over.STREAM and streams:
        return Each(over, chance.choice(streams))
    if over is Over.VALUE and parts:
        return Each(over, chance.choice(list(parts)))
    return Each(Over.COUNT, count=chance.choice((0, 1, 2, 3, 5)))


def _draw_when(parts: Mapping[str, Part], chance: Random, *, listed: bool) -> When:
    asks = chance.choice((Asks.VALUE, Asks.ITEM if listed else Asks.VALUE, Asks.FAILED, Asks.ALWAYS))
    if asks is Asks.FAILED:
        return When(asks, chance.choice(list(parts))) if parts else When(Asks.VALUE)
    return When(asks)


# what definitions mean, shared by whoever runs them and whoever foresees their ends -------------------------------


def list_of(value: Value) -> tuple[Value, ...]:
    """The elements of a task's result."""
    return value if isinstance(value, tuple) else tuple(mixed(value, i) % 3 for i in range((value or 0) % 4))


def asks_true(part: Part, inputs: Value) -> bool:
    """What a condition on values says of certain inputs."""
    return mixed(part.id, inputs) % 3 != 0
