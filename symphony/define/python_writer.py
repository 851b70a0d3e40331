"""Writes a melody as a Python file that, traced, gives the same melody."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from typing import Any

from symphony.model.expression import Expression
from symphony.model.melody import Melody
from symphony.model.param import Param
from symphony.model.task import Task

_TAKEN = frozenset({"call", "expr", "melody", "param", "shell", "submelody"})
_WIDTH = 100


def to_python(melody: Melody) -> str:
    """Write a melody as Python. `load` of the file gives an equal melody, hence the same plan."""
    writer = _Writer(melody)
    return writer.text()


class _Writer:
    def __init__(self, melody: Melody) -> None:
        self.melody = melody
        self.used: set[str] = {"melody"}
        self.variables: dict[str, str] = {}
        for name in melody.tasks:
            plain = name.isidentifier() and not keyword.iskeyword(name) and name not in _TAKEN and name not in melody.params
            self.variables[name] = name if plain else f"{name}_task"
        self.written: set[str] = set()

    def text(self) -> str:
        body = [self.task(name, task) for name, task in self.melody.tasks.items()]
        body.append(self.outputs())
        head = f"@melody({self.arguments(self.label(), '')})\ndef {self.function_name()}({self.params()}):\n"
        names = ", ".join(sorted(self.used))
        doc = f'"""The melody {self.melody.name}."""\n\n'
        return f"{doc}from symphony.define.tracing import {names}\n\n\n{head}{''.join(body)}"

    def function_name(self) -> str:
        name = self.melody.name
        return name if name.isidentifier() and not keyword.iskeyword(name) and name not in _TAKEN else "the_melody"

    def label(self) -> dict[str, str]:
        melody = self.melody
        fields: dict[str, Any] = {"name": melody.name, "version": melody.version, "description": melody.description}
        if melody.env:
            fields["env"] = tuple(melody.env)
        return {k: repr(v) for k, v in fields.items() if v}

    # parameters --------------------------------------------------------------------------------------------------

    def params(self) -> str:
        found = [f"{name}={self.param(param)}" for name, param in self.melody.params.items()]
        line = ", ".join(found)
        return line if len(line) < _WIDTH else "\n    " + ",\n    ".join(found) + ",\n"

    def param(self, param: Param) -> str:
        self.used.add("param")
        given = param.model_fields_set
        parts = [self.value(param.default)] if "default" in given else []
        for field in ("type", "description", "choices", "minimum", "maximum", "pattern", "secret", "required"):
            if field == "type" or field in given:
                parts.append(f"{field}={self.value(getattr(param, field))}")
        return f"param({', '.join(parts)})"

    # tasks -------------------------------------------------------------------------------------------------------

    def task(self, name: str, task: Task) -> str:
        kind, what = ("call", task.player) if task.player else ("shell", task.run) if task.run else ("submelody", task.melody)
        self.used.add(kind)
        fields: dict[str, str] = {}
        if task.inputs:
            fields["with_"] = self.value(task.inputs)
        if task.each is not None:
            fields["each"] = self.each(task)
        if task.when is not None:
            fields["when"] = self.value(task.when)
        if task.needs:
            fields["needs"] = repr(list(task.needs))
        if task.outputs:
            outputs = {n: o.path if o.type is None else {"path": o.path, "type": o.type} for n, o in task.outputs.items()}
            fields["outputs"] = repr(outputs)
        for policy in ("retry", "timeout", "isolation", "resources", "tokens", "priority", "cache", "description"):
            if policy in task.model_fields_set and getattr(task, policy) not in (None, ""):
                fields[policy] = repr(task.model_dump(mode="json", exclude_unset=True)[policy])
        variable = self.variables[name]
        ending = "" if variable == name else f".named({name!r})"
        call = f"{kind}({self.arguments(fields, repr(what))}){ending}"
        self.written.add(name)
        return f"    {variable} = {call}\n"

    def each(self, task: Task) -> str:
        assert task.each is not None
        if task.each.single:
            return self.value(task.each.over[""])
        lists = self.value(task.each.over)
        return f'{{"product": {lists}}}' if task.each.product else lists

    def arguments(self, fields: Mapping[str, str], first: str) -> str:
        parts = [*([first] if first else []), *(f"{k}={v}" for k, v in fields.items())]
        line = ", ".join(parts)
        if len(line) < _WIDTH and "\n" not in line:
            return line
        return "\n        " + ",\n        ".join(parts) + ",\n    " if first else line

    # values ------------------------------------------------------------------------------------------------------

    def value(self, value: Any) -> str:
        if isinstance(value, Expression):
            return self.expression(value)
        if isinstance(value, Mapping):
            return "{" + ", ".join(f"{k!r}: {self.value(v)}" for k, v in value.items()) + "}"
        if isinstance(value, (tuple, list)):
            return "[" + ", ".join(self.value(v) for v in value) + "]"
        if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
            return f"float({str(value)!r})"
        return repr(value)

    def expression(self, value: Expression) -> str:
        """A reference to what stands above by its variable, everything else as the text of the expression."""
        bare = value.bare
        if bare is not None and not bare.path:
            if bare.root == "params" and bare.name in self.melody.params:
                return bare.name
            if bare.root == "tasks" and bare.name in self.written:
                return self.variables[bare.name]
        self.used.add("expr")
        return f"expr({value.text!r})"

    def outputs(self) -> str:
        if not self.melody.outputs:
            return "" if self.melody.tasks else "    pass\n"
        pairs = [f"{name!r}: {self.value(value)}" for name, value in self.melody.outputs.items()]
        line = "    return {" + ", ".join(pairs) + "}\n"
        return line if len(line) < _WIDTH else "    return {\n        " + ",\n        ".join(pairs) + ",\n    }\n"
