"""Where the references of a call lead on a worker: to what came with the call, and to the sheet of the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from symphony.compiler.types import split_port
from symphony.errors import SurroundingsError
from symphony.model.expression import Expression, Reference
from symphony.runtime.remote.forms import Unpacking
from symphony.runtime.remote.sheet import Form, RunSheet
from symphony.runtime.scopes import scope_of
from symphony.runtime.steps import Program, Step
from symphony.runtime.values import Held, follow

if TYPE_CHECKING:
    from symphony.compiler.cel import Evaluator
    from symphony.runtime.remote.done import Done


def name_of(reference: Reference, program: Program) -> tuple[str, tuple[str | int, ...]]:
    """Under which name the source of a reference travels, and the path from there on."""
    root, name, path = reference.root, reference.name, reference.path
    if root == "tasks":
        types = program.steps[name].types
        port, path = split_port(types, path)
        return f"tasks.{name}.{port or next(iter(types.outputs))}", path
    if root == "params":
        return f"params.{name}", path
    return root, path


class CallSources:
    """The sources of one call; see `symphony.runtime.inputs`.

    Args:
        program: the program that the step belongs to.
        forms: by name, what came with the call.
        given: the calls before, by id.
        evaluator: gives the evaluator of expressions, made on first use.
    """

    def __init__(
        self, sheet: RunSheet, program: Program, step: Step, index: int, forms: Mapping[str, Form],
        given: Mapping[str, Done], unpacking: Unpacking, evaluator: Callable[[], Evaluator],
    ) -> None:  # fmt: skip
        self._sheet, self._program, self._step, self._index = sheet, program, step, index
        self._forms, self._given, self._unpacking, self._evaluator = forms, given, unpacking, evaluator

    def referred(self, reference: Reference) -> Held:
        """What a reference stands for. Raises KeyError where it names a task that was left out."""
        if reference.root == "index":
            return Held(self._index)
        if reference.root == "secrets":
            return self._unpacking.held(("secret", reference.name), self._given)
        if reference.root == "env":
            return self._followed(Held(self._variable(reference.name)), reference.path)
        if reference.root == "run":
            held = Held({"id": self._sheet.run, "started_at": self._sheet.started_at}[reference.name])
            return self._followed(held, reference.path)
        if reference.root == "item":
            return self._item(reference.path)
        name, path = name_of(reference, self._program)
        form = self._forms.get(name)
        if form is None:
            form = self._sheet.params[reference.name]
        return self._followed(self._unpacking.held(form, self._given), path)

    def _item(self, path: tuple[str | int, ...]) -> Held:
        if "item" in self._forms:
            return self._followed(self._unpacking.held(self._forms["item"], self._given), path)
        if path:
            return self._followed(self._unpacking.held(self._forms[f"item.{path[0]}"], self._given), path[1:])
        parts = {n[5:]: self._unpacking.held(f, self._given) for n, f in self._forms.items() if n.startswith("item.")}
        return Held(load=lambda: {name: held.value for name, held in parts.items()})

    def _followed(self, held: Held, path: tuple[str | int, ...]) -> Held:
        return Held(load=lambda: follow(held.value, path)) if path else held

    def _variable(self, name: str) -> str:
        if name not in self._sheet.environment:
            raise SurroundingsError(f"the environment variable {name} is not set; the melody reads env.{name}")
        return self._sheet.environment[name]

    def evaluated(self, expression: Expression) -> Any:
        """The value of an expression that is more than a reference."""
        step = self._step
        scope = scope_of(self._program, step, expression, self._sheet.environment)
        return self._evaluator().evaluate(
            expression,
            type_of=lambda r: scope.type_of(r, lambda *_: None),
            value_of=lambda r: self.referred(r).value,
            state_of=lambda function, task: bool(self._forms[f"{function}({task})"][1]),
            scope=f"{id(self._program)}.{step.id}" if "item" in expression.text else f"{id(self._program)}",
        )
