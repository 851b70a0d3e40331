"""What stands for a value inside a Python melody: references that build expressions instead of computing."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, NoReturn
from uuid import UUID

from symphony.errors import TracingError
from symphony.model.expression import Call, Expression, Index, Literal, Name, Node, Select, from_value
from symphony.model.frozen import FrozenMap
from symphony.model.quantities import format_duration

if TYPE_CHECKING:
    from symphony.define.tracing import Draft


class Ref:
    """A value that will exist when the melody runs. Operators build expressions; nothing is computed here."""

    __slots__ = ("_tree",)

    def __init__(self, node: Node) -> None:
        self._tree = node

    @property
    def _node(self) -> Node:
        return self._tree

    # building ----------------------------------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Ref:
        if name.startswith("__"):
            raise AttributeError(name)
        return Ref(Select(self._node, name))

    def __getitem__(self, key: Any) -> Ref:
        if isinstance(key, slice):
            raise TracingError("a reference cannot be sliced: pass it to a player, or use an expression with expr()")
        return Ref(Index(self._node, node_of(key)))

    def __call__(self, *args: Any) -> Ref:
        if not isinstance(self._node, Select):
            raise TracingError("a reference cannot be called: it is a value of the run, not a function")
        return Ref(Call(self._node.field, self._node.operand, tuple(node_of(a) for a in args)))

    def size(self) -> Ref:
        """How many elements, or characters: ``size(x)``."""
        return Ref(Call("size", None, (self._node,)))

    def _binary(self, operator: str, other: Any, *, swapped: bool = False) -> Ref:
        sides = (node_of(other), self._node) if swapped else (self._node, node_of(other))
        return Ref(Call(operator, None, sides))

    def __add__(self, other: Any) -> Ref:
        return self._binary("_+_", other)

    def __radd__(self, other: Any) -> Ref:
        return self._binary("_+_", other, swapped=True)

    def __sub__(self, other: Any) -> Ref:
        return self._binary("_-_", other)

    def __rsub__(self, other: Any) -> Ref:
        return self._binary("_-_", other, swapped=True)

    def __mul__(self, other: Any) -> Ref:
        return self._binary("_*_", other)

    def __rmul__(self, other: Any) -> Ref:
        return self._binary("_*_", other, swapped=True)

    def __truediv__(self, other: Any) -> Ref:
        return self._binary("_/_", other)

    def __rtruediv__(self, other: Any) -> Ref:
        return self._binary("_/_", other, swapped=True)

    def __mod__(self, other: Any) -> Ref:
        return self._binary("_%_", other)

    def __eq__(self, other: object) -> Ref:  # type: ignore[override]
        return self._binary("_==_", other)

    def __ne__(self, other: object) -> Ref:  # type: ignore[override]
        return self._binary("_!=_", other)

    def __lt__(self, other: Any) -> Ref:
        return self._binary("_<_", other)

    def __le__(self, other: Any) -> Ref:
        return self._binary("_<=_", other)

    def __gt__(self, other: Any) -> Ref:
        return self._binary("_>_", other)

    def __ge__(self, other: Any) -> Ref:
        return self._binary("_>=_", other)

    def __and__(self, other: Any) -> Ref:
        return self._binary("_&&_", other)

    def __rand__(self, other: Any) -> Ref:
        return self._binary("_&&_", other, swapped=True)

    def __or__(self, other: Any) -> Ref:
        return self._binary("_||_", other)

    def __ror__(self, other: Any) -> Ref:
        return self._binary("_||_", other, swapped=True)

    def __invert__(self) -> Ref:
        return Ref(Call("!_", None, (self._node,)))

    def __neg__(self) -> Ref:
        return Ref(Call("-_", None, (self._node,)))

    __hash__ = None  # type: ignore[assignment]

    # what only a running task can do -----------------------------------------------------------------------------

    def _refuse(self, what: str, instead: str) -> NoReturn:
        raise TracingError(f"{what} a reference: {self!r} has no value while the melody is defined. {instead}")

    def __bool__(self) -> NoReturn:
        self._refuse("cannot decide on", "Use .when(condition) on the task, and & | ~ instead of and, or, not")

    def __iter__(self) -> NoReturn:
        self._refuse("cannot loop over", "Use each(reference) as an argument: one call per element")

    def __len__(self) -> NoReturn:
        self._refuse("cannot take the length of", "Use reference.size()")

    def __contains__(self, item: object) -> NoReturn:
        self._refuse("cannot look for something in", 'Use expr("x in …")')

    def __format__(self, spec: str) -> NoReturn:
        self._refuse("cannot put into text", "Join with +: 'text ' + reference, or pass it to text.render")

    def __str__(self) -> NoReturn:
        self._refuse("cannot make text of", "Pass it to a player, or join with +")

    def __int__(self) -> NoReturn:
        self._refuse("cannot make a number of", "Pass it to a player")

    __float__ = __index__ = __int__

    def __repr__(self) -> str:
        return "${{ " + Expression(self._node).text + " }}"


class TaskRef(Ref):
    """The result of a task, with the means to say more about the task. Every method gives the reference back."""

    __slots__ = ("_draft",)

    def __init__(self, draft: Draft) -> None:
        self._draft = draft

    @property
    def _node(self) -> Node:
        return Select(Name("tasks"), self._draft.id)  # most references to tasks are only passed on, without a tree

    def when(self, condition: Any) -> TaskRef:
        """Run the task only when the condition holds."""
        value = to_value(condition)
        if not isinstance(value, (Expression, bool)):
            raise TracingError(f".when() takes a condition built from references, not {condition!r}")
        self._draft.fields["when"] = value
        return self

    def after(self, *tasks: TaskRef) -> TaskRef:
        """Wait for other tasks without taking their data."""
        for task in tasks:
            if not isinstance(task, TaskRef):
                raise TracingError(f".after() takes tasks, not {task!r}")
            self._draft.needs.append(task._draft)
        return self

    def options(self, **options: Any) -> TaskRef:
        """Set policies: retry, timeout, isolation, cpus, memory, gpus, resources, tokens, priority, cache."""
        self._draft.set_options(options)
        return self

    def named(self, name: str) -> TaskRef:
        """Give the task another id than the variable's name."""
        self._draft.rename(name)
        return self

    def described(self, text: str) -> TaskRef:
        """Describe the task in one line."""
        self._draft.fields["description"] = text
        return self


def node_of(value: Any) -> Node:
    """The syntax tree of a reference or of plain data that may hold references."""
    if isinstance(value, Ref):
        return value._node
    if isinstance(value, Expression):
        return value.node
    if isinstance(value, (list, tuple, Mapping)):
        return from_value(to_value(value))
    plain = to_value(value)
    return plain.node if isinstance(plain, Expression) else Literal(plain)


def to_value(value: Any) -> Any:
    """Turn an argument into a value of a definition: plain data whose leaves may be expressions.

    Raises:
        TracingError: the argument is neither plain data nor a reference.
    """
    kind = type(value)
    if kind is str or kind is int or kind is float or kind is bool or value is None:
        return value
    if isinstance(value, Ref):
        return Expression(value._node)
    if isinstance(value, Expression):
        return value
    if isinstance(value, bytes):
        return Expression(Literal(value))
    if isinstance(value, enum.Enum):
        return to_value(value.value)
    if isinstance(value, PurePath):
        return value.as_posix()
    if isinstance(value, Mapping):
        return FrozenMap({str(k): to_value(v) for k, v in value.items()})
    if isinstance(value, (list, tuple)):
        return tuple(to_value(v) for v in value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return format_duration(value.total_seconds())
    if isinstance(value, (Decimal, UUID)):
        return str(value)
    if isinstance(value, (str, int, float)):
        return {str: str, int: int, float: float}[next(t for t in (str, int, float) if isinstance(value, t))](value)
    raise TracingError(
        f"a definition holds plain data and references, not {kind.__module__}.{kind.__qualname__}: "
        "make the value inside a player, or pass text, numbers, lists or maps"
    )
