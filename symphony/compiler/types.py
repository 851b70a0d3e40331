"""Gives the port type behind every reference, and notes references that lead nowhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from symphony.model import port_type as pt
from symphony.model.expression import Reference
from symphony.model.frozen import EMPTY, FrozenMap
from symphony.model.names import did_you_mean
from symphony.model.port_type import PortType

RUN_FIELDS = {"id": pt.STRING, "started_at": pt.NUMBER}

Report = Callable[[str, str, str], None]
"""Takes code, message and hint of a problem with the reference at hand."""


@dataclass(slots=True)
class TaskTypes:
    """What a task gives: one value, or several by name; under `each` lists of them."""

    outputs: Mapping[str, PortType]
    several: bool = False
    listed: bool = False
    _whole: PortType | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if not self.several:
            only = next(iter(self.outputs.values()), pt.ANY)
            self._whole = pt.list_of(only) if self.listed else only

    def whole(self) -> PortType | None:
        """The type of ``tasks.x``; None when one of several outputs has to be named."""
        return self._whole


@dataclass(slots=True)
class TypeScope:
    """What references can lead to while one plan is compiled."""

    params: Mapping[str, PortType]
    tasks: Mapping[str, TaskTypes]
    env: frozenset[str]
    items: Mapping[str, PortType] | None = None
    broken: frozenset[str] = frozenset()
    known_tasks: Mapping[str, object] = field(default_factory=dict)

    def type_of(self, reference: Reference, report: Report) -> PortType:
        """The type behind a reference; `any` after a problem was reported."""
        root, name = reference.root, reference.name
        if root == "tasks":
            return self._task(reference, report)
        if root == "params":
            found = self.params.get(name)
            if found is None:
                report("SYM161", f"there is no parameter {name!r}", did_you_mean(name, self.params, what="parameters"))
                return pt.ANY
            return step_through(found, reference.path, f"params.{name}", report)
        if root == "item":
            return self._item(reference, report)
        if root == "index":
            if self.items is None:
                report("SYM164", "index exists only in a task with each", "add each: … to the task")
            return pt.INTEGER
        return self._outside(reference, report)

    def _outside(self, reference: Reference, report: Report) -> PortType:
        root, name = reference.root, reference.name
        if root == "env":
            if name not in self.env:
                listed = ", ".join(sorted(self.env)) or "none"
                report("SYM163", f"the melody does not list the environment variable {name!r}",
                       f"add it under env: [{name}] (listed: {listed})")  # fmt: skip
            return pt.STRING
        if root == "run":
            if name not in RUN_FIELDS:
                report("SYM168", f"run has no field {name!r}", "it has id and started_at")
            return RUN_FIELDS.get(name, pt.ANY)
        if not name:
            report("SYM142", f"{root} alone is no value", f"write {root}.NAME")
        return pt.STRING

    def _item(self, reference: Reference, report: Report) -> PortType:
        if self.items is None:
            report("SYM164", "item exists only in a task with each", "add each: … to the task")
            return pt.ANY
        if "" in self.items:
            return step_through(self.items[""], reference.path, "item", report)
        if not reference.path:
            return PortType("map", (pt.ANY,), FrozenMap(self.items))
        first = str(reference.path[0])
        if first not in self.items:
            report("SYM162", f"item has no {first!r}", did_you_mean(first, self.items, what="lists"))
            return pt.ANY
        return step_through(self.items[first], reference.path[1:], f"item.{first}", report)

    def _task(self, reference: Reference, report: Report) -> PortType:
        name = reference.name
        types = self.tasks.get(name)
        if types is None:
            if (
                name
                and name not in self.broken
                and name.partition(".")[0] not in self.broken
                and name not in self.known_tasks
            ):
                report("SYM160", f"there is no task {name!r}", did_you_mean(name, self.known_tasks, what="tasks"))
            elif not name:
                report("SYM142", "tasks alone is no value", "write tasks.NAME")
            return pt.ANY
        port, path = split_port(types, reference.path)
        if port is not None:
            t = types.outputs.get(port)
            if t is None:
                report(
                    "SYM162",
                    f"the task {name!r} has no output {port!r}",
                    did_you_mean(port, types.outputs, what="outputs"),
                )
                return pt.ANY
            return step_through(pt.list_of(t) if types.listed else t, path, f"tasks.{name}.{port}", report)
        whole = types.whole()
        if whole is None:
            report("SYM166", f"the task {name!r} has several outputs: {', '.join(types.outputs)}",
                   f"say which one: tasks.{name}.{next(iter(types.outputs))}")  # fmt: skip
            return pt.ANY
        return step_through(whole, path, f"tasks.{name}", report)


def split_port(types: TaskTypes, path: tuple[str | int, ...]) -> tuple[str | None, tuple[str | int, ...]]:
    """Split a path behind a task into the output it names, if any, and what is left.

    ``out`` names the single output of a task, unless the value itself has a field of that name.
    """
    if not path or not isinstance(path[0], str):
        return None, path
    if types.several:
        return path[0], path[1:]
    if path[0] == "out" and "out" in types.outputs and (types.outputs["out"].fields or EMPTY).get("out") is None:
        return "out", path[1:]
    return None, path


def step_through(t: PortType, path: tuple[str | int, ...], where: str, report: Report) -> PortType:
    """Follow a field path through a type; `any` where the type tells no more, or after a problem was reported."""
    for step in path:
        if t == pt.ANY or t == pt.JSON or t.name == "union":
            return pt.ANY
        inner = _inside(t, step)
        if inner is None:
            fields = ", ".join(t.fields) if t.fields else ""
            shown = f"[{step}]" if isinstance(step, int) else f".{step}"
            report(
                "SYM162",
                f"{where} is {_article(t)}, which has no {'element' if isinstance(step, int) else 'field'} {step!r}",
                did_you_mean(str(step), t.fields or (), what="fields")
                if fields
                else f"{t} is taken whole, without {shown}",
            )
            return pt.ANY
        t, where = inner, f"{where}[{step}]" if isinstance(step, int) else f"{where}.{step}"
    return t


def _article(t: PortType) -> str:
    text = str(t)
    return f"an {text}" if text[0] in "aeiou" else f"a {text}"


def _inside(t: PortType, step: str | int) -> PortType | None:
    if t.fields is not None and isinstance(step, str):
        return t.fields.get(step)
    if t.name == "map":
        return t.value_type
    if isinstance(step, int):
        if t.name == "list":
            return t.inner()
        if t.name == "tuple":
            return t.inner(0 if t.args[-1:] == (...,) else step)
        return None
    return pt.ANY if t.is_class and t.fields is None else None
