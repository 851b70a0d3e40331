"""Checks the expressions of a melody: names, field paths, and types by the CEL library, all in one environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from symphony.compiler.links import report_fit
from symphony.compiler.problems import Problems
from symphony.compiler.types import TypeScope
from symphony.errors import ExpressionError
from symphony.model import port_type as pt
from symphony.model.diagnostic import Severity
from symphony.model.expression import (
    ROOTS,
    Call,
    Expression,
    Literal,
    Node,
    Reference,
    as_reference,
    children,
    find_references,
    free_names,
    rewrite,
)
from symphony.model.melody import Melody
from symphony.model.names import did_you_mean, nearest
from symphony.model.port_type import PortType
from symphony.model.source import Path

if TYPE_CHECKING:
    from symphony.compiler.cel import Prepared


_STATE_FUNCTIONS = ("failed", "succeeded")


@dataclass(slots=True)
class _Pending:
    """An expression whose type the library will tell."""

    expression: Expression
    prepared: Prepared
    melody: Melody
    at: Path
    task: str | None
    wanted: PortType | None = None
    condition: bool = False


class ExpressionChecks:
    """Checks references at once and leaves the types of whole expressions to one call of the library at the end."""

    def __init__(self, scope: TypeScope, problems: Problems) -> None:
        self.scope, self.problems = scope, problems
        self._pending: list[_Pending] = []
        self._types: dict[str, PortType] = {}

    def type_of(self, value: Expression, melody: Melody, at: Path, task: str | None) -> PortType | None:
        """The type of an expression; None when only the library can tell, after `check_types`."""
        bare = value.bare
        if bare is not None:
            if bare.root == "run":
                self._never_hits(bare, melody, at, task)
            return self._reference(bare, melody, at, task)
        if self._names_are_wrong(value, melody, at, task):
            return pt.ANY
        from symphony.compiler import cel  # heavy: only melodies that compute need it

        types: dict[str, PortType] = {}
        for reference in value.references:
            if reference.root == "tasks" and reference.name not in self.scope.tasks:
                self._reference(reference, melody, at, task)
        for reference in _values_read(value):
            types[reference.text] = self._reference(reference, melody, at, task)
            self._check_use(reference, types[reference.text], melody, at, task)
        prepared = cel.prepare(
            value, lambda r: cel.mangle(cel.cel_type_name(types.get(r.text) or self._reference(r, melody, at, task)))
        )
        self._pending.append(_Pending(value, prepared, melody, at, task))
        return None

    def expect(
        self,
        value: Expression,
        wanted: PortType,
        melody: Melody,
        at: Path,
        task: str | None,
        *,
        condition: bool = False,
    ) -> None:
        """Say what type the expression noted last should have."""
        last = self._pending[-1]
        assert last.expression is value
        last.wanted, last.condition = wanted, condition

    def settled(self, value: Expression) -> PortType:
        """The type of an expression after `check_types`."""
        return self._types.get(value.text, pt.ANY)

    def check_types(self) -> None:
        """Compile everything noted so far in one environment and report what does not fit."""
        if not self._pending:
            return
        from symphony.compiler import cel  # heavy: only melodies that compute need it

        pending, self._pending = self._pending, []
        names: set[str] = set()
        for entry in pending:
            names.update(_type_names(entry))
        most = max(len(e.prepared.variables) + len(e.prepared.states) for e in pending)
        env = cel.environment(sorted(names), most)
        for entry in pending:
            self._check_one(env, entry)

    def _check_one(self, env: Any, entry: _Pending) -> None:
        from symphony.compiler import cel  # heavy: only melodies that compute need it

        where: dict[str, Any] = {"melody": entry.melody, "at": entry.at, "task": entry.task}
        try:
            compiled = cel.compile_cel(env, entry.prepared)
        except ExpressionError as error:
            self.problems.in_expression(error, entry.expression, **where)
            return
        given = cel.port_type_of(str(compiled.return_type()))
        self._types[entry.expression.text] = given
        if entry.condition:
            if given not in (pt.BOOLEAN, pt.ANY):
                self.problems.add("SYM145", f"when takes true or false, this is {given}", **where,
                                  hint="compare it: x > 0, x == 'text', size(x) > 0")  # fmt: skip
        elif entry.wanted is not None:
            report_fit(self.problems, given, entry.wanted, entry.expression, entry.melody, entry.at, entry.task)

    # references --------------------------------------------------------------------------------------------------

    def _reference(self, reference: Reference, melody: Melody, at: Path, task: str | None) -> PortType:
        def report(code: str, message: str, hint: str) -> None:
            self.problems.at_reference(code, message, reference, melody=melody, at=at, hint=hint, task=task)

        return self.scope.type_of(reference, report)

    def _never_hits(self, reference: Reference, melody: Melody, at: Path, task: str | None) -> None:
        self.problems.at_reference(
            "SYM196", f"{reference.text} is new in every run: the task can never be served from the store", reference,
            melody=melody, at=at, task=task, severity=Severity.NOTE,
        )  # fmt: skip

    def _check_use(self, reference: Reference, t: PortType, melody: Melody, at: Path, task: str | None) -> None:
        """References inside a larger expression: opaque values may not be taken apart."""
        if reference.root == "run":
            self._never_hits(reference, melody, at, task)
        elif (t.is_class and t.fields is None) or t.name == "set":
            self.problems.at_reference(
                "SYM146", f"{reference.text} is {t}: it may only be passed whole, not used inside an expression", reference,
                melody=melody, at=at, task=task, hint="compute with it in a player",
            )  # fmt: skip

    def _names_are_wrong(self, value: Expression, melody: Melody, at: Path, task: str | None) -> bool:
        wrong = False
        for name in free_names(value.node):
            if name.name in ROOTS or name.name in ("optional", "strings"):
                continue
            meant = nearest(name.name, self.scope.known_tasks)
            hint = f"did you mean tasks.{meant}?" if meant else did_you_mean(name.name, sorted(ROOTS), what="names")
            self._at_node("SYM142", f"{name.name!r} means nothing here", name, value, melody, at, task, hint)
            wrong = True
        return self._functions_are_wrong(value.node, value, melody, at, task) or wrong

    def _functions_are_wrong(self, node: Node, value: Expression, melody: Melody, at: Path, task: str | None) -> bool:
        wrong = False
        if isinstance(node, Call) and node.function in _STATE_FUNCTIONS:
            reference = as_reference(node.args[0]) if len(node.args) == 1 else None
            if reference is None or reference.root != "tasks" or reference.path:
                self._at_node("SYM144", f"{node.function}() takes a task", node, value, melody, at, task,
                              f"write {node.function}(tasks.NAME)")  # fmt: skip
                wrong = True
            elif at[-1:] != ("when",):
                self._at_node(
                    "SYM144", f"{node.function}() can be asked only in when", node, value, melody, at, task, ""
                )
                wrong = True
        for child in children(node):
            wrong = self._functions_are_wrong(child, value, melody, at, task) or wrong
        return wrong

    def _at_node(
        self,
        code: str,
        message: str,
        node: Node,
        value: Expression,
        melody: Melody,
        at: Path,
        task: str | None,
        hint: str,
    ) -> None:
        start, end = node.at
        error = ExpressionError(message, offset=start, length=end - start, code=code, hint=hint)
        self.problems.in_expression(error, value, melody=melody, at=at, task=task)


def _type_names(entry: _Pending) -> set[str]:
    from symphony.compiler import cel  # heavy: only melodies that compute need it

    return {cel.unmangle(name) for name in entry.prepared.variables}


def _values_read(value: Expression) -> tuple[Reference, ...]:
    """The references whose value is read: not those of which only the state is asked, by ``failed`` or ``succeeded``."""
    if not any(f"{name}(" in value.text for name in _STATE_FUNCTIONS):
        return value.references

    def unasked(node: Node) -> Node | None:
        return Literal(True, node.at) if isinstance(node, Call) and node.function in _STATE_FUNCTIONS else None

    return tuple(find_references(rewrite(value.node, unasked)))
