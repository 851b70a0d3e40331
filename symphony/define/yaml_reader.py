"""Reads a melody from YAML. Every problem is found in one go, each with its place; nothing of the file runs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from symphony.define.yaml_locate import YamlPlaces
from symphony.define.yaml_nodes import collector_paused, compose
from symphony.define.yaml_plain import PlainData, Refused
from symphony.define.yaml_problems import Problems
from symphony.define.yaml_shapes import WRONG, Shapes
from symphony.define.yaml_task import TaskReader
from symphony.define.yaml_text import decode
from symphony.model.diagnostic import Diagnostic
from symphony.model.frozen import FrozenMap
from symphony.model.melody import Melody
from symphony.model.names import problem_with_melody_name, problem_with_version
from symphony.model.param import Param
from symphony.model.policy import OnFailure
from symphony.model.source import Path, Span

KEYS = ("melody", "version", "description", "params", "env", "on_failure", "tasks", "outputs")
UNNAMED = "unnamed"
"""Stands in for a name that cannot be read, so that the rest of the melody can still be checked."""

_FOREIGN = {
    "name": "melody", "workflow": "melody", "steps": "tasks", "jobs": "tasks", "nodes": "tasks", "parameters": "params",
    "inputs": "params", "environment": "env", "results": "outputs", "desc": "description",
    "fail_fast": "on_failure", "fail-fast": "on_failure", "on_error": "on_failure",
}  # fmt: skip
_FAILURE_WORDS = {
    "fail_fast": "stop", "fail-fast": "stop", "fail": "stop", "abort": "stop", "cancel": "stop", "halt": "stop",
    "exit": "stop", "ignore": "continue", "keep_going": "continue", "keep-going": "continue", "go_on": "continue",
    "proceed": "continue",
}  # fmt: skip
"""Words of other tools for the values of on_failure."""
_FOREIGN_IN_PARAM = {
    "min": "minimum", "max": "maximum", "enum": "choices", "values": "choices", "regex": "pattern",
    "help": "description",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Draft:
    """What could be read.

    Attributes:
        melody: the melody without its broken tasks; None when nothing useful could be read.
        diagnostics: every problem, in the order of the file.
        broken: tasks that were left out: a reference to one of them is no problem of its own.
    """

    melody: Melody | None
    diagnostics: tuple[Diagnostic, ...]
    broken: frozenset[str]


def read_yaml(text: str | bytes, file: str) -> Draft:
    """Read a melody from the content of a YAML file. Raises nothing, whatever the content.

    Args:
        text: the content; bytes must be UTF-8.
        file: the path of the file as people know it, for messages.
    """
    problems = Problems(file)
    with collector_paused():
        melody, broken = _read(text, file, problems)
    return Draft(melody, problems.sorted(), frozenset(broken))


def _read(content: str | bytes, file: str, problems: Problems) -> tuple[Melody | None, set[str]]:
    text = decode(content, problems)
    root = None if text is None else compose(text, problems)
    if text is None or root is None:
        if not len(problems):
            problems.add("SYM111", "the file is empty", span=Span(1, 1, 1, 2), hint="a melody begins with melody: NAME")
        return None, set()
    try:
        data = PlainData(text, problems).of(root)
    except Refused:
        return None, set()
    problems.places = places = YamlPlaces(text, root)
    if not isinstance(data, dict):
        problems.add("SYM111", "a melody is a map of melody, params, tasks and outputs; this is something else",
                     hint="begin with melody: NAME")  # fmt: skip
        return None, set()
    reader = _MelodyReader(Shapes(problems, places))
    fields = reader.read(data)
    # Every field is checked by now; validating again would read text that holds a literal ${{ as an expression.
    melody = Melody.model_construct(**fields, source=places.source(file))
    places.forget_tree()
    return melody, reader.broken


class _MelodyReader:
    def __init__(self, shapes: Shapes) -> None:
        self.shapes, self.problems = shapes, shapes.problems
        self.broken: set[str] = set()

    def read(self, data: dict[str, Any]) -> dict[str, Any]:
        """The fields of the melody; what cannot be read is left out."""
        self.shapes.only_keys(data, KEYS, (), _FOREIGN)
        fields: dict[str, Any] = {"melody": self._name(data)}
        readers = {
            "version": self._version, "description": self._description, "params": self._params, "env": self._env,
            "on_failure": self._on_failure, "tasks": self._tasks, "outputs": self._outputs,
        }  # fmt: skip
        for key, read in readers.items():
            if key in data:
                value = read(data[key])
                if value is not WRONG:
                    fields[key] = value
                elif key == "tasks":
                    data = {**data, "outputs": {}}  # they would only refer to tasks that are not there
        return fields

    def _name(self, data: dict[str, Any]) -> str:
        if "melody" not in data:
            if not any(k in data for k in ("name", "workflow")):
                self.problems.add(
                    "SYM103", "the key 'melody' is missing: a melody has a name", hint="begin with melody: NAME"
                )
            return UNNAMED
        name = self.shapes.text("melody", "a name", data["melody"], ("melody",))
        problem = None if name is WRONG else problem_with_melody_name(name)
        if problem is not None:
            better = re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_")
            usable = better and better != name and problem_with_melody_name(better) is None
            self.problems.add("SYM112", problem, ("melody",), hint=f"write {better}" if usable else "")
        return UNNAMED if name is WRONG or problem else str(name)

    def _version(self, data: Any) -> Any:
        at: Path = ("version",)
        if isinstance(data, (int, float)) and not isinstance(data, bool):
            written = self.shapes.written(at)
            full = written if re.fullmatch(r"\d+(\.\d+)?", written) else "1.0"
            self.problems.add("SYM113", f"{written} is no version: a version is MAJOR.MINOR.PATCH", at,
                              hint=f"write {full}{'.0' * (2 - full.count('.'))}")  # fmt: skip
            return WRONG
        version = self.shapes.text("version", "MAJOR.MINOR.PATCH", data, at)
        problem = None if version is WRONG else problem_with_version(version)
        if problem is not None:
            better = version.strip().lstrip("vV")
            self.problems.add("SYM113", problem, at, hint="" if problem_with_version(better) else f"write {better}")
            return WRONG
        return version

    def _description(self, data: Any) -> Any:
        return data if isinstance(data, str) else self.shapes.text("description", "text", data, ("description",))

    def _env(self, data: Any) -> Any:
        names = self.shapes.texts("env", "names of environment variables", data, ("env",))
        if names is not WRONG:
            for i, name in enumerate(names):
                if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
                    self.problems.add("SYM112", f"{name!r} names no environment variable", ("env", i),
                                      hint="write the name alone, such as API_URL")  # fmt: skip
        return names

    def _on_failure(self, data: Any) -> Any:
        found = self.shapes.one_of("on_failure", data, ("on_failure",), OnFailure, _FAILURE_WORDS)
        return found if found is WRONG else OnFailure(found)

    # parameters --------------------------------------------------------------------------------------------------

    def _params(self, data: Any) -> Any:
        hint = "write params: {top: {type: integer}}"
        data = self.shapes.map("params", data, ("params",), hint, may_be_empty=True)
        if data is WRONG:
            return WRONG
        params = {}
        for name, inner in data.items():
            param = self._param(name, inner, ("params", name))
            if self.shapes.name("a parameter", name, ("params", name)):
                params[name] = param
        return FrozenMap(params)

    def _param(self, name: str, data: Any, at: Path) -> Param:
        """Read a parameter. One that cannot be read takes anything, so that its uses are no problems of their own."""
        if isinstance(data, str):  # short for {type: …}
            kind = self.shapes.type(f"the parameter {name!r}", data, at)
            return Param(type="any" if kind is WRONG else kind)
        if self.shapes.map(f"the parameter {name!r}", data, at, f"write {name}: {{type: string}}") is WRONG:
            return Param(type="any")
        shapes = self.shapes
        shapes.only_keys(data, Param.model_fields, at, _FOREIGN_IN_PARAM)
        readers: dict[str, Callable[[Any, Path], Any]] = {
            "type": lambda d, p: shapes.type("type", d, p),
            "default": lambda d, p: shapes.constant("default", d, p),
            "required": lambda d, p: shapes.flag("required", d, p),
            "description": lambda d, p: d if isinstance(d, str) else shapes.text("description", "text", d, p),
            "choices": self._choices,
            "minimum": lambda d, p: shapes.number("minimum", d, p),
            "maximum": lambda d, p: shapes.number("maximum", d, p),
            "pattern": lambda d, p: shapes.text("pattern", "a regular expression", d, p),
            "secret": lambda d, p: shapes.flag("secret", d, p),
        }
        found = {key: read(data[key], (*at, key)) for key, read in readers.items() if key in data}
        if any(v is WRONG for v in found.values()):
            return Param(type="any")
        return Param.model_construct(**found)

    def _choices(self, data: Any, at: Path) -> Any:
        if not isinstance(data, list):
            return self.shapes.wrong("choices", "a list of values", data, at)
        if not data:
            self.problems.add("SYM106", "choices takes a list of values, this one is empty", at, hint="remove the key")
            return WRONG
        return self.shapes.constant("choices", data, at)

    # tasks and outputs -------------------------------------------------------------------------------------------

    def _tasks(self, data: Any) -> Any:
        hint = "write tasks: with one entry per task, its name first"
        data = self.shapes.map("tasks", data, ("tasks",), hint, may_be_empty=True)
        if data is WRONG:
            return WRONG
        reader = TaskReader(self.shapes)
        tasks = {}
        for name, inner in data.items():
            self.problems.task = name
            task = reader.read(name, inner)
            if self.shapes.name("a task", name, ("tasks", name)) and task is not None:
                tasks[name] = task
            else:
                self.broken.add(name)
        self.problems.task = None
        return FrozenMap(tasks)

    def _outputs(self, data: Any) -> Any:
        hint = "write outputs: {report: ${{ tasks.page }}}"
        data = self.shapes.map("outputs", data, ("outputs",), hint, may_be_empty=True)
        if data is WRONG:
            return WRONG
        outputs = {}
        for name, inner in data.items():
            value = self.shapes.value(inner, ("outputs", name))
            if self.shapes.name("an output", name, ("outputs", name)) and value is not WRONG:
                outputs[name] = value
        return FrozenMap(outputs)
