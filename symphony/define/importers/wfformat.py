"""A WfFormat instance (WfCommons) as a melody: tasks as shell steps, parents as needs, files as outputs and inputs."""

from __future__ import annotations

import re
from typing import Any

from symphony.define.importers.new_names import NewNames, legal_melody
from symphony.define.importers.report import Imported, Report
from symphony.define.importers.shell_text import comment, folder_of, quoted, refusal, variable_wish
from symphony.define.importers.wfformat_document import Instance, Step, read_instance
from symphony.define.importers.wfformat_graph import Makers, parents_of
from symphony.define.yaml_task import CAPTURED
from symphony.model.diagnostic import Severity
from symphony.model.expression import Expression
from symphony.model.frozen import FrozenMap
from symphony.model.melody import Melody
from symphony.model.param import Param
from symphony.model.policy import Resources
from symphony.model.task import ShellOutput, Task

_NEW_NAMES = "tasks that got a legal name"
_NO_COMMAND = "tasks without a recorded command; their steps fail until a command is written"
_OUTSIDE = "files that do not lie in a work folder; tasks use them where they are, and no data flows"
_UNORDERED = "files that are made by a task which does not come before their reader; they became parameters"
_SEVERAL = "files that several tasks before their reader make; the last one listed is taken"
_FARTHER = "files that come from a task further up; the reader needs it, too"
_PARAMETERS = "files that no task makes became parameters of type path"
_USABLE = re.compile(r"(?!/)(?!.*\$\{\{)[^\x00-\x1f\x7f]*[^\x00-\x1f\x7f/]")
"""Paths that name a file in a work folder, and can stand in a script and a melody."""


def import_wfformat(data: dict[str, Any], report: Report, name: str) -> Imported:
    """Make a melody of an instance.

    Args:
        data: the document.
        report: where notes go.
        name: the melody's name where the instance has none.
    """
    instance = read_instance(data, report)
    parents = None if instance is None else parents_of(instance.steps, report)
    if instance is None or parents is None:
        return report.result(None)
    return report.result(_Writer(instance, parents, report).melody(name))


class _Writer:
    def __init__(self, instance: Instance, parents: dict[str, tuple[str, ...]], report: Report) -> None:
        self.instance, self.parents, self.report = instance, parents, report
        self.makers = Makers(instance.steps, parents)
        self.names, self.param_names = NewNames(), NewNames()
        self.params: dict[str, Param] = {}
        self.ports: dict[str, NewNames] = {step.id: NewNames(CAPTURED) for step in instance.steps}
        self.read: set[tuple[str, str]] = set()

    def melody(self, name: str) -> Melody:
        for step in self.instance.steps:  # names first, in the order of the file
            if self.names.of(step.id) != step.id:
                self.report.tally(Severity.NOTE, _NEW_NAMES, f"{step.id} -> {self.names.of(step.id)}", (*step.at, "id"))
        tasks = {self.names.of(step.id): self._task(step) for step in self.instance.steps}
        return Melody(
            melody=legal_melody(self.instance.name or name),
            description=self.instance.description,
            params=FrozenMap(self.params),
            tasks=FrozenMap(tasks),
            outputs=FrozenMap(self._results()),
        )

    def _task(self, step: Step) -> Task:
        inputs, staged, data_from = self._inputs(step)
        outputs = {self.ports[step.id].of(f): ShellOutput(path=f) for f in step.writes if self._inside(f, step)}
        return Task(
            run=self._script(step, staged),
            inputs=FrozenMap(inputs),
            needs=tuple(self.names.of(p) for p in self.parents[step.id] if p not in data_from),
            resources=_resources(step),
            priority=step.priority,
            outputs=FrozenMap(outputs),
            description=_description(step, self.names.of(step.id)),
        )

    def _inputs(self, step: Step) -> tuple[dict[str, Any], dict[str, str], set[str]]:
        """The inputs by name, their names by file, and the tasks that they come from."""
        names = NewNames()
        inputs: dict[str, Any] = {}
        staged: dict[str, str] = {}
        data_from: set[str] = set()
        for file in step.reads:
            if not self._inside(file, step):
                continue
            name = names.of(file, variable_wish(file, "file"))
            maker = self._maker(step, file)
            staged[file] = name
            if maker is None:
                inputs[name] = self._parameter(file, step)
            else:
                data_from.add(maker)
                self.read.add((maker, file))
                inputs[name] = Expression.reference("tasks", self.names.of(maker), (self.ports[maker].of(file),))
        return inputs, staged, data_from

    def _maker(self, step: Step, file: str) -> str | None:
        at = (*step.at, "inputFiles")
        found = self.makers.before(step.id, file)
        if not found:
            if set(self.makers.of(file)) - {step.id}:
                self.report.tally(Severity.WARNING, _UNORDERED, f"{file} of {step.id}", at)
            return None
        if len(found) > 1:
            self.report.tally(Severity.WARNING, _SEVERAL, f"{file} of {step.id}", at)
        if found[-1] not in self.parents[step.id]:
            self.report.tally(Severity.NOTE, _FARTHER, f"{file} of {step.id}", at)
        return found[-1]

    def _parameter(self, file: str, step: Step) -> Expression:
        name = self.param_names.of(file)
        if name not in self.params:
            self.params[name] = Param(type="path", default=file)
            self.report.tally(Severity.NOTE, _PARAMETERS, file, (*step.at, "inputFiles", step.reads.index(file)))
        return Expression.reference("params", name)

    def _inside(self, file: str, step: Step) -> bool:
        inside = _USABLE.fullmatch(file) is not None and not {"..", "."} & set(file.split("/"))
        if not inside:
            self.report.tally(Severity.WARNING, _OUTSIDE, f"{file} of {step.id}", step.at)
        return inside

    def _script(self, step: Step, staged: dict[str, str]) -> str:
        writes = [file for file in step.writes if file in staged or folder_of(file)]
        folders = dict.fromkeys(folder_of(file) for file in (*staged, *writes) if folder_of(file))
        lines = [f"mkdir -p -- {' '.join(quoted(folder) for folder in folders)}"] if folders else []
        for file, name in staged.items():
            if file in step.writes:  # it changes the file: what is kept of the one before must not change with it
                lines.append(f'cp -R -- "${name}" {quoted(file)} && chmod -R u+w -- {quoted(file)}')
            else:
                lines.append(f'ln -s -- "${name}" {quoted(file)}')
        if step.program is None:
            self.report.tally(Severity.WARNING, _NO_COMMAND, step.id, step.at)
            lines += [comment("Write the command here."), refusal(f"no command is recorded for {step.id}")]
        else:
            lines.append(" ".join(quoted(word) for word in (step.program, *step.arguments)))
        return "\n".join(lines) + "\n" if len(lines) > 1 else lines[0]

    def _results(self) -> dict[str, Expression]:
        """What the melody gives: the files that no task reads."""
        names = NewNames()
        return {
            names.of(f"{step.id}/{file}", file): Expression.reference(
                "tasks", self.names.of(step.id), (self.ports[step.id].of(file),)
            )
            for step in self.instance.steps
            for file in step.writes
            if (step.id, file) not in self.read and file in self.ports[step.id]
        }


def _resources(step: Step) -> Resources | None:
    cores = step.cores or 1.0
    if cores == 1.0 and not step.memory_bytes:
        return None  # what a task occupies anyway
    return Resources(cpus=cores, memory=step.memory_bytes or None)


def _description(step: Step, name: str) -> str:
    parts = [step.name if step.name != name else "", f"id {step.id}" if step.id not in (name, step.name) else ""]
    if step.runtime_s is not None:
        parts.append(f"recorded {step.runtime_s:g} s")
    return ", ".join(part for part in parts if part)
