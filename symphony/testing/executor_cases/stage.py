"""Where a case is played: a project of its own, a folder for marks, and runs whose events are judged."""

from __future__ import annotations

import fnmatch
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from symphony.bootstrap.asking import cancel
from symphony.bootstrap.checking import check
from symphony.bootstrap.stores import open_project_store
from symphony.config.project import Project
from symphony.errors import CompileError, UsageError
from symphony.model.event import Event
from symphony.model.plan import Plan
from symphony.runtime.result import RunResult
from symphony.store.store import Store
from symphony.testing.executor_cases.event_order import problems_of
from symphony.testing.executor_cases.marks import counted, marks, wait_until


def must(holds: object, message: str) -> None:
    """Fail the case unless something holds.

    Raises:
        AssertionError: it does not.
    """
    if not holds:
        raise AssertionError(message)


def must_equal(what: str, found: Any, wanted: Any) -> None:
    """Fail the case unless two values are equal, and of one type.

    Raises:
        AssertionError: they differ.
    """
    must(type(found) is type(wanted) and found == wanted, f"{what}: {found!r}, where {wanted!r} must be")


@dataclass(frozen=True, slots=True)
class Played:
    """One run of a case.

    Attributes:
        result: what `run` gave.
        events: what was told, in order; empty where nobody listened.
        plan: what was run.
    """

    result: RunResult
    events: tuple[Event, ...]
    plan: Plan

    @property
    def states(self) -> dict[str, str]:
        """Every task and element with its state."""
        return {path: str(task.state) for path, task in self.result.tasks.items()}

    def must_be(self, state: str, tasks: Mapping[str, str], notes: Mapping[str, str]) -> None:
        """Fail the case unless run and tasks have ended so."""
        errors = "; ".join(f"{f['task']}: {f['error'].get('message')}" for f in self.result.failures)
        must(str(self.result.state) == state, f"the run is {self.result.state}, and must be {state}. {errors}")
        states = self.states
        must_equal("how the tasks ended", {path: states.get(path) for path in tasks}, dict(tasks))
        must_equal("notes", {path: self.result.tasks[path].note for path in notes}, dict(notes))

    def error_of(self, task: str) -> Mapping[str, Any]:
        """The error of a failed call."""
        error = self.result.tasks[task].error
        must(error, f"{task} has no error, and is {self.states[task]}")
        return error or {}

    def told(self, kind: str, task: str | None = None) -> list[Event]:
        """The events of a kind, of one task where it is named."""
        return [e for e in self.events if str(e.kind) == kind and task in (None, e.task)]


@dataclass(frozen=True, slots=True)
class Stage:
    """What a case may use.

    Attributes:
        folder: the root of a project of its own.
        runs: runs a plan on the executor under test: ``runs(plan, params, **options)``.
        resumes: takes up a run on it: ``resumes(run, **options)``.
        options: what the road asks of every run.
        store: where results are kept, one for all runs of the case.
        lose_a_worker: ends one worker while bodies run; None where the suite knows no way.
    """

    folder: Path
    runs: Callable[..., RunResult]
    resumes: Callable[..., RunResult]
    options: Mapping[str, Any] = field(default_factory=dict)
    store: Store | None = None
    lose_a_worker: Callable[[], None] | None = None

    @property
    def project(self) -> Project:
        """The project, which keeps its state inside."""
        return Project(self.folder, self.folder / ".symphony")

    @property
    def log(self) -> str:
        """The folder for marks; every melody with a parameter `log` is given it."""
        folder = self.folder / "log"
        folder.mkdir(exist_ok=True)
        return str(folder)

    @property
    def counted(self) -> dict[str, int]:
        """How often bodies left each mark."""
        return counted(self.log)

    @property
    def marks(self) -> list[str]:
        """The marks that bodies left, in order."""
        return marks(self.log)

    def limit(self, text: str) -> None:
        """Limit the project's resources, in the words of ``[tool.symphony.limits]``."""
        (self.folder / "pyproject.toml").write_text(f"[tool.symphony]\n[tool.symphony.limits]\n{text}\n")

    def compile(self, melody: Any) -> Plan:
        """Compile as `run` does.

        Raises:
            CompileError: the melody is wrong, or asks for what is not there.
        """
        checked = check(getattr(melody, "definition", melody), project=self.project)  # traced once for all cases
        if checked.plan is None or not checked.ok:
            raise CompileError(checked.diagnostics)
        return checked.plan

    def run(self, melody: Any, params: Mapping[str, Any] | None = None, **options: Any) -> Played:
        """Run a melody, and judge what was told of it."""
        plan = self.compile(melody)
        given = {**({"log": self.log} if "log" in plan.params else {}), **(params or {})}
        return self._judged(
            plan, lambda **rest: self.runs(plan, given, project=self.project, store=self.store, **rest), options
        )

    def resume(self, played: Played, **options: Any) -> Played:
        """Take up a run, and judge what was told of it."""
        run = played.result.run
        kept = {"on_event": self.options.get("on_event", ...), **options}
        return self._judged(
            played.plan, lambda **rest: self.resumes(run, project=self.project, **rest), kept, road={}
        )  # fmt: skip

    def _judged(
        self, plan: Plan, run: Callable[..., RunResult], options: Mapping[str, Any], road: Mapping[str, Any] | None = None
    ) -> Played:  # fmt: skip
        events: list[Event] = []
        also = options.get("on_event")

        def listen(event: Event) -> None:
            events.append(event)
            if also is not None and also is not ...:
                also(event)

        asked = {**(self.options if road is None else road), **options}
        unheard = "on_event" in asked and asked["on_event"] is None
        result = run(**{**asked, "on_event": None if unheard else listen})
        if self.store is not None:
            self.store.flush()
        played = Played(result, tuple(events), plan)
        if not unheard:
            problems = problems_of(plan, events, {p: str(t.state) for p, t in result.tasks.items()})
            must(not problems, "what was told of the run is not in order:\n  " + "\n  ".join(problems))
        return played

    def run_and_cancel(self, melody: Any, *began: str, **options: Any) -> Played:
        """Run a melody, and cancel it from outside once bodies have left the marks; ``* began`` is any that ends so."""
        helper = threading.Thread(target=self._cancel_once, args=(began,), daemon=True)
        helper.start()
        try:
            return self.run(melody, **options)
        finally:
            helper.join()

    def _cancel_once(self, began: tuple[str, ...]) -> None:
        wait_until(lambda: all(fnmatch.filter(self.marks, mark) for mark in began))
        with open_project_store(self.project) as store:
            for run in store.runs():
                try:
                    cancel(store, run, wait_s=0)
                except UsageError:
                    return  # it has ended: the case sees that in its state
