"""Reads one task of a YAML melody."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from symphony.define.yaml_shapes import WRONG, Shapes
from symphony.model.blank import Blank
from symphony.model.expression import Expression
from symphony.model.frozen import EMPTY, FrozenMap
from symphony.model.policy import Backoff, Isolation, Resources, Retry
from symphony.model.source import Path
from symphony.model.task import Each, ShellOutput, Task

KINDS = ("player", "run", "melody")
COMMON = ("with", "each", "when", "needs", "description", "priority")
POLICIES = ("retry", "timeout", "isolation", "resources", "tokens", "cache")
KEYS_OF_KIND = {
    "player": ("player", *COMMON, *POLICIES),
    "run": ("run", *COMMON, *POLICIES, "outputs"),
    "melody": ("melody", *COMMON),
}
ALL_KEYS = (*KINDS, *COMMON, *POLICIES, "outputs")
RESERVED = ("container", "environment")
PRODUCT = "product"
CAPTURED = ("stdout", "stderr")
"""Outputs that every shell step has."""
SHELL_NAMES = re.compile(r"PATH|HOME|LD_.*|BASH_.*|PYTHON.*")
"""Environment variables that decide how a shell works, and so name no input of a shell step."""

_TASK_REFERENCE = re.compile(r"\s*\$\{\{\s*tasks\.(\w+)\s*\}\}\s*")
_FOREIGN = {
    "script": "run", "command": "run", "cmd": "run", "bash": "run", "shell": "run", "uses": "player", "task": "player",
    "action": "player", "function": "player", "call": "player", "inputs": "with", "args": "with", "arguments": "with",
    "params": "with", "parameters": "with", "env": "with", "depends_on": "needs", "depends": "needs", "after": "needs",
    "dependencies": "needs", "if": "when", "condition": "when", "foreach": "each", "for_each": "each", "loop": "each",
    "matrix": "each", "map": "each", "retries": "retry", "artifacts": "outputs", "desc": "description",
}  # fmt: skip
_IN_RESOURCES = ("cpus", "memory", "gpus")
_BLANK = Blank(Task)


class TaskReader:
    """Reads tasks. What can be read in spite of a problem is kept, so that the compiler can find more."""

    def __init__(self, shapes: Shapes) -> None:
        self.shapes, self.problems = shapes, shapes.problems
        self._readers: dict[str, Callable[[Any, Path], Any]] = {
            "each": self._each, "when": self._when, "needs": self._needs, "retry": self._retry,
            "timeout": self._timeout, "isolation": self._isolation, "resources": self._resources,
            "tokens": self._tokens, "priority": self._priority, "cache": self._cache, "description": self._description,
        }  # fmt: skip

    def read(self, name: str, data: Any) -> Task | None:
        """Read a task; None when too little of it makes sense for the compiler to go on with it."""
        at: Path = ("tasks", name)
        if self.shapes.map(f"the task {name!r}", data, at, "write what it does: player, run or melody") is WRONG:
            return None
        kind = self._kind(name, data, at)
        if kind is None:
            for other in KINDS:
                self._work(other, data, at)
            self._fields(data, at, "run")
            return None
        work = self._work(kind, data, at)
        inputs = self._inputs(kind, data, at)
        fields, whole = self._fields(data, at, kind)
        if not whole or work is WRONG or inputs is WRONG:
            return None
        # Every field is checked by now; validating again would read text that holds a literal ${{ as an expression.
        return _BLANK.filled({kind: work, "inputs": inputs, **fields})

    # what it does ------------------------------------------------------------------------------------------------

    def _kind(self, name: str, data: dict[str, Any], at: Path) -> str | None:
        found = [k for k in KINDS if k in data]
        known = (*ALL_KEYS, *RESERVED)
        meant = self._unknown_keys(data, at) if not data.keys() <= set(known) else []
        for key in RESERVED:
            if key in data:
                self.problems.add(
                    "SYM122", f"{key!r} is reserved for isolated dependencies, which this version does not offer",
                    (*at, key), key=True, hint="remove it, and install what the task needs beside Symphony",
                )  # fmt: skip
        if len(found) == 1:
            self._keys_fit(found[0], data, at)
            return found[0]
        if not found and any(m in KINDS for m in meant):
            return None  # the misspelt key is noted already
        has = f"this one has {' and '.join(found)}" if found else "this one has none of them"
        self.problems.add(
            "SYM120", f"a task has exactly one of player, run and melody; {has}", at, key=True,
            hint="split it into two tasks" if found else "add player: NAME, or run: with a script",
        )  # fmt: skip
        return None

    def _unknown_keys(self, data: dict[str, Any], at: Path) -> list[str]:
        rest = {k: v for k, v in data.items() if k not in RESERVED}
        for key in _IN_RESOURCES:
            if key in rest:
                rest.pop(key)
                self.problems.add("SYM102", f"the key {key!r} is unknown here", (*at, key), key=True,
                                  hint=f"write resources: {{{key}: …}}")  # fmt: skip
        return self.shapes.only_keys(rest, ALL_KEYS, at, _FOREIGN)

    def _keys_fit(self, kind: str, data: dict[str, Any], at: Path) -> None:
        allowed = KEYS_OF_KIND[kind]
        for key in data:
            if key in allowed or key not in ALL_KEYS:
                continue
            hint = f"a melody task takes {', '.join(COMMON)}; set {key} on the tasks inside it"
            if key == "outputs":
                hint = "its outputs follow from its code" if kind == "player" else "a melody states its own outputs"
            self.problems.add("SYM121", f"{key!r} does not go with {kind!r}", (*at, key), key=True, hint=hint)

    def _work(self, kind: str, data: dict[str, Any], at: Path) -> Any:
        if kind not in data:
            return None
        wanted = {"player": "the name of a player", "run": "a script", "melody": "the path of a melody file"}[kind]
        work = self.shapes.text(kind, wanted, data[kind], (*at, kind), plain=kind != "run")
        if kind == "run" and work is not WRONG and "${{" in work:
            start = work.index("${{")
            end = work.find("}}", start) + 2 if "}}" in work[start:] else start + 3
            self.problems.add(
                "SYM123", "a script holds no expressions: its inputs arrive as environment variables", (*at, kind),
                span=self.shapes.places.characters((*at, kind), start, end),
                hint='write with: {name: "${{ … }}"} and use "$name" in the script',
            )  # fmt: skip
        return work

    def _inputs(self, kind: str, data: dict[str, Any], at: Path) -> Any:
        if "with" not in data:
            return EMPTY
        given = self.shapes.map("with", data["with"], (*at, "with"), may_be_empty=True)
        if given is WRONG:
            return WRONG
        inputs = {}
        whole = True
        for name, inner in given.items():
            path = (*at, "with", name)
            value = self.shapes.value(inner, path)
            legal = self.shapes.name("an input", name, path)
            if kind == "run" and SHELL_NAMES.fullmatch(name):
                self.problems.add(
                    "SYM125", f"an input of a shell step cannot be named {name}: it would change how the shell works",
                    path, key=True, hint=f"write input_{name.lower()}, and use it in the script",
                )  # fmt: skip
            elif legal and value is not WRONG:
                inputs[name] = value
            whole = whole and value is not WRONG
        return FrozenMap(inputs) if whole else WRONG

    # how it does it ----------------------------------------------------------------------------------------------

    def _fields(self, data: dict[str, Any], at: Path, kind: str) -> tuple[dict[str, Any], bool]:
        """The other keys, and whether those that change what is done could be read."""
        fields: dict[str, Any] = {}
        whole = True
        for key, read in self._readers.items():
            if key not in data:
                continue
            value = read(data[key], (*at, key))
            if value is WRONG:
                whole = whole and key not in ("each", "when", "needs")
            elif key in KEYS_OF_KIND[kind]:
                fields[key] = value
        if "outputs" in data and kind == "run":
            outputs = self._outputs(data["outputs"], (*at, "outputs"))
            whole = whole and outputs is not WRONG
            fields["outputs"] = outputs
        return fields, whole

    def _when(self, data: Any, at: Path) -> Any:
        if isinstance(data, bool):
            return data
        value = self.shapes.sole_expression(data, at) if isinstance(data, str) else None
        if value is WRONG or isinstance(value, (Expression, bool)):
            return value
        bare = isinstance(data, str) and data.strip() and "${{" not in data
        hint = f"write ${{{{ {data.strip()} }}}}" if bare else "write ${{ size(tasks.rows) > 0 }}, for example"
        self.problems.add("SYM126", "when takes one expression in ${{ }}, or true or false", at, hint=hint)
        return WRONG

    def _each(self, data: Any, at: Path) -> Any:
        if not isinstance(data, dict):
            value = self._list("each", data, at)
            return WRONG if value is WRONG else Each.model_construct(over=FrozenMap({"": value}), product=False)
        crossed = PRODUCT in data
        if crossed and (len(data) > 1 or not isinstance(data[PRODUCT], dict)):
            self.problems.add("SYM127", "product crosses a map of lists and stands alone", (*at, PRODUCT), key=True,
                              hint="write each: {product: {a: …, b: …}}; no list can be named product")  # fmt: skip
            return WRONG
        lists, path = (data[PRODUCT], (*at, PRODUCT)) if crossed else (data, at)
        if not lists:
            self.problems.add("SYM127", "each names no list", path, hint="write each: ${{ tasks.rows }}")
            return WRONG
        over = {}
        for name, inner in lists.items():
            legal = self.shapes.name("a list of each", name, (*path, name))
            value = self._list(f"the list {name!r} of each", inner, (*path, name))
            over[name] = value if legal else WRONG
        if any(v is WRONG for v in over.values()):
            return WRONG
        return Each.model_construct(over=FrozenMap(over), product=crossed)

    def _list(self, what: str, data: Any, at: Path) -> Any:
        if isinstance(data, list):
            return self.shapes.value(data, at)
        value = self.shapes.sole_expression(data, at) if isinstance(data, str) else None
        if value is WRONG or isinstance(value, Expression):
            return value
        self.problems.add("SYM127", f"{what} takes a list, or one expression in ${{{{ }}}} that gives a list", at,
                          hint="write ${{ tasks.rows }}, or [1, 2, 3]")  # fmt: skip
        return WRONG

    def _needs(self, data: Any, at: Path) -> Any:
        if isinstance(data, list):
            for i, element in enumerate(data):
                match = _TASK_REFERENCE.fullmatch(element) if isinstance(element, str) else None
                if match:
                    message = "needs takes names of tasks, not expressions"
                    self.problems.add("SYM128", message, (*at, i), hint=f"write {match[1]}")
                    return WRONG
        return self.shapes.texts("needs", "names of tasks", data, at)

    def _retry(self, data: Any, at: Path) -> Any:
        if not isinstance(data, dict):
            attempts = self.shapes.whole("retry", data, at, least=1)
            return attempts if attempts is WRONG else Retry(attempts=attempts)
        self.shapes.only_keys(data, Retry.model_fields, at, dict.fromkeys(("max", "times", "retries"), "attempts"))
        shapes = self.shapes
        readers: dict[str, Callable[[Any, Path], Any]] = {
            "attempts": lambda d, p: shapes.whole("attempts", d, p, least=1),
            "backoff": lambda d, p: shapes.one_of("backoff", d, p, list(Backoff)),
            "jitter": lambda d, p: shapes.flag("jitter", d, p),
            "on": lambda d, p: shapes.texts("on", "names of exceptions", d, p),
            **{k: lambda d, p, k=k: shapes.duration(k, d, p) for k in ("delay", "max_delay", "max_time")},  # type: ignore[misc]
        }  # fmt: skip
        return Retry.model_validate(self._read(data, at, readers))

    def _resources(self, data: Any, at: Path) -> Any:
        if self.shapes.map("resources", data, at, "write resources: {cpus: 2, memory: 1GB}") is WRONG:
            return WRONG
        self.shapes.only_keys(data, _IN_RESOURCES, at, {"cpu": "cpus", "gpu": "gpus", "mem": "memory", "ram": "memory"})
        readers = {"cpus": self._cpus, "gpus": self._gpus, "memory": self._memory}
        return Resources.model_validate(self._read(data, at, readers))

    def _read(
        self, data: dict[str, Any], at: Path, readers: Mapping[str, Callable[[Any, Path], Any]]
    ) -> dict[str, Any]:
        found = {key: read(data[key], (*at, key)) for key, read in readers.items() if key in data}
        return {k: v for k, v in found.items() if v is not WRONG}

    def _cpus(self, data: Any, at: Path) -> Any:
        cpus = self.shapes.number("cpus", data, at)
        return cpus if cpus is WRONG else self.shapes.at_least("cpus", cpus, at, 0, more=True)

    def _gpus(self, data: Any, at: Path) -> Any:
        gpus = self.shapes.number("gpus", data, at)
        return gpus if gpus is WRONG else self.shapes.at_least("gpus", gpus, at, 0)

    def _memory(self, data: Any, at: Path) -> Any:
        return self.shapes.size("memory", data, at)

    def _tokens(self, data: Any, at: Path) -> Any:
        if self.shapes.map("tokens", data, at, "write tokens: {database: 1}") is WRONG:
            return WRONG
        found = {k: self.shapes.whole(f"the number of {k!r} tokens", d, (*at, k), least=1) for k, d in data.items()}
        return FrozenMap({k: v for k, v in found.items() if v is not WRONG})

    def _timeout(self, data: Any, at: Path) -> Any:
        return self.shapes.duration("timeout", data, at, positive=True)

    def _isolation(self, data: Any, at: Path) -> Any:
        found = self.shapes.one_of("isolation", data, at, list(Isolation))
        return found if found is WRONG else Isolation(found)

    def _cache(self, data: Any, at: Path) -> Any:
        return self.shapes.flag("cache", data, at)

    def _priority(self, data: Any, at: Path) -> Any:
        return self.shapes.whole("priority", data, at)

    def _description(self, data: Any, at: Path) -> Any:
        return data if isinstance(data, str) else self.shapes.text("description", "text", data, at)

    # files of a shell step ---------------------------------------------------------------------------------------

    def _outputs(self, data: Any, at: Path) -> Any:
        data = self.shapes.map("outputs", data, at, "write outputs: {log: out.txt}", may_be_empty=True)
        if data is WRONG:
            return WRONG
        outputs = {}
        for name, inner in data.items():
            legal = self.shapes.name("an output", name, (*at, name))
            if name in CAPTURED:
                self.problems.add("SYM112", f"every shell step has an output {name!r} already", (*at, name), key=True,
                                  hint="give the file another name")  # fmt: skip
            output = self._output(name, inner, (*at, name))
            outputs[name] = output if legal and name not in CAPTURED else WRONG
        return WRONG if any(o is WRONG for o in outputs.values()) else FrozenMap(outputs)

    def _output(self, name: str, data: Any, at: Path) -> Any:
        if not isinstance(data, dict):
            path = self._output_path(name, data, at)
            return path if path is WRONG else ShellOutput(path=path)
        self.shapes.only_keys(data, ("path", "type"), at, {"file": "path"})
        if "path" not in data:
            self.problems.add("SYM103", f"the output {name!r} has no path", at, key=True, hint="add path: FILE")
            return WRONG
        path = self._output_path(name, data["path"], (*at, "path"))
        kind = self.shapes.type("type", data["type"], (*at, "type")) if "type" in data else None
        return WRONG if path is WRONG else ShellOutput(path=path, type=None if kind is WRONG else kind)

    def _output_path(self, name: str, data: Any, at: Path) -> Any:
        path = self.shapes.text(f"the output {name!r}", "the path of a file", data, at)
        if path is WRONG:
            return WRONG
        if path.startswith("/") or ".." in path.split("/"):
            self.problems.add("SYM124", f"the output {name!r} lies outside the work folder: {path}", at,
                              hint="write a path relative to the work folder, without ..")  # fmt: skip
            return WRONG
        return path
