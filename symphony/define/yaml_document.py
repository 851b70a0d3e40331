"""A melody as the plain data of its YAML document: keys in the order of the schema, short forms where they exist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from symphony.define.yaml_emit import Small
from symphony.model.melody import Melody
from symphony.model.param import Param
from symphony.model.policy import OnFailure, Resources, Retry
from symphony.model.quantities import format_duration, format_size
from symphony.model.task import Each, ShellOutput, Task
from symphony.model.template import to_document

MELODY_ORDER = ("melody", "version", "description", "params", "env", "on_failure", "tasks", "outputs")
TASK_ORDER = (
    "player", "run", "melody", "with", "each", "when", "needs", "retry", "timeout", "isolation", "resources", "tokens",
    "priority", "cache", "outputs", "description",
)  # fmt: skip


def melody_document(melody: Melody) -> dict[str, Any]:
    """The document of a melody. What equals its default is left out."""
    document = {
        "melody": melody.melody,
        "version": melody.version if melody.version != "0.0.0" else None,
        "description": melody.description or None,
        "params": {n: _param(p) for n, p in melody.params.items()} or None,
        "env": list(melody.env) or None,
        "on_failure": str(melody.on_failure) if melody.on_failure is not OnFailure.CONTINUE else None,
        "tasks": {n: task_document(t) for n, t in melody.tasks.items()} or None,
        "outputs": {n: to_document(v) for n, v in melody.outputs.items()} or None,
    }
    return {key: value for key, value in document.items() if value is not None}


def task_document(task: Task) -> dict[str, Any]:
    """The document of a task."""
    document = {
        "player": task.player,
        "run": task.run,
        "melody": task.melody,
        "with": to_document(task.inputs) or None,
        "each": None if task.each is None else _each(task.each),
        "when": None if task.when is None else to_document(task.when),
        "needs": list(task.needs) or None,
        "retry": None if task.retry is None else _retry(task.retry),
        "timeout": None if task.timeout is None else format_duration(task.timeout),
        "isolation": None if task.isolation is None else str(task.isolation),
        "resources": None if task.resources is None else _resources(task.resources),
        "tokens": Small(task.tokens) or None,
        "priority": task.priority,
        "cache": task.cache,
        "outputs": _outputs(task) or None,
        "description": task.description or None,
    }
    return {key: value for key, value in document.items() if value is not None}


def _param(param: Param) -> dict[str, Any]:
    document = Small(type=param.type)
    if "default" in param.model_fields_set or param.default is not None:
        document["default"] = to_document(param.default)
    if param.required is not None:
        document["required"] = param.required
    for key in ("minimum", "maximum", "pattern"):
        if getattr(param, key) is not None:
            document[key] = getattr(param, key)
    if param.choices is not None:
        document["choices"] = to_document(param.choices)
    if param.secret:
        document["secret"] = True
    if param.description:
        document["description"] = param.description
    return document


def _each(each: Each) -> Any:
    if each.single:
        return to_document(each.over[""])
    lists = {name: to_document(value) for name, value in each.over.items()}
    return {"product": lists} if each.product else lists


def _retry(retry: Retry) -> Any:
    fields = Retry.model_fields.items()
    given = {name: getattr(retry, name) for name, field in fields if getattr(retry, name) != field.default}
    if not given.keys() - {"attempts"}:
        return retry.attempts
    document = Small(attempts=retry.attempts)
    for name, value in given.items():
        if name in ("delay", "max_delay", "max_time"):
            document[name] = format_duration(value)
        elif name != "attempts":
            document[name] = list(value) if name == "on" else (value if isinstance(value, bool) else str(value))
    return document


def _resources(resources: Resources) -> Mapping[str, Any]:
    document = Small()
    for name, field in Resources.model_fields.items():
        value = getattr(resources, name)
        if value != field.default:
            document[name] = format_size(value) if name == "memory" else _short(value)
    return document


def _short(number: float) -> float | int:
    return int(number) if number == int(number) else number


def _outputs(task: Task) -> dict[str, Any]:
    outputs = {name: _output(output) for name, output in task.outputs.items()}
    return Small(outputs) if all(isinstance(o, str) for o in outputs.values()) else outputs


def _output(output: ShellOutput) -> Any:
    return output.path if output.type is None else Small(path=output.path, type=output.type)
