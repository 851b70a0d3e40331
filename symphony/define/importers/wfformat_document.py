"""Reads the parts of a WfFormat instance that a melody is made of; everything else is counted for the report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from symphony.define.importers.report import Report
from symphony.model.diagnostic import Severity
from symphony.model.source import Path

VERSIONS = ("1.4", "1.5", "1.6")
SPECIFICATION: Path = ("workflow", "specification", "tasks")
EXECUTION: Path = ("workflow", "execution", "tasks")
_FACTS = "recorded facts that a melody has no place for"
_TOP = ("name", "description", "schemaVersion", "workflow")
_TASK = ("id", "name", "parents", "children", "inputFiles", "outputFiles")
_CALL = ("id", "command", "runtimeInSeconds", "coreCount", "memoryInBytes", "priority")


@dataclass(frozen=True, slots=True)
class Step:
    """One task of an instance.

    Attributes:
        index: its place in the list of tasks.
        program: what was called; None where none is recorded.
        runtime_s: seconds that it took; None where none is recorded.
    """

    id: str
    name: str
    index: int
    parents: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    program: str | None = None
    arguments: tuple[str, ...] = ()
    runtime_s: float | None = None
    cores: float | None = None
    memory_bytes: int | None = None
    priority: int | None = None

    @property
    def at(self) -> Path:
        """Where it stands in the document."""
        return (*SPECIFICATION, self.index)


@dataclass(frozen=True, slots=True)
class Instance:
    """What an instance says."""

    name: str
    description: str
    steps: tuple[Step, ...] = field(default=())


def read_instance(data: dict[str, Any], report: Report) -> Instance | None:
    """Read an instance; None after noting the error that stops it."""
    version = str(data.get("schemaVersion", ""))
    tasks = _inside(data, SPECIFICATION)
    if not isinstance(tasks, list) or not tasks:
        old = " (before 1.4 tasks lay elsewhere: migrate the file first)" if "schemaVersion" in data else ""
        report.error(f"workflow.specification.tasks is no list with tasks{old}", SPECIFICATION)
        return None
    if version not in VERSIONS:
        report.warning(f"schemaVersion {version or 'is missing'}: known are {', '.join(VERSIONS)}", ("schemaVersion",))
    _count_facts(data, _TOP, (), report)
    _count_facts(data["workflow"], ("specification", "execution"), ("workflow",), report)
    _count_facts(data["workflow"]["specification"], ("tasks",), SPECIFICATION[:-1], report)
    calls = _calls(data, report)
    steps = [_step(task, i, calls, report) for i, task in enumerate(tasks)]
    _check_ids([s for s in steps if s is not None], calls, report)
    if report.failed:
        return None
    name = _text(data.get("name"), "")
    return Instance(name, _text(data.get("description"), ""), tuple(s for s in steps if s is not None))


def _calls(data: dict[str, Any], report: Report) -> dict[str, tuple[dict[str, Any], Path]]:
    """What is recorded of each task's execution, by its id."""
    execution = data["workflow"].get("execution")
    if execution is None:
        return {}
    if not isinstance(execution, dict) or not isinstance(execution.get("tasks", []), list):
        report.warning("workflow.execution is no map with a list of tasks", EXECUTION[:-1])
        return {}
    _count_facts(execution, ("tasks",), EXECUTION[:-1], report)
    found: dict[str, tuple[dict[str, Any], Path]] = {}
    for i, call in enumerate(execution.get("tasks", [])):
        at: Path = (*EXECUTION, i)
        if not isinstance(call, dict) or not isinstance(call.get("id"), str):
            report.warning("an executed task is a map with an id", at)
        elif call["id"] in found:
            report.warning(f"the execution of {call['id']!r} is recorded twice; the first counts", at)
        else:
            _count_facts(call, _CALL, at, report)
            found[call["id"]] = call, at
    return found


def _step(task: Any, index: int, calls: dict[str, tuple[dict[str, Any], Path]], report: Report) -> Step | None:
    at: Path = (*SPECIFICATION, index)
    if not isinstance(task, dict) or not isinstance(task.get("id"), str) or not task["id"]:
        report.error("a task is a map with an id", at)
        return None
    _count_facts(task, _TASK, at, report)
    lists = {key: _texts(task, key, at, report) for key in _TASK[2:]}
    call, where = calls.get(task["id"], ({}, at))
    program, arguments = _command(call.get("command"), (*where, "command"), report)
    return Step(
        id=task["id"],
        name=_text(task.get("name"), task["id"]),
        index=index,
        parents=lists["parents"],
        children=lists["children"],
        reads=lists["inputFiles"],
        writes=lists["outputFiles"],
        program=program,
        arguments=arguments,
        runtime_s=_number(call, "runtimeInSeconds", where, report),
        cores=_number(call, "coreCount", where, report),
        memory_bytes=_whole(_number(call, "memoryInBytes", where, report)),
        priority=_whole(_number(call, "priority", where, report, negative=True)),
    )


def _check_ids(steps: list[Step], calls: dict[str, tuple[dict[str, Any], Path]], report: Report) -> None:
    seen: set[str] = set()
    for step in steps:
        if step.id in seen:
            report.error(f"two tasks have the id {step.id!r}", (*step.at, "id"))
        seen.add(step.id)
    for id_, (_, at) in calls.items():
        if id_ not in seen:
            report.warning(f"the executed task {id_!r} is not specified; it is left out", at)


def _command(data: Any, at: Path, report: Report) -> tuple[str | None, tuple[str, ...]]:
    if data is None:
        return None, ()
    program = data.get("program") if isinstance(data, dict) else None
    if program is None and isinstance(data, dict):
        return None, ()
    arguments = data.get("arguments", []) if isinstance(data, dict) else None
    words = [program, *arguments] if isinstance(arguments, list) else [None]
    if not program or not all(isinstance(w, (str, int, float)) and "\0" not in str(w) for w in words):
        report.warning("a command is a map of program and arguments, a list of texts", at)
        return None, ()
    _count_facts(data, ("program", "arguments"), at, report)
    return str(program), tuple(str(w) for w in words[1:])


def _texts(data: dict[str, Any], key: str, at: Path, report: Report) -> tuple[str, ...]:
    """A list of texts, each once."""
    found = data.get(key) or []
    if not isinstance(found, list) or not all(isinstance(text, str) and "\0" not in text for text in found):
        report.warning(f"{key} is a list of texts; it is left out", (*at, key))
        return ()
    return tuple(dict.fromkeys(found))


def _number(data: dict[str, Any], key: str, at: Path, report: Report, *, negative: bool = False) -> float | None:
    found = data.get(key)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not (negative or 0 <= found < float("inf")):
        report.warning(f"{key} is a number, at least 0; it is left out", (*at, key))
        return None
    return found


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)


def _text(data: Any, otherwise: str) -> str:
    return data if isinstance(data, str) and data else otherwise


def _count_facts(data: dict[str, Any], known: tuple[str, ...], at: Path, report: Report) -> None:
    for key in data:
        if key not in known:
            shown = ".".join(step for step in (*at, key) if isinstance(step, str))
            report.tally(Severity.NOTE, _FACTS, shown, (*at, key))


def _inside(data: Any, path: Path) -> Any:
    for step in path:
        data = data.get(step) if isinstance(data, dict) else None
    return data
