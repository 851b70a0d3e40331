"""Writes a melody as a Python file which, traced, gives the same plan."""

from __future__ import annotations

import builtins
import heapq
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from symphony.define.python_names import PLAYERS, Imports, TaskNames
from symphony.define.python_text import WIDTH, ValueText, call_text, is_identifier, lines_of, literal, quoted
from symphony.define.yaml_document import task_document
from symphony.errors import MelodyError, PlayerDefinitionError
from symphony.model.expression import Expression
from symphony.model.melody import Melody
from symphony.model.param import Param
from symphony.model.policy import OnFailure
from symphony.model.port_type import PortType
from symphony.model.signature import Catalog
from symphony.model.task import Each, Task
from symphony.model.template import expressions_in

_ANNOTATIONS = {
    "string": "str", "integer": "int", "number": "float", "boolean": "bool", "bytes": "bytes", "null": "None",
}  # fmt: skip
_IMPORTED_ANNOTATIONS = {
    "path": "Path", "any": "Any", "datetime": "datetime", "date": "date", "time": "time", "duration": "timedelta",
    "decimal": "Decimal", "uuid": "UUID",
}  # fmt: skip
_CONTAINERS = {"list": "list", "set": "set", "tuple": "tuple", "map": "dict"}
_POLICIES = ("retry", "timeout", "isolation", "tokens", "priority", "cache")
_OPTIONS = frozenset({"path", "with_", "each", "when", "needs", "description", "priority"})
"""Keywords of `submelody` itself: a parameter of such a name is passed by ``with_``."""


def to_python(melody: Melody, signatures: Catalog | None = None) -> str:
    """Write a melody as the text of a Python file.

    Tracing the file gives the same plan hash. Comments are new, and white space of the description is made plain.

    Args:
        melody: the melody; sub-melodies are named by path, not written.
        signatures: tells where players are found; without it, players are imported by what their names say.

    Raises:
        MelodyError: a parameter has a name that Python reserves.
    """
    return _Writer(melody, signatures).text()


class _Writer:
    def __init__(self, melody: Melody, signatures: Catalog | None) -> None:
        self.melody, self.signatures = melody, signatures
        for name in melody.params:
            if not is_identifier(name):
                raise MelodyError(
                    f"the parameter {name!r} is a word of Python: rename it to write the melody in Python"
                )
        self.function = re.sub(r"\W", "_", melody.name)
        self.function = self.function if is_identifier(self.function) else f"{self.function}_"
        self.names = TaskNames([*melody.params, self.function, "float"])
        self.all_variables = {t: self.names.variable(t, usable=is_identifier(t)) for t in melody.tasks}
        self.imports = Imports([*melody.params, self.function, *self.all_variables.values()])
        self.variables: dict[str, str] = {}
        self.values = ValueText(melody.params, self.variables, self.imports.use)

    def text(self) -> str:
        head = self._head()
        body = [f"    {line}" for line in self._docstring()]
        for name in _in_order(self.melody.tasks):
            body += self._task(name, self.melody.tasks[name])
            self.variables[name] = self.all_variables[name]
        body += self._return()
        imports = "\n".join(self.imports.lines())
        return (
            f"from __future__ import annotations\n\n{imports}\n\n" + "\n".join([*head, *(body or ["    pass"])]) + "\n"
        )

    # the function ------------------------------------------------------------------------------------------------

    def _head(self) -> list[str]:
        melody = self.melody
        options = []
        if melody.name != self.function:
            options.append(f"name={quoted(melody.name)}")
        if melody.version != "0.0.0":
            options.append(f"version={quoted(melody.version)}")
        if melody.description and not self._docstring():
            options.append(f"description={quoted(melody.description)}")
        if melody.env:
            options.append(f"env=({', '.join(map(quoted, melody.env))},)")
        if melody.on_failure is not OnFailure.CONTINUE:
            options.append(f"on_failure={quoted(melody.on_failure)}")
        decorator = "@" + self.imports.use("melody") + (f"({', '.join(options)})" if options else "")
        params = self._params()
        line = f"def {self.function}({', '.join(params)}) -> {self._result()}:"
        if len(line) <= WIDTH:
            return [decorator, line]
        return [decorator, f"def {self.function}(", *(f"    {p}," for p in params), f") -> {self._result()}:"]

    def _docstring(self) -> list[str]:
        text = self.melody.description
        plain = text == " ".join(text.split()) and "\\" not in text and '"' not in text and text.isprintable()
        return [f'"""{text}"""'] if text and plain and len(text) <= 110 else []

    def _result(self) -> str:
        outputs = self.melody.outputs
        if not outputs:
            return "None"
        return self.imports.use("Any") if list(outputs) == ["out"] else f"dict[str, {self.imports.use('Any')}]"

    def _return(self) -> list[str]:
        outputs = self.melody.outputs
        if not outputs:
            return []
        if list(outputs) == ["out"] and not isinstance(outputs["out"], Mapping) and outputs["out"] is not None:
            return [f"    return {self.values.of(outputs['out'])}"]
        line = f"    return {self.values.of(outputs)}"
        if len(line) <= WIDTH:
            return [line]
        return ["    return {", *(f"        {quoted(n)}: {self.values.of(v)}," for n, v in outputs.items()), "    }"]

    # parameters --------------------------------------------------------------------------------------------------

    def _params(self) -> list[str]:
        written: list[str] = []
        optional = False
        for name, param in self.melody.params.items():
            annotation = self._annotation(param.port_type)
            default = self._default(param, annotation)
            if default and not optional:
                optional = True
            elif not default and optional and "*" not in written:
                written.insert(0, "*")  # keywords may stand in any order, and the order of parameters is kept
            written.append(_param(name, annotation, default))
        return written

    def _annotation(self, port: PortType) -> str:
        """The annotation that gives a type, or an empty text when only its name does."""
        if port.name in _ANNOTATIONS:
            return _ANNOTATIONS[port.name]
        if port.name in _IMPORTED_ANNOTATIONS:
            return self.imports.use(_IMPORTED_ANNOTATIONS[port.name])
        if port.name == "union":
            members = [self._annotation(member) for member in port.members]
            return " | ".join(members) if all(members) else ""
        if port.name not in _CONTAINERS or not port.args:
            return ""
        args = ["..." if a is ... else self._annotation(a) for a in port.args if a is ... or isinstance(a, PortType)]
        if port.name == "map" and len(args) == 1:
            args.insert(0, "str")
        return f"{_CONTAINERS[port.name]}[{', '.join(args)}]" if all(args) else ""

    def _default(self, param: Param, annotation: str) -> str:
        fields = []
        if not annotation and param.type != "json":
            fields.append(f"type={quoted(param.type)}")
        for name in ("description", "minimum", "maximum", "pattern"):
            if getattr(param, name) not in (None, ""):
                fields.append(f"{name}={literal(getattr(param, name))}")
        if param.choices is not None:
            fields.append(f"choices={literal(param.choices)}")
        if param.required is not None:
            fields.append(f"required={param.required}")
        if param.secret:
            fields.append("secret=True")
        if "default" not in param.model_fields_set and param.default is None:
            return f"{self.imports.use('param')}({', '.join(fields)})" if fields else ""
        default = self._plain_default(param)
        if (
            fields
            or isinstance(param.default, (Mapping, tuple))
            or (param.default is None and "None" not in annotation)
        ):
            return f"{self.imports.use('param')}({', '.join([default, *fields])})"
        return default

    def _plain_default(self, param: Param) -> str:
        value = param.default
        if param.type == "path" and isinstance(value, str) and PurePosixPath(value).as_posix() == value:
            return f"{self.imports.use('Path')}({quoted(value)})"
        return self.values.of(value)

    # tasks -------------------------------------------------------------------------------------------------------

    def _task(self, name: str, task: Task) -> list[str]:
        variable = self.all_variables[name]
        called = self._called(task)
        chain = self._chain(name, variable, task)
        line = f"    {variable} = {called}" + "".join(call_text(method, given, -WIDTH) for method, given in chain)
        if not chain or (len(line) <= WIDTH and "\n" not in line):
            return line.split("\n")
        if len(chain) == 1:
            method, given = chain[0]
            return f"    {variable} = {call_text(called + method, given, 4)}".split("\n")
        inner = called.replace("\n", "\n    ")
        parts = "\n".join("        " + call_text(method, given, 8) for method, given in chain)
        return [f"    {variable} = (", *f"        {inner}".split("\n"), *parts.split("\n"), "    )"]

    def _called(self, task: Task) -> str:
        if task.player is not None:
            return self._player(task.player, task)
        inputs = {name: self.values.of(value) for name, value in task.inputs.items()}
        extra = [] if task.each is None else [f"each={self._each(task.each)}"]
        if task.run is not None:
            script: str | list[str] = quoted(task.run)
            if "\n" in task.run:
                script = lines_of(task.run)
            outputs = task_document(task).get("outputs")
            given = [*self._with(inputs), *([f"outputs={literal(outputs)}"] if outputs else []), *extra]
            return call_text(self.imports.use("shell"), [script, *given], 4)
        plain = all(is_identifier(n) and n not in _OPTIONS for n in inputs)
        given = [f"{n}={v}" for n, v in inputs.items()] if plain else self._with(inputs)
        return call_text(self.imports.use("submelody"), [quoted(task.melody or ""), *given, *extra], 4)

    def _with(self, inputs: Mapping[str, str]) -> list[str]:
        if not inputs:
            return []
        return ["with_={" + ", ".join(f"{quoted(n)}: {v}" for n, v in inputs.items()) + "}"]

    def _player(self, player: str, task: Task) -> str:
        function = self._function(player)
        arguments = self._arguments(task) if function else None
        if function and arguments is not None:
            return call_text(function, arguments, 4)
        inputs = {name: self.values.of(value) for name, value in task.inputs.items()}
        extra = [] if task.each is None else [f"each={self._each(task.each)}"]
        return call_text(self.imports.use("call"), [function or quoted(player), *self._with(inputs), *extra], 4)

    def _function(self, player: str) -> str:
        """The function as the file calls it, imported; an empty text when it can only be named."""
        module, qualname = self._home(player)
        if not module or not all(is_identifier(part) for part in module.split(".")) or not is_identifier(qualname):
            return ""
        package, _, last = module.rpartition(".")
        if package == PLAYERS:
            return f"{self.imports.use(last, PLAYERS)}.{qualname}"
        return self.imports.use(qualname, module)

    def _home(self, player: str) -> tuple[str, str]:
        """The module and function of a player; empty where they cannot be told."""
        try:
            found = self.signatures.find(player) if self.signatures is not None else None
        except PlayerDefinitionError:
            found = None
        if found is not None:
            return found.module, found.qualname
        module, colon, qualname = player.partition(":")
        if colon:
            return module, qualname
        family, dot, function = player.partition(".")
        if not dot or function in dir(builtins):  # such a player's function may have another name than the player
            return "", ""
        return f"{PLAYERS}.{family}", function

    def _arguments(self, task: Task) -> list[str] | None:
        """The arguments of a call, lists of `each` marked where they are passed; None when that cannot say it."""
        if not all(is_identifier(n) and n != "self" for n in task.inputs):
            return None
        each = task.each
        if each is None:
            return [self._argument(n, v) for n, v in task.inputs.items()]
        if each.single:
            marked = next((n for n, v in task.inputs.items() if isinstance(v, Expression) and v.text == "item"), None)
            if marked is None:
                return None
            source = each.over[""]
            return [
                f"{n}={self._marked(source)}" if n == marked else self._argument(n, v) for n, v in task.inputs.items()
            ]
        return self._several(task, each)

    def _argument(self, name: str, value: Any) -> str:
        return f"{name}={self.values.of(value)}"

    def _several(self, task: Task, each: Each) -> list[str] | None:
        inputs, lists = list(task.inputs), list(each.over)
        own = all(isinstance(v := task.inputs.get(n), Expression) and v.text == f"item.{n}" for n in lists)
        if not own or [n for n in inputs if n in each.over] != lists or (len(lists) == 1 and not each.product):
            return None
        if not each.product:
            return [
                f"{n}={self._marked(each.over[n])}" if n in each.over else self._argument(n, v)
                for n, v in task.inputs.items()
            ]
        first = inputs.index(lists[0])
        if inputs[first : first + len(lists)] != lists:
            return None
        crossed = call_text(self.imports.use("product"), [self._argument(n, each.over[n]) for n in lists], 0)
        others = [self._argument(n, v) for n, v in task.inputs.items() if n not in each.over]
        return [*others[:first], f"**{crossed}", *others[first:]]

    def _marked(self, source: Any) -> str:
        return f"{self.imports.use('each')}({self.values.of(source)})"

    def _each(self, each: Each) -> str:
        """The lists of `each` as an argument of their own."""
        if each.single:
            return self.values.of(each.over[""])
        lists = self.values.of(each.over)
        if each.product:
            return f'{{"product": {lists}}}'
        return lists if "over" not in each.over else f'{{"over": {lists}, "product": False}}'

    def _chain(self, name: str, variable: str, task: Task) -> list[tuple[str, list[str]]]:
        """What is said about a task besides its call: methods of the reference with their arguments."""
        chain = []
        options = self._options(task)
        if options:
            chain.append((".options", options))
        if task.when is not None:
            chain.append((".when", [self.values.of(task.when)]))
        if task.needs:
            unknown = [n for n in task.needs if n not in self.variables]
            if unknown:
                raise MelodyError(
                    f"the task {name!r} needs {unknown[0]!r}, which is no task before it: mend the melody first"
                )
            chain.append((".after", [self.variables[n] for n in task.needs]))
        if self.names.needs_naming(name, variable):
            chain.append((".named", [quoted(name)]))
        if task.description:
            chain.append((".described", [quoted(task.description)]))
        return chain

    def _options(self, task: Task) -> list[str]:
        document = task_document(task)
        options = [f"{key}={literal(document[key])}" for key in _POLICIES if key in document]
        if task.resources is not None:
            resources = document["resources"]
            options += [f"{k}={literal(v)}" for k, v in resources.items()] or ["resources={}"]
        return options


def _param(name: str, annotation: str, default: str) -> str:
    if not annotation:
        return f"{name}={default}" if default else name
    return f"{name}: {annotation} = {default}" if default else f"{name}: {annotation}"


def _in_order(tasks: Mapping[str, Task]) -> list[str]:
    """The tasks so that each comes after those it refers to, ties in their own order; circles stay where they are."""
    position = {name: i for i, name in enumerate(tasks)}
    names = list(tasks)
    waits = [{position[d] for d in _references(t) if d in position} for t in tasks.values()]
    ready = [i for i, deps in enumerate(waits) if not deps]
    order: list[int] = []
    followers: dict[int, list[int]] = {}
    for i, deps in enumerate(waits):
        for d in deps:
            followers.setdefault(d, []).append(i)
    while ready:
        i = heapq.heappop(ready)
        order.append(i)
        for follower in followers.get(i, ()):
            waits[follower].discard(i)
            if not waits[follower]:
                heapq.heappush(ready, follower)
    return [names[i] for i in (*order, *(i for i in range(len(names)) if waits[i]))]


def _references(task: Task) -> set[str]:
    found = set(task.needs)
    each = task.each.over if task.each is not None else {}
    for value in (*task.inputs.values(), *each.values(), task.when):
        for _, expression in expressions_in(value):
            found.update(r.name for r in expression.references if r.root == "tasks")
    return found
