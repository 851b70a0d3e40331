"""A workflow of GitHub Actions as a melody: jobs as tasks, their steps as one shell step, a matrix as `each`."""

from __future__ import annotations

from typing import Any

from symphony.define.importers.github_conditions import Conditions, needs_of
from symphony.define.importers.github_matrix import Matrix, matrix_of
from symphony.define.importers.github_params import Parameters, text_of
from symphony.define.importers.github_scope import Scope
from symphony.define.importers.github_steps import Defaults, StepWriter, defaults_of, environment
from symphony.define.importers.new_names import NewNames, legal_melody
from symphony.define.importers.report import Imported, Report
from symphony.define.importers.shell_text import comment, refusal
from symphony.model.diagnostic import Severity
from symphony.model.frozen import FrozenMap
from symphony.model.melody import Melody
from symphony.model.source import Path
from symphony.model.task import Task

_CALLED = ("workflow_dispatch", "workflow_call")
_UNUSED = "settings that only GitHub has a use for"
_LEFT_OUT = {
    "container": "containers are not imported: the task runs where its executor runs",
    "services": "services are not imported: start them before the run",
    "environment": "environments of GitHub are not imported: nobody is asked to approve",
    "concurrency": "concurrency is not imported: a run does not wait for another one",
    "continue-on-error": "continue-on-error of a job is not imported: a failed task fails the run",
    "outputs": "outputs of a job are not imported: declare files as outputs of the task, and read them in the next one",
    "with": "inputs for a reusable workflow are not imported",
    "secrets": "secrets for a reusable workflow are not imported",
}
_TOP = ("name", "on", "env", "defaults", "jobs")
_JOB = ("name", "needs", "if", "runs-on", "env", "defaults", "steps", "timeout-minutes", "strategy", "uses")
_SILENT = ("permissions", "run-name")


def import_github(data: dict[str, Any], report: Report, name: str) -> Imported:
    """Make a melody of a workflow.

    Args:
        data: the document.
        report: where notes go.
        name: the melody's name where the workflow has none.
    """
    jobs = data.get("jobs")
    if not isinstance(jobs, dict) or not jobs or not all(isinstance(job, dict) for job in jobs.values()):
        report.error("jobs is no map of jobs", ("jobs",))
        return report.result(None)
    needs = needs_of(jobs, report)
    if report.failed:
        return report.result(None)
    return report.result(_Workflow(data, needs, report).melody(name))


class _Workflow:
    def __init__(self, data: dict[str, Any], needs: dict[str, tuple[str, ...]], report: Report) -> None:
        self.data, self.needs, self.report = data, needs, report
        self.params = Parameters(report)
        self.defaults = defaults_of(data.get("defaults"), ("defaults",), Defaults(), report)
        names = NewNames()
        self.tasks = {job: names.of(job) for job in data["jobs"]}

    def melody(self, name: str) -> Melody:
        self._other_keys(self.data, _TOP, ())
        self._triggers(self.data.get("on"))
        for job, task in self.tasks.items():
            if job != task:
                self.report.note(f"the job {job!r} became the task {task}", ("jobs", job), key=True)
        conditions = Conditions(self.needs, self.tasks, self.params, self.report)
        when = {job: conditions.of(job, self.data["jobs"][job].get("if")) for job in conditions.in_order()}
        tasks = {self.tasks[job]: self._task(job, data, when[job]) for job, data in self.data["jobs"].items()}
        title = text_of(self.data.get("name"))
        return Melody(
            melody=legal_melody(title or name),
            description=title if legal_melody(title or name) != title else "",
            params=FrozenMap(self.params.params),
            tasks=FrozenMap(tasks),
        )

    def _triggers(self, data: Any) -> None:
        listed = data if isinstance(data, list) else [data]
        triggers = data.items() if isinstance(data, dict) else [(trigger, None) for trigger in listed]
        for trigger, options in triggers:
            at: Path = ("on", trigger) if isinstance(data, dict) else ("on",)
            if trigger in _CALLED and isinstance(options, dict):
                self.params.declare(options.get("inputs"), (*at, "inputs"))
                for key in options:
                    if key != "inputs":
                        self.report.warning(f"{key!r} of {trigger} is not imported", (*at, key), key=True)
            elif trigger is not None and trigger not in _CALLED:
                shown = text_of(trigger)
                self.report.note(f"{shown} starts nothing here: start the run from CI or cron", at, key=True)

    def _task(self, job: str, data: dict[str, Any], when: Any) -> Task:
        at: Path = ("jobs", job)
        self._other_keys(data, _JOB, at)
        self._runner(data.get("runs-on"), (*at, "runs-on"))
        matrix = self._matrix(job, data.get("strategy"), (*at, "strategy"))
        script, inputs = self._script(job, data, matrix, at)
        return Task(
            run=script,
            inputs=FrozenMap(inputs),
            each=matrix.each,
            when=when,
            needs=tuple(self.tasks[need] for need in self.needs[job]),
            timeout=self._timeout(data.get("timeout-minutes"), (*at, "timeout-minutes")),
            description=text_of(data.get("name")),
        )

    def _script(self, job: str, data: dict[str, Any], matrix: Matrix, at: Path) -> tuple[str, dict[str, Any]]:
        if "uses" in data:
            called = text_of(data["uses"])
            self.report.warning(f"{called} is not imported: the task fails until it is written", (*at, "uses"))
            return f"{comment(f'Not imported: uses {called}')}\n{refusal(f'the job {job} was not imported')}\n", {}
        env, places = environment(self.data.get("env"), ("env",), self.report)
        own, own_places = environment(data.get("env"), (*at, "env"), self.report)
        env, places = {**env, **own}, {**places, **own_places}
        scope = Scope(set(env), matrix, self.params, self.report)
        lead = scope.set_for_job(env, places)
        steps = data.get("steps")
        if not isinstance(steps, list):
            self.report.warning("steps is no list", (*at, "steps"))
            steps = []
        defaults = defaults_of(data.get("defaults"), (*at, "defaults"), self.defaults, self.report)
        writer = StepWriter(self.tasks[job], scope, defaults, self.report)
        return writer.script(steps, (*at, "steps"), lead), scope.inputs

    def _matrix(self, job: str, data: Any, at: Path) -> Matrix:
        if not isinstance(data, dict):
            if data is not None:
                self.report.warning("a strategy is a map; it is left out, the job runs once", at)
            return Matrix()
        for key in data:
            if key == "max-parallel":
                self.report.warning("max-parallel is not imported: limit it with tokens", (*at, key), key=True)
            elif key == "fail-fast" and data[key] is not False:
                self.report.note("the elements of each go on when one fails", (*at, key), key=True)
            elif key not in ("matrix", "fail-fast"):
                self.report.warning(f"the key {key!r} of a strategy is not understood", (*at, key), key=True)
        if "matrix" not in data:
            return Matrix()
        return matrix_of(data["matrix"], self.tasks[job], (*at, "matrix"), self.params, self.report)

    def _runner(self, data: Any, at: Path) -> None:
        shown = text_of(data) if not isinstance(data, (dict, list)) else " ".join(text_of(part) for part in data)
        if shown and not shown.startswith(("ubuntu", "${{")):
            self.report.warning(f"the runner {shown} is not chosen: the task runs where its executor runs", at)
        elif shown:
            self.report.tally(
                Severity.NOTE, "runners that are not chosen; tasks run where the executor runs", shown, at
            )

    def _timeout(self, data: Any, at: Path) -> float | None:
        if data is None:
            return None
        if isinstance(data, bool) or not isinstance(data, (int, float)) or not 0 < data < 1e9:
            self.report.warning("timeout-minutes is no number above 0; the task has no time limit", at)
            return None
        return data * 60

    def _other_keys(self, data: dict[str, Any], known: tuple[str, ...], at: Path) -> None:
        for key in data:
            if key in _SILENT:
                self.report.tally(Severity.NOTE, _UNUSED, ".".join((*map(str, at), key)), (*at, key))
            elif key in _LEFT_OUT and key not in known:
                self.report.warning(_LEFT_OUT[key], (*at, key), key=True)
            elif key not in known:
                self.report.warning(f"the key {key!r} is not understood", (*at, key), key=True)
