"""Inlines sub-melodies: one flat list of tasks whose references name each other by full id.

A sub-melody that is run once takes part in the schedule with its own tasks (`child.x`), so nothing waits longer than it
must. A sub-melody under `each` stays whole: it is a region, run once per element.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from symphony.compiler.problems import Problems
from symphony.model.diagnostic import Severity
from symphony.model.expression import (
    Call,
    Expression,
    Index,
    Literal,
    Node,
    Reference,
    Select,
    as_reference,
    from_value,
    rewrite,
)
from symphony.model.frozen import EMPTY, FrozenMap
from symphony.model.melody import Melody
from symphony.model.names import did_you_mean
from symphony.model.policy import OnFailure
from symphony.model.source import Path
from symphony.model.task import Each, Task
from symphony.model.template import map_expressions


@dataclass(slots=True)
class FlatTask:
    """A task of the flat list.

    Attributes:
        id: the full id, ``child.x``.
        name, melody: where it stands in which melody, for places in messages.
        inputs, each, when, needs: in the terms of the flat list.
        region: the melody to run per element, for a melody task under `each`.
    """

    id: str
    name: str
    melody: Melody
    task: Task
    inputs: Mapping[str, Any]
    each: Each | None
    when: Any
    needs: tuple[str, ...]
    region: Melody | None = None

    def at(self, *rest: str | int) -> Path:
        """The path of a part of the task in its document."""
        return ("tasks", self.name, *rest)


@dataclass(slots=True)
class _Inlined:
    """A sub-melody that was inlined: what stands for its outputs, and the ids of its tasks."""

    outputs: Mapping[str, Any]
    ids: tuple[str, ...]


@dataclass(slots=True)
class _Scope:
    melody: Melody
    prefix: str
    params: Mapping[str, Any] | None
    when: Any
    needs: tuple[str, ...]
    inlined: dict[str, _Inlined] = field(default_factory=dict)
    in_progress: set[str] = field(default_factory=set)
    plain: bool = False


@dataclass(slots=True)
class Flat:
    """The result: tasks by full id in the order of the definition, and the outputs of the melody."""

    tasks: dict[str, FlatTask]
    outputs: Mapping[str, Any]


def flatten(melody: Melody, problems: Problems) -> Flat:
    """Inline every sub-melody of `melody`."""
    flattener = _Flattener(problems)
    scope = _Scope(melody, "", None, None, ())
    scope.plain = all(t.melody is None for t in melody.tasks.values())
    flattener.scope(scope, (melody,))
    outputs = melody.outputs if scope.plain else flattener.outputs(scope, (melody,))
    return Flat(flattener.tasks, outputs)


class _Flattener:
    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.tasks: dict[str, FlatTask] = {}

    def scope(self, scope: _Scope, above: tuple[Melody, ...]) -> None:
        for name, task in scope.melody.tasks.items():
            if task.melody is not None and task.each is None:
                self.inline(scope, name, above)
            else:
                self.tasks[scope.prefix + name] = self.plain(scope, name, task, above)

    def plain(self, scope: _Scope, name: str, task: Task, above: tuple[Melody, ...]) -> FlatTask:
        flat = FlatTask(scope.prefix + name, name, scope.melody, task, task.inputs, task.each, task.when, task.needs)
        if task.melody is not None:
            flat.region = self.child_of(scope, name, task, above)
        if scope.plain:
            return flat

        def change(value: Any, *at: str) -> Any:
            return self.values(scope, value, flat.at(*at), above)

        flat.inputs = FrozenMap({k: change(v, "with", k) for k, v in task.inputs.items()})
        if task.each is not None:
            over = FrozenMap({k: change(v, "each") for k, v in task.each.over.items()})
            flat.each = Each.model_construct({"over", "product"}, over=over, product=task.each.product)
        own = None if task.when is None else change(task.when, "when")
        flat.when = _both(scope.when, own)
        flat.needs = (*scope.needs, *self.needs(scope, task.needs, above))
        return flat

    def needs(self, scope: _Scope, names: tuple[str, ...], above: tuple[Melody, ...]) -> tuple[str, ...]:
        ids: list[str] = []
        for name in names:
            task = scope.melody.tasks.get(name)
            if task is not None and task.melody is not None and task.each is None:
                ids += self.inline(scope, name, above).ids
            else:
                ids.append(scope.prefix + name)
        return tuple(ids)

    def child_of(self, scope: _Scope, name: str, task: Task, above: tuple[Melody, ...]) -> Melody | None:
        child = scope.melody.children.get(task.melody or "")
        at = ("tasks", name, "melody")
        if child is None:
            self.problems.add(
                "SYM173", f"the sub-melody {task.melody!r} is not to be had", melody=scope.melody, at=at, task=name,
                hint="write the path of a melody file, relative to this file",
            )  # fmt: skip
            return None
        if any(child is m for m in above):
            circle = " -> ".join([*(m.name for m in above), child.name])
            self.problems.add(
                "SYM172", f"the melody uses itself: {circle}", melody=scope.melody, at=at, task=name,
                hint="a melody cannot be its own task; move the shared part into a melody of its own",
            )  # fmt: skip
            return None
        if child.on_failure is not above[0].on_failure and child.on_failure is not OnFailure.CONTINUE:
            self.problems.add(
                "SYM176", f"the sub-melody {child.name!r} says on_failure: {child.on_failure}, which does not count here",
                severity=Severity.NOTE, melody=scope.melody, at=at, task=name,
                hint=f"only the melody that is run decides; write on_failure: {child.on_failure} into {above[0].name!r}",
            )  # fmt: skip
        return child

    def inline(self, scope: _Scope, name: str, above: tuple[Melody, ...]) -> _Inlined:
        if name in scope.inlined:
            return scope.inlined[name]
        task = scope.melody.tasks[name]
        child = self.child_of(scope, name, task, above)
        if child is None or name in scope.in_progress:
            if child is not None:
                self.problems.add(
                    "SYM170",
                    f"the task {name!r} waits for its own outputs",
                    melody=scope.melody,
                    at=("tasks", name),
                    task=name,
                )
            return scope.inlined.setdefault(name, _Inlined(EMPTY, ()))
        scope.in_progress.add(name)
        params = self.arguments(scope, name, task, child, above)
        when = None if task.when is None else self.values(scope, task.when, ("tasks", name, "when"), above)
        inner = _Scope(
            child, f"{scope.prefix}{name}.", params, _both(scope.when, when),
            (*scope.needs, *self.needs(scope, task.needs, above)),
        )  # fmt: skip
        before = len(self.tasks)
        self.scope(inner, (*above, child))
        ids = tuple(list(self.tasks)[before:])
        scope.in_progress.discard(name)
        scope.inlined[name] = _Inlined(self.outputs(inner, (*above, child)), ids)
        return scope.inlined[name]

    def arguments(
        self, scope: _Scope, name: str, task: Task, child: Melody, above: tuple[Melody, ...]
    ) -> Mapping[str, Any]:
        check_arguments(scope.melody, name, task, child, self.problems)
        given = {k: self.values(scope, v, ("tasks", name, "with", k), above) for k, v in task.inputs.items()}
        return {p: given.get(p, param.default) for p, param in child.params.items()}

    def outputs(self, scope: _Scope, above: tuple[Melody, ...]) -> Mapping[str, Any]:
        return FrozenMap({n: self.values(scope, v, ("outputs", n), above) for n, v in scope.melody.outputs.items()})

    # expressions -------------------------------------------------------------------------------------------------

    def values(self, scope: _Scope, value: Any, at: Path, above: tuple[Melody, ...]) -> Any:
        return map_expressions(value, lambda e: self.expression(scope, e, at, above))

    def expression(self, scope: _Scope, expression: Expression, at: Path, above: tuple[Melody, ...]) -> Any:
        bare = expression.bare
        if bare is not None:
            replaced = self.reference(scope, bare, at, above)
            return expression if replaced is None else _extended(*replaced)

        def change(node: Node) -> Node | None:
            if isinstance(node, Call) and node.function in ("failed", "succeeded") and len(node.args) == 1:
                return self.state_of(scope, node, above)
            reference = as_reference(node)
            if reference is None:
                return None
            replaced = self.reference(scope, reference, at, above)
            if replaced is None:
                return node
            return from_value(_extended(*replaced, optional=reference.optional))

        return Expression(rewrite(expression.node, change), expression.source)

    def state_of(self, scope: _Scope, node: Call, above: tuple[Melody, ...]) -> Node | None:
        """``failed(tasks.child)`` of an inlined sub-melody: any of its tasks; ``succeeded``: all of them."""
        reference = as_reference(node.args[0])
        if reference is None or reference.root != "tasks":
            return None
        task = scope.melody.tasks.get(reference.name)
        if task is None or task.melody is None or task.each is not None:
            full = Reference("tasks", scope.prefix + reference.name, (), False, reference.at)
            return Call(node.function, None, (full.node(),), node.at)
        calls: list[Node] = [
            Call(node.function, None, (Reference("tasks", i, (), False, reference.at).node(),), node.at)
            for i in self.inline(scope, reference.name, above).ids
        ]
        if not calls:
            return Literal(node.function == "succeeded", node.at)
        result = calls[0]
        for call in calls[1:]:
            result = Call("_||_" if node.function == "failed" else "_&&_", None, (result, call), node.at)
        return result

    def reference(
        self, scope: _Scope, reference: Reference, at: Path, above: tuple[Melody, ...]
    ) -> tuple[Any, tuple[str | int, ...]] | None:
        """What a reference stands for in the flat list: (value, remaining path), or None when it stays as it is."""
        if reference.root == "params" and scope.params is not None and reference.name in scope.params:
            return scope.params[reference.name], reference.path
        if reference.root != "tasks" or not reference.name:
            return None
        task = scope.melody.tasks.get(reference.name)
        if task is None or task.melody is None or task.each is not None:
            if not scope.prefix:
                return None
            return Expression.reference("tasks", scope.prefix + reference.name), reference.path
        return self.output_of(scope, reference, at, above)

    def output_of(
        self, scope: _Scope, reference: Reference, at: Path, above: tuple[Melody, ...]
    ) -> tuple[Any, tuple[str | int, ...]]:
        inlined = self.inline(scope, reference.name, above)
        outputs = inlined.outputs
        if reference.path and reference.path[0] in outputs:
            return outputs[str(reference.path[0])], reference.path[1:]
        if not reference.path and len(outputs) == 1:
            return next(iter(outputs.values())), ()
        if inlined.ids or outputs:
            wanted = reference.path[0] if reference.path else None
            self.problems.at_reference(
                "SYM162" if wanted is not None else "SYM166",
                f"the sub-melody {reference.name!r} has no output {wanted!r}"
                if wanted is not None
                else f"the sub-melody {reference.name!r} has {len(outputs)} outputs: say which one",
                reference, melody=scope.melody, at=at,
                hint=did_you_mean(str(wanted or ""), outputs, what="outputs"),
            )  # fmt: skip
        return None, ()


def check_arguments(melody: Melody, name: str, task: Task, child: Melody, problems: Problems) -> None:
    """Check that a melody task gives the parameters its sub-melody takes."""
    for given in task.inputs:
        if given not in child.params:
            problems.add(
                "SYM174", f"the sub-melody {child.name!r} has no parameter {given!r}",
                melody=melody, at=("tasks", name, "with", given), key=True, task=name,
                hint=did_you_mean(given, child.params, what="parameters"),
            )  # fmt: skip
    for param, spec in child.params.items():
        if spec.secret and param in task.inputs and not _names_a_secret(task.inputs[param], melody):
            problems.add(
                "SYM187", f"the sub-melody {child.name!r} takes a secret as {param!r}, not a plain value",
                melody=melody, at=("tasks", name, "with", param), task=name, hint=f"write {param}: ${{{{ secrets.NAME }}}}",
            )  # fmt: skip
        if param not in task.inputs and not spec.has_default:
            problems.add(
                "SYM175", f"the sub-melody {child.name!r} needs the parameter {param!r}",
                melody=melody, at=("tasks", name), key=True, task=name, hint=f"add {param}: … under with",
            )  # fmt: skip


def _names_a_secret(value: Any, melody: Melody) -> bool:
    bare = value.bare if isinstance(value, Expression) else None
    if bare is None or bare.path:
        return False
    given = melody.params.get(bare.name)
    return bare.root == "secrets" or (bare.root == "params" and given is not None and given.secret)


def _both(outer: Any, inner: Any) -> Any:
    """Both conditions must hold."""
    if outer is None or outer is True:
        return inner
    if inner is None or inner is True:
        return outer
    return Expression(Call("_&&_", None, (from_value(outer), from_value(inner))))


def _extended(value: Any, path: tuple[str | int, ...], *, optional: bool = False) -> Any:
    """`value` with a path behind it: a longer reference, or an expression that takes the fields of another value."""
    if optional and isinstance(value, Expression) and (bare := value.bare) is not None:
        return Expression(Reference(bare.root, bare.name, (*bare.path, *path), True, bare.at).node(), value.source)
    if not path:
        return value
    if isinstance(value, Expression):
        bare = value.bare
        if bare is not None:
            return Expression.reference(bare.root, bare.name, (*bare.path, *path))
    node = from_value(value)
    for step in path:
        node = _field(node, step)
    return Expression(node)


def _field(node: Node, step: str | int) -> Node:
    return Select(node, step) if isinstance(step, str) and step.isidentifier() else Index(node, Literal(step))
