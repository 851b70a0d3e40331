"""The fast road for plans that ask for nothing dynamic: calls bound to positions, made in plan order or by threads.

It is taken when results stay in memory, nobody listens, and every task is a plain call of a player. The first failure
ends it, and the run loop goes on from there with what was computed; where calls are recorded, it does so while others
are under way. A property test holds both equal.
"""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from symphony.model.expression import Expression
from symphony.model.port_type import SCALARS, PortType
from symphony.model.template import expressions_in
from symphony.runtime.call import make_unwritable
from symphony.runtime.coerce import coerce
from symphony.runtime.steps import Program, Step
from symphony.runtime.values import Held

LARGEST_BATCH = 64
_MADE = -2
_LOOK_S = 0.002
"""How often a thread without work looks whether another is held up by a long call."""
_SHORT_S = 0.0001
"""Calls shorter than this on average are taken in batches; longer ones singly, so that no thread waits for another."""


class BoundCalls:
    """The calls of a program bound to positions. Can be run any number of times.

    Attributes:
        names: the tasks in plan order.
        calls: by position: (arity, function, three positions, all positions); arity -1 calls by name.
        constants: the values at the positions behind the tasks'.
        ports: by position, the names of the inputs, in the order of the task; the same object for equal ones.
        places: by position, where the value of each input is, in that order.
        constant_ports: by constant, the step and the input that it is for, and the value; only where inputs are `named`.
    """

    def __init__(self, program: Program, params: Mapping[str, Held], folder: Any, *, named: bool = False) -> None:
        self.names = list(program.steps)
        self.constants: list[Any] = []
        self.constant_ports: list[tuple[Step, str, Held]] = []
        self.calls: list[tuple[int, Callable[..., Any], int, int, int, Any]] = []
        self.ports: list[tuple[str, ...]] = []
        self.places: list[tuple[int, ...]] = []
        self._steps = program.steps
        self._named = named
        self._position = {name: i for i, name in enumerate(self.names)}
        self._params, self._folder = params, folder
        self._orders: dict[tuple[int, tuple[str, ...]], _Order] = {}
        for step in program.steps.values():
            self._bind(step)

    @cached_property
    def edges(self) -> list[list[int]]:
        """By position, what a call waits for."""
        position = self._position
        return [[position[before] for before in step.edges] for step in self._steps.values()]

    @cached_property
    def followers(self) -> list[list[int]]:
        """By position, the calls that wait for it."""
        found: list[list[int]] = [[] for _ in self.edges]
        for i, befores in enumerate(self.edges):
            for before in befores:
                found[before].append(i)
        return found

    @cached_property
    def counts(self) -> list[int]:
        """By position, how many calls it waits for."""
        return [len(edges) for edges in self.edges]

    @cached_property
    def following(self) -> list[int]:
        """By position, the call that waits for this one only and is the only one to do so, or -1: a link of a chain."""
        counts = self.counts
        return [f[0] if len(f) == 1 and counts[f[0]] == 1 else -1 for f in self.followers]

    def _bind(self, step: Step) -> None:
        """A call as (arity, function, three positions, all positions): -1 calls by name."""
        player, inputs, position = step.player, step.task.inputs, self._position
        assert player is not None
        if step.is_usual:
            places = tuple([
                position[value.bare.name] if type(value) is Expression else self._place(step, name, value)  # type: ignore[union-attr]
                for name, value in inputs.items()
            ])  # fmt: skip
        else:
            places = tuple([self._place(step, name, value) for name, value in inputs.items()])
        key = id(player), tuple(inputs)
        order = self._orders.get(key) or self._order_of(key, step)
        self.ports.append(order.names)
        self.places.append(places)
        if order.by_name:
            self.calls.append((-1, order.function, 0, 0, 0, tuple(zip(order.names, places, strict=True))))
            return
        if order.moved is not None:
            places = tuple([places[p] for p in order.moved])
        a, b, c = places if len(places) == 3 else (*places, 0, 0, 0)[:3]
        self.calls.append((len(places) if len(places) < 4 else 4, order.function, a, b, c, places))

    def _order_of(self, key: tuple[int, tuple[str, ...]], step: Step) -> _Order:
        assert step.player is not None
        names, parameters = key[1], step.player.parameters
        wanted = [name for name in parameters if name in names]
        by_name = wanted != list(parameters)[: len(wanted)] or any(
            parameters[name].kind is inspect.Parameter.KEYWORD_ONLY for name in wanted
        )
        moved = None if wanted == list(names) else tuple([names.index(name) for name in wanted])
        function = step.player.function
        if not self._named and _may_give_arrays(step):
            function = _unwritable(function)
        order = self._orders[key] = _Order(names, by_name, moved, function)
        return order

    def _place(self, step: Step, name: str, value: Any) -> int:
        bare = value.bare if isinstance(value, Expression) else None
        if bare is not None and bare.root == "tasks":
            return self._position[bare.name]
        held = self._params[bare.name] if bare is not None else Held(coerce(value, step.ports[name], self._folder))
        self.constants.append(held.value)
        if self._named:
            self.constant_ports.append((step, name, held))
        return len(self.names) + len(self.constants) - 1


@dataclass(frozen=True, slots=True)
class _Order:
    """How the calls of a player that are given the same inputs are made.

    Attributes:
        names: the inputs in the order of the task.
        by_name: whether they cannot be given by position.
        moved: by parameter, which of them it is; None where the order is the same.
        function: what is called.
    """

    names: tuple[str, ...]
    by_name: bool
    moved: tuple[int, ...] | None
    function: Callable[..., Any]


class Maker(Protocol):
    """Makes calls by position: see `symphony.runtime.recorded_loop`."""

    values: list[Any]
    failures: dict[int, BaseException]

    def make(self, i: int) -> Any:
        """Make the call at a position; returns its value."""

    def stop(self) -> None:
        """No call is to begin any more; those that have begun end as they can."""


class Unmade(Exception):
    """A call was not made, because the run is ending."""


class FastRun:
    """One run on the fast road.

    Args:
        through: makes the calls instead of the loop itself, by position; shares the values and the failures.

    Attributes:
        values: the result of each task by its position in the plan, then the constants.
        ended: when each task ended, seconds since the epoch; 0.0 where it did not.
        failures: the errors of the tasks that failed, by position; several threads may fail at the same time.
    """

    def __init__(self, bound: BoundCalls, through: Maker | None = None) -> None:
        self.names = bound.names
        self.values: list[Any] = [None] * len(bound.names) + bound.constants
        self.ended: list[float] = [0.0] * len(bound.names)
        self.started_at = time.time()
        self.failures: dict[int, BaseException] = {}
        self._at, self._limit = 0, len(bound.names)
        self._bound = bound
        self._calls = bound.calls
        self._through = through
        if through is not None:
            through.values, through.failures = self.values, self.failures
            self._calls = [(_MADE, through.make, 0, 0, 0, None)] * len(bound.calls)

    # one thread --------------------------------------------------------------------------------------------------

    def run_in_order(self) -> None:
        """Make every call in plan order in this thread."""
        self._run_range(0, len(self._calls))

    def _run_range(self, start: int, end: int) -> int:
        """Make the calls of a range in plan order, all before it made; returns the first that was not made.

        Another thread may cut the range short by lowering `_limit`: see `_share_out`.
        """
        values, ended, clock = self.values, self.ended, time.time
        i = start
        try:
            for i, (arity, function, a, b, c, rest) in enumerate(self._calls[start:end], start):
                self._at = i
                if i >= self._limit:
                    return i
                if arity == 2:
                    values[i] = function(values[a], values[b])
                elif arity == 1:
                    values[i] = function(values[a])
                elif arity == 3:
                    values[i] = function(values[a], values[b], values[c])
                elif arity == 0:
                    values[i] = function()
                elif arity == 4:
                    values[i] = function(*[values[p] for p in rest])
                elif arity == _MADE:
                    values[i] = function(i)
                else:
                    values[i] = function(**{n: values[p] for n, p in rest})
                ended[i] = clock()
        except Unmade:
            return i
        except BaseException as error:  # noqa: BLE001  handed to the run loop
            self.failures[i] = error
            return i
        return end

    # several threads ---------------------------------------------------------------------------------------------

    def prepare_threads(self) -> None:
        """Get ready for `work`."""
        self._left, self._next = len(self._calls), 0
        self._chunk = 0, 0
        self._in_order, self._owner = True, 0
        self._counted: set[int] = set()
        self._ready: list[int] = []
        self._waiting: list[int] = []
        self._changed = threading.Condition(threading.Lock())
        self._idle = 0
        self._short = self._looked_after = False
        self._busy: dict[int, float] = {}
        self._batches: dict[int, list[int]] = {}
        self.stopped = False

    @property
    def is_ending(self) -> bool:
        """Whether it ends with calls that have not been made."""
        return self.stopped or bool(self.failures)

    def stop(self) -> None:
        """Take no more calls, nor go on with those that were taken: a call has failed, or the run is to end."""
        with self._changed:
            self.stopped = True
            self._limit = 0
            self._changed.notify_all()
        if self._through is not None:
            self._through.stop()

    def work(self, threads: int) -> None:
        """Take ready calls and make them until none is left; a worker goes on with what its own calls made ready.

        While calls are short one thread makes them, in plan order, for waking another costs more than they do. A thread
        that has nothing to do looks now and then whether a call has turned out to be long; from then on the calls are
        counted and shared.
        """
        batch_size, me = 1, threading.get_ident()
        with self._changed:
            first = self._owner == 0
            if first:
                self._owner = me
        if first:
            self._work_in_order(me, alone=threads == 1)
        while True:
            batch = self._take(batch_size, threads, me)
            if not batch:
                return None
            begun = self._busy[me]
            done = self._make(batch, batch_size)
            if self.failures:
                return self.stop()
            self._short = short = time.perf_counter() - begun < _SHORT_S * max(1, done)
            batch_size = min(LARGEST_BATCH, batch_size * 2) if short else 1

    def _work_in_order(self, me: int, *, alone: bool) -> None:
        """Make calls in plan order, a piece at a time, until one turns out to be long and there is somebody to share with."""
        changed, size = self._changed, 1
        while True:
            with changed:
                if not self._in_order or self.stopped or self._left == 0:
                    changed.notify_all()
                    return None
                start, end = self._chunk = self._next, min(self._next + size, len(self._calls))
                self._next = end
                begun = self._busy[me] = time.perf_counter()
            made_to = self._run_range(start, end)
            if self.failures:
                return self.stop()
            short = time.perf_counter() - begun < _SHORT_S * (end - start)
            with changed:
                if self._is_shared_out():
                    self._settle(start, made_to)
                    return None
                if made_to < end:
                    return None  # the run is ending
                self._left -= end - start
                if not short and not alone:
                    self._chunk = end, end
                    self._share_out()
                    return None
            size = min(LARGEST_BATCH, 2 * size) if short else 1

    def _is_shared_out(self) -> bool:
        """Whether another thread has shared the calls out meanwhile."""
        return not self._in_order

    def _share_out(self) -> None:
        """Count what each call waits for that has not been made, so that any thread can go on; under the lock.

        Of the piece that is being made the thread that makes it keeps the call it is at, and no more.
        """
        (start, end), followers = self._chunk, self._bound.followers
        self._limit = start if start == end else self._at + 1
        while start < end and self._limit <= self._at:  # it went on before it could see the limit
            self._limit = self._at + 1
        self._in_order = False
        limit = self._limit
        self._counted = {i for i in range(start, limit) if self.ended[i]}
        waiting = self._waiting = self._bound.counts.copy()
        for i in (*range(start), *self._counted):
            for follower in followers[i]:
                waiting[follower] -= 1
        self._ready.extend([i for i in range(limit, len(waiting)) if waiting[i] == 0][::-1])
        self._left = len(waiting) - start - len(self._counted)
        self._changed.notify_all()

    def _settle(self, start: int, made_to: int) -> None:
        """The calls of a piece that was being made when the others were shared out have ended; under the lock."""
        waiting, ready = self._waiting, self._ready
        ready += [i for i in range(made_to, self._limit) if waiting[i] == 0]  # left to it, and not made
        for i in range(start, made_to):
            if i not in self._counted:
                self._left -= 1
                for follower in self._bound.followers[i]:
                    waiting[follower] -= 1
                    if waiting[follower] == 0 and follower >= made_to:
                        ready.append(follower)
        self._changed.notify_all()

    def _take(self, most: int, threads: int, me: int) -> list[int]:
        """The calls to make next; none where the run is over."""
        changed, ready = self._changed, self._ready
        with changed:
            self._busy.pop(me, None)
            while not ready or self._another_makes_them():
                if self._left == 0 or self.failures or self.stopped:
                    changed.notify_all()
                    return []
                looks = not self._looked_after
                self._looked_after = self._looked_after or looks
                self._idle += 1
                changed.wait(_LOOK_S if looks else None)
                self._idle -= 1
                if looks:
                    self._looked_after = False
                if self._busy and not self._another_makes_them():
                    self._share_out() if self._in_order else self._relieve()
            count = max(1, min(most, len(ready) if self._short else len(ready) // threads))
            batch = ready[-count:][::-1]
            del ready[-count:]
            self._busy[me] = time.perf_counter()
            if ready and self._idle and not self._short:
                changed.notify(len(ready))
            elif self._idle and not self._looked_after:
                changed.notify()  # somebody is to look
            return batch

    def _relieve(self) -> None:
        """Take what lies behind calls that have turned out to be long; under the lock."""
        now = time.perf_counter()
        for thread, since in self._busy.items():
            if now - since >= _LOOK_S and (behind := self._batches.get(thread)):
                with suppress(IndexError):  # its own thread takes from it at the same time
                    while True:
                        self._ready.append(behind.pop(0))

    def _another_makes_them(self) -> bool:
        """Whether calls are short, and a thread is making them that is not held up."""
        if not (self._short or self._in_order) or not self._busy:
            return False
        oldest = min(self._busy.values())
        return time.perf_counter() - oldest < _LOOK_S

    def _make(self, batch: list[int], most: int) -> int:
        """Make a batch of calls, and up to `most` that they make ready one after the other."""
        values, ended, clock, calls = self.values, self.ended, time.time, self._calls
        waiting, followers, following = self._waiting, self._bound.followers, self._bound.following
        done, me = 0, threading.get_ident()
        while batch:
            i, made, ends = -1, 0, []
            self._batches[me] = batch = batch[::-1]
            try:
                while batch and not self.stopped:
                    try:
                        i = batch.pop()
                    except IndexError:  # another thread has relieved this one
                        break
                    while True:
                        arity, function, a, b, c, rest = calls[i]
                        if arity == 2:
                            values[i] = function(values[a], values[b])
                        elif arity == 1:
                            values[i] = function(values[a])
                        elif arity == 3:
                            values[i] = function(values[a], values[b], values[c])
                        elif arity == 0:
                            values[i] = function()
                        elif arity == 4:
                            values[i] = function(*[values[p] for p in rest])
                        elif arity == _MADE:
                            values[i] = function(i)
                        else:
                            values[i] = function(**{n: values[p] for n, p in rest})
                        ended[i] = clock()
                        made += 1
                        if following[i] < 0 or self.stopped:
                            break
                        i = following[i]
                    ends.append(i)
            except Unmade:
                return done
            except BaseException as error:  # noqa: BLE001  handed to the run loop
                self.failures[i] = error
                return done
            done += made
            with self._changed:
                self._left -= made
                ready = []
                for i in ends:
                    for follower in followers[i]:
                        waiting[follower] -= 1
                        if waiting[follower] == 0:
                            ready.append(follower)
                if self._left == 0 or self.stopped:
                    self._changed.notify_all()
                    return done
                keep = 1 if most == 1 else most
                batch, rest_ready = ready[:keep], ready[keep:]
                self._busy[me] = time.perf_counter()
                if rest_ready:
                    self._ready.extend(rest_ready)
                    if self._idle and not self._short:
                        self._changed.notify(len(rest_ready))
        return done


def _may_give_arrays(step: Step) -> bool:
    """Whether a result may be, or hold, an array; most players say that theirs is not."""
    return not all(_is_plain_data(kind) for kind in step.types.outputs.values())


def _is_plain_data(kind: PortType) -> bool:
    known = kind.name in SCALARS or kind.name in ("list", "tuple", "map", "set", "union", "literal")
    return known and kind.name != "any" and all(_is_plain_data(a) for a in kind.args if isinstance(a, PortType))


def _unwritable(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, whose arrays nobody changes; see `make_unwritable`."""

    def call(*args: Any, **inputs: Any) -> Any:
        value = function(*args, **inputs)
        make_unwritable(value)
        return value

    return call


def can_run_fast(program: Program, params: Mapping[str, Held]) -> bool:
    """Whether a program asks for nothing that only the run loop can do."""
    plain: set[int] = set()
    for step in program.steps.values():
        if not step.is_usual or step.check:
            if not _is_plain(step, params):
                return False
        elif id(step.pin) not in plain:  # of usual steps those of one player are all plain, or none
            if not _is_plain(step, params):
                return False
            plain.add(id(step.pin))
    return True


def _is_plain(step: Step, params: Mapping[str, Held]) -> bool:
    task, pin = step.task, step.pin
    if step.player is None or pin is None or pin.is_async or pin.takes_context or pin.several or step.check:
        return False
    if task.each is not None or task.when is not None or step.retry.attempts > 1 or task.timeout is not None:
        return False
    if step.demands or step.outside or task.priority or step.player.state_parameter is not None:
        return False
    return all(_is_simple(value, params) for value in task.inputs.values())


def _is_simple(value: Any, params: Mapping[str, Held]) -> bool:
    if isinstance(value, Expression):
        bare = value.bare
        if bare is None or bare.path or bare.optional:
            return False
        return bare.root == "tasks" or (bare.root == "params" and not params[bare.name].secret)
    return not any(True for _ in expressions_in(value))
