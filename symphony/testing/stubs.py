"""Stand-ins for players in a test: a value, an error or a function; what they give must fit the player's ports."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from symphony.define.context import Context
from symphony.define.player import Player
from symphony.errors import UsageError
from symphony.model.names import did_you_mean
from symphony.model.plan import Plan
from symphony.model.quantities import counted
from symphony.model.signature import Signature
from symphony.runtime.loading import load_player
from symphony.testing.port_values import unfit

CONTEXT = "symphony_context"
"""The argument by which a stub is handed the context; no port, so no input of a player can be meant."""


@dataclass(frozen=True, slots=True)
class StubCall:
    """One call of a stub.

    Attributes:
        task: the task that called: ``page``, ``stats[3]``, ``child.x``.
        attempt: which attempt it was, from 1.
        inputs: what the player was given; defaults included.
    """

    task: str
    attempt: int
    inputs: Mapping[str, Any]


class StubCalls(Sequence[StubCall]):
    """The calls of one stub, in the order in which they began; every attempt is one."""

    def __init__(self, player: str) -> None:
        self.player = player
        self._calls: list[StubCall] = []

    def __getitem__(self, index: Any) -> Any:
        try:
            return self._calls[index]
        except IndexError:
            raise AssertionError(f"there is no call {index} of the stub of {self.player}: {self}") from None

    def __len__(self) -> int:
        return len(self._calls)

    def __iter__(self) -> Iterator[StubCall]:
        return iter(self._calls)

    def __repr__(self) -> str:
        return f"it was called {counted(len(self), 'time')}" + "".join(
            f"\n  {_shown(call)}" for call in self._calls[:20]
        )

    def add(self, call: StubCall) -> None:
        """Take note of a call."""
        self._calls.append(call)

    def assert_count(self, count: int) -> None:
        """Check how often the stub was called.

        Raises:
            AssertionError: it was called more or less often; lists the calls.
        """
        __tracebackhide__ = True  # pytest then points at the test
        if len(self) != count:
            raise AssertionError(f"the stub of {self.player} should be called {counted(count, 'time')}, and {self!r}")

    def assert_called_with(self, **inputs: Any) -> None:
        """Check that some call was given these inputs; it may have had others besides.

        Raises:
            AssertionError: none was; lists the calls.
        """
        __tracebackhide__ = True  # pytest then points at the test
        nothing = object()
        for call in self._calls:
            if all(call.inputs.get(name, nothing) == value for name, value in inputs.items()):
                return
        wanted = ", ".join(f"{n}={v!r}" for n, v in inputs.items())
        raise AssertionError(f"the stub of {self.player} was never called with {wanted}; {self!r}")


def _shown(call: StubCall) -> str:
    inputs = ", ".join(f"{n}={_short(v)}" for n, v in call.inputs.items())
    return f"{call.task} (attempt {call.attempt}): {inputs}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


@dataclass(slots=True)
class InTurn:
    """Answers that are given one after the other; the last one again and again."""

    answers: tuple[Any, ...]
    _next: int = field(default=0, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def next(self) -> Any:
        """The answer whose turn it is."""
        with self._lock:
            answer = self.answers[min(self._next, len(self.answers) - 1)]
            self._next += 1
            return answer


def in_turn(*answers: Any) -> Any:
    """Make a stub that gives each answer once, and the last one from then on: ``in_turn(OSError("no network"), "page")``.

    Raises:
        UsageError: there is no answer.
    """
    if not answers:
        raise UsageError("in_turn() needs at least one answer: in_turn(OSError('no network'), 'page')")
    return InTurn(answers)


class Stubs:
    """The stand-ins of one run.

    Args:
        plan: what is run.
        given: by the player's name, as melodies write it: a value, an exception, `in_turn`, or a function of its inputs.

    Attributes:
        calls: the calls of each stub, by the player's name.
        problem: what was wrong with the first answer that did not fit, once the run has ended.

    Raises:
        UsageError: no task calls such a player; a function asks for inputs that the player has not; a value does not fit.
    """

    def __init__(self, plan: Plan, given: Mapping[str, Any]) -> None:
        self.calls = {name: StubCalls(name) for name in given}
        self.problem: UsageError | None = None
        self._lock = threading.Lock()
        for name in given:
            if name not in plan.players:
                known = did_you_mean(name, sorted(plan.players), what="players")
                raise UsageError(f"{plan.melody} has no task that calls the player {name!r}: {known}")
        self.players = {name: self._player(load_player(plan.players[name]), answer) for name, answer in given.items()}

    def _player(self, original: Player[..., Any], answer: Any) -> Player[..., Any]:
        signature = original.signature
        check_answer(signature, answer)
        wants = _wants(signature, answer)

        def stub(**inputs: Any) -> Any:
            context = inputs.pop(CONTEXT)
            given = {p.name: inputs.get(p.name, p.default) for p in signature.inputs}
            with self._lock:
                self.calls[signature.name].add(StubCall(context.task_id, context.attempt, given))
            return self._checked(signature, _answered(answer, wants, given, context))

        return _StandIn(stub, original)

    def _checked(self, signature: Signature, result: Any) -> Any:
        problem = problem_with(signature, result)
        if problem is not None:
            self.problem = self.problem or UsageError(problem)
            raise TypeError(problem)  # an error of the program, which is not tried again
        return result


class _StandIn(Player[..., Any]):
    """A player that looks like another one from outside."""

    def __init__(self, function: Callable[..., Any], original: Player[..., Any]) -> None:
        super().__init__(function, original.kind, {})
        self._original = original

    @cached_property
    def name(self) -> str:
        """The name of the player that it stands in for."""
        return self._original.name

    @cached_property
    def signature(self) -> Signature:
        """The signature of the player that it stands in for."""
        return self._original.signature

    @cached_property
    def context_parameter(self) -> str | None:
        """A stub is always told which task calls."""
        return CONTEXT


def check_answer(signature: Signature, answer: Any) -> None:
    """Check an answer that is known before the run.

    Raises:
        UsageError: it does not fit the output of the player.
    """
    for one in answer.answers if isinstance(answer, InTurn) else (answer,):
        problem = None if _is_error(one) or callable(one) else problem_with(signature, one)
        if problem is not None:
            raise UsageError(problem)


def problem_with(signature: Signature, result: Any) -> str | None:
    """Say why what a stub gives does not fit the outputs of a player, or return None when it does."""
    if not signature.several:
        port = signature.outputs[0]
        problem = unfit(result, port.type) if not signature.effect or result is not None else None
        return None if problem is None else f"the stub of {signature.name} does not fit its output: {problem}"
    for port in signature.outputs:
        there = port.name in result if isinstance(result, Mapping) else hasattr(result, port.name)
        if not there:
            names = ", ".join(p.name for p in signature.outputs)
            return f"the stub of {signature.name} gives no {port.name!r}: return a map with {names}"
        problem = unfit(result[port.name] if isinstance(result, Mapping) else getattr(result, port.name), port.type)
        if problem is not None:
            return f"the stub of {signature.name} does not fit its output {port.name!r}: {problem}"
    return None


def _is_error(answer: Any) -> bool:
    return isinstance(answer, BaseException) or (isinstance(answer, type) and issubclass(answer, BaseException))


def _wants(signature: Signature, answer: Any) -> frozenset[str] | None:
    """The inputs that functions among the answers take; None: all of them.

    Raises:
        UsageError: a function takes something that is no input of the player.
    """
    ports = {p.name for p in signature.inputs}
    wanted: set[str] = set()
    for one in answer.answers if isinstance(answer, InTurn) else (answer,):
        if _is_error(one) or not callable(one):
            continue
        parameters = inspect.signature(one).parameters.values()
        if any(p.kind is p.VAR_KEYWORD for p in parameters):
            return None
        for parameter in parameters:
            if parameter.name not in ports and parameter.name != "ctx" and parameter.default is parameter.empty:
                known = did_you_mean(parameter.name, sorted(ports), what="inputs")
                raise UsageError(
                    f"the stub of {signature.name} takes {parameter.name!r}, which is no input of it: {known}"
                )
        wanted |= {p.name for p in parameters}
    return frozenset(wanted)


def _answered(answer: Any, wants: frozenset[str] | None, given: Mapping[str, Any], context: Context) -> Any:
    """What a stub gives, or raises."""
    one = answer.next() if isinstance(answer, InTurn) else answer
    if isinstance(one, BaseException):
        raise one.with_traceback(None)  # it may be raised many times, and would keep the traces of all
    if _is_error(one):
        raise one
    if not callable(one):
        return one
    if wants is None:
        return one(**given)
    offered = {**given, "ctx": context}
    names = wants if not isinstance(answer, InTurn) else inspect.signature(one).parameters
    return one(**{name: offered[name] for name in names if name in offered})
