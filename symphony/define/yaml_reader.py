"""Reads a melody from YAML: every value with its place, all problems at once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import ValidationError

from symphony.define.yaml_locate import YamlSource
from symphony.define.yaml_nodes import Document, YamlProblem, parse, scalar, span_of
from symphony.errors import ExpressionError
from symphony.model.diagnostic import Diagnostic
from symphony.model.frozen import FrozenMap
from symphony.model.melody import Melody
from symphony.model.names import did_you_mean, problem_with_identifier
from symphony.model.param import Param
from symphony.model.source import Path, Span
from symphony.model.task import Task
from symphony.model.template import OPEN, parse_text

MELODY_KEYS = ("melody", "version", "description", "params", "env", "tasks", "outputs")
TASK_KEYS = (
    "player", "run", "melody", "with", "each", "when", "needs", "retry", "timeout", "isolation", "resources", "tokens",
    "priority", "cache", "outputs", "description",
)  # fmt: skip
MELODY_TASK_KEYS = frozenset({"melody", "with", "each", "when", "needs", "description", "priority"})
PARAM_KEYS = tuple(Param.model_fields)
RESERVED_KEYS = frozenset({"container", "environment"})
_FORBIDDEN_INPUTS = re.compile(r"PATH|HOME|LD_.*|BASH_.*|PYTHON.*")


@dataclass(frozen=True, slots=True)
class Draft:
    """What could be read.

    Attributes:
        melody: the melody without its broken tasks; None when nothing useful could be read.
        diagnostics: every problem, in the order of the file.
        broken: the tasks that were left out.
    """

    melody: Melody | None
    diagnostics: tuple[Diagnostic, ...]
    broken: frozenset[str]


def read_yaml(text: str | bytes, file: str) -> Draft:
    """Read a melody. Nothing of the file is executed, and nothing but diagnostics comes of a broken one."""
    try:
        document = parse(text, file)
    except YamlProblem as problem:
        return Draft(None, (problem.diagnostic,), frozenset())
    return _Reader(document, file).read()


class _Reader:
    def __init__(self, document: Document, file: str) -> None:
        self.document, self.file = document, file
        self.found: list[Diagnostic] = list(document.repeated)
        self.source = YamlSource(document, file)
        self.broken: set[str] = set()

    def read(self) -> Draft:
        root = self.document.root
        if root is None or not isinstance(root, yaml.MappingNode):
            span = span_of(root) if root is not None else Span(1, 1, 1, 2)
            self.problem("SYM103", "a melody is a map with the keys melody and tasks", span)
            return self.draft(None)
        fields: dict[str, Any] = {}
        parts = {"params": self.params, "tasks": self.tasks, "outputs": self.outputs}
        for key, node in root.value:
            name = key.value
            if name not in MELODY_KEYS:
                self.unknown(name, key, MELODY_KEYS, "a melody")
            elif name in parts:
                fields[name] = parts[name](node)
            else:
                fields[name] = self.plain(node)
        if "melody" not in fields:
            hint = "begin with melody: my_melody"
            self.problem("SYM110", "the melody has no name", Span(1, 1, 1, 2), hint)
            fields["melody"] = "unnamed"
        return self.draft(self.validated(Melody, {**fields, "source": self.source.as_source()}, (), fallback=True))

    def draft(self, melody: Melody | None) -> Draft:
        ordered = tuple(sorted(self.found, key=Diagnostic.sort_key))
        return Draft(melody, ordered, frozenset(self.broken))

    # parts -------------------------------------------------------------------------------------------------------

    def params(self, node: Any) -> FrozenMap[str, Param]:
        found = {}
        for key, value in self.entries(node, "params"):
            name = key.value
            self.name(key, "parameter")
            if isinstance(value, yaml.ScalarNode) and isinstance(scalar(value), str):
                data: Any = {"type": scalar(value)}
            else:
                data = self.keyed(value, PARAM_KEYS, "a parameter", ("params", name))
            param = self.validated(Param, data, ("params", name)) if data is not None else None
            found[name] = param if param is not None else Param(type="any", required=False)
        return FrozenMap(found)

    def tasks(self, node: Any) -> FrozenMap[str, Task]:
        found = {}
        for key, value in self.entries(node, "tasks"):
            before = len(self.found)
            name = key.value
            self.name(key, "task")
            task = self.task(name, value)
            if task is None or len(self.found) > before:
                self.broken.add(name)
            else:
                found[name] = task
        return FrozenMap(found)

    def task(self, name: str, node: Any) -> Task | None:
        if not isinstance(node, yaml.MappingNode):
            self.problem("SYM111", f"the task {name!r} is no map", span_of(node), "write player: … below it")
            return None
        kinds = [k.value for k, _ in node.value]
        valid: Iterable[str] = TASK_KEYS
        if "melody" in kinds and "player" not in kinds and "run" not in kinds:
            valid = [k for k in TASK_KEYS if k in MELODY_TASK_KEYS]
        data: dict[str, Any] = {}
        for key, value in node.value:
            field = key.value
            if field in RESERVED_KEYS:
                self.problem("SYM112", f"{field!r} is reserved for isolated dependencies and not available yet", span_of(key))
            elif field not in valid:
                what = "a task that runs a melody" if field in TASK_KEYS else "a task"
                self.unknown(field, key, valid, what)
            else:
                data[field] = self.field(name, field, value)
        self.shell(name, data, node)
        return self.validated(Task, data, ("tasks", name))

    def field(self, name: str, field: str, node: Any) -> Any:
        path: Path = ("tasks", name, field)
        if field == "with":
            if not isinstance(node, yaml.MappingNode):
                self.problem("SYM111", "with is a map from input to value", span_of(node))
                return {}
            return {k.value: self.value(v, (*path, k.value)) for k, v in node.value if self.name(k, "input")}
        if field == "each":
            return self.each(node, path)
        if field in ("when",):
            return self.value(node, path)
        return self.plain(node)

    def each(self, node: Any, path: Path) -> Any:
        if not isinstance(node, yaml.MappingNode):
            return {"over": {"": self.value(node, path)}}
        keys = [k.value for k, _ in node.value]
        if keys == ["product"]:
            inner = node.value[0][1]
            if isinstance(inner, yaml.MappingNode):
                lists = {k.value: self.value(v, (*path, "product", k.value)) for k, v in inner.value if self.name(k, "list")}
                return {"over": lists, "product": True}
        if "product" in keys:
            span = next(span_of(k) for k, _ in node.value if k.value == "product")
            self.problem("SYM113", "product is no name for a zipped list", span, "product: {a: …, b: …} stands alone")
        return {"over": {k.value: self.value(v, (*path, k.value)) for k, v in node.value if self.name(k, "list")}}

    def shell(self, name: str, data: dict[str, Any], node: Any) -> None:
        script = data.get("run")
        if not isinstance(script, str):
            if "outputs" in data and "run" not in data:
                span = next(span_of(k) for k, _ in node.value if k.value == "outputs")
                self.problem("SYM114", "outputs belong to a shell step", span, "a player declares its outputs itself")
                data.pop("outputs")
            return
        places = {k.value: v for k, v in node.value}
        if OPEN in script:
            self.problem("SYM115", "a script holds no ${{ }}: values are never pasted into commands", span_of(places["run"]),
                         'give the value under with and write "$name"')  # fmt: skip
        for given in data.get("with") or {}:
            if _FORBIDDEN_INPUTS.fullmatch(given):
                self.problem("SYM116", f"an input of a shell step cannot be named {given!r}", self.source.key(("tasks", name, "with", given)),
                             "choose another name")  # fmt: skip
        outputs = data.get("outputs")
        for output, spec in outputs.items() if isinstance(outputs, dict) else ():
            path = spec.get("path") if isinstance(spec, dict) else spec
            if isinstance(path, str) and (path.startswith("/") or ".." in path.split("/")):
                self.problem("SYM117", f"the output {output!r} leaves the work folder: {path!r}",
                             self.source.place(("tasks", name, "outputs", output)), "write a path relative to the work folder")  # fmt: skip

    def outputs(self, node: Any) -> FrozenMap[str, Any]:
        return FrozenMap(
            {k.value: self.value(v, ("outputs", k.value)) for k, v in self.entries(node, "outputs") if self.name(k, "output")}
        )

    # values ------------------------------------------------------------------------------------------------------

    def entries(self, node: Any, what: str) -> list[tuple[Any, Any]]:
        if isinstance(node, yaml.MappingNode):
            return node.value  # type: ignore[no-any-return]
        if isinstance(node, yaml.ScalarNode) and scalar(node) is None:
            return []
        self.problem("SYM111", f"{what} is a map from name to value", span_of(node))
        return []

    def keyed(self, node: Any, keys: Iterable[str], what: str, path: Path) -> dict[str, Any] | None:
        if not isinstance(node, yaml.MappingNode):
            self.problem("SYM111", f"{what} is a map or a type", span_of(node), "write {type: string, default: …}")
            return None
        data = {}
        for key, value in node.value:
            if key.value not in keys:
                self.unknown(key.value, key, keys, what)
            else:
                data[key.value] = self.plain(value)
        return data

    def plain(self, node: Any) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return scalar(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(v) for v in node.value]
        return {k.value: self.plain(v) for k, v in node.value}

    def value(self, node: Any, path: Path) -> Any:
        if isinstance(node, yaml.ScalarNode):
            value = scalar(node)
            if isinstance(value, str) and OPEN in value:
                try:
                    return parse_text(value)
                except ExpressionError as error:
                    span = self.source.characters(node, error.offset, error.offset + error.length)
                    self.problem(error.code, str(error), span, error.hint)
                    return None
            return value
        if isinstance(node, yaml.SequenceNode):
            return tuple(self.value(v, (*path, i)) for i, v in enumerate(node.value))
        return FrozenMap({k.value: self.value(v, (*path, k.value)) for k, v in node.value})

    # problems ----------------------------------------------------------------------------------------------------

    def problem(self, code: str, message: str, span: Span | None, hint: str = "", task: str | None = None) -> None:
        self.found.append(Diagnostic(code, message, hint=hint, file=self.file, span=span, task=task))

    def unknown(self, name: str, key: Any, valid: Iterable[str], what: str) -> None:
        hint = did_you_mean(name, valid, what="keys", limit=20)
        if name == "<<":
            hint = "merge keys are no part of YAML 1.2: write the keys out"
        self.problem("SYM102", f"{what} has no key {name!r}", span_of(key), hint)

    def name(self, key: Any, what: str) -> bool:
        problem = problem_with_identifier(key.value)
        if problem:
            self.problem("SYM118", f"the {what} cannot have this name: {problem}", span_of(key))
        return problem is None

    def validated(self, model: Any, data: Any, path: Path, *, fallback: bool = False) -> Any:
        try:
            return model.model_validate(data)
        except ValidationError as error:
            for entry in error.errors():
                self.pydantic(entry, path)
        if not fallback:
            return None
        kept = {k: v for k, v in data.items() if k in ("params", "tasks", "outputs", "source")}
        try:
            return model.model_validate({"melody": "unnamed", **kept})
        except ValidationError:
            return None

    def pydantic(self, entry: Any, path: Path) -> None:
        where = tuple(p for p in entry["loc"] if not (isinstance(p, str) and ("[" in p or p in ("over", "function-after"))))
        message = entry["msg"].removeprefix("Value error, ")
        kind, field = entry["type"], where[-1] if where else (path[-1] if path else "")
        code = {"missing": "SYM110", "task_kind": "SYM119", "value_error": "SYM120", "enum": "SYM121"}.get(kind, "SYM122")
        if kind == "missing":
            message = f"{field!r} is missing"
        elif kind == "task_kind":
            message = message[0].lower() + message[1:]
        elif code == "SYM122":
            message = f"{field}: {_sentence(message)}"
        elif kind == "enum":
            message = f"{field}: {message[0].lower()}{message[1:]}"
        span = self.source.key(path) if kind == "task_kind" else self.source.place((*path, *where))
        self.problem(code, message, span)


def _sentence(message: str) -> str:
    """A library's message as a plain sentence."""
    plain = message.replace("Input should be a valid ", "expected a ").replace("Input should be ", "expected a value ")
    return plain.replace("dictionary", "map").replace("boolean", "true or false").replace("tuple", "list")
