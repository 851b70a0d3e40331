"""When a job of GitHub Actions runs, as `needs` and `when`."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from symphony.define.importers.github_params import Parameters, text_of
from symphony.define.importers.github_tests import read_tests
from symphony.define.importers.report import Report
from symphony.model.source import Path
from symphony.model.template import parse_text

Jobs = Mapping[str, Mapping[str, Any]]


def needs_of(jobs: Jobs, report: Report) -> dict[str, tuple[str, ...]]:
    """The jobs that each job needs. Notes unknown ones and cycles as errors."""
    found = {name: _needs(name, job, jobs, report) for name, job in jobs.items()}
    try:
        TopologicalSorter(found).prepare()
    except CycleError as error:
        members: list[str] = error.args[1]
        report.error(f"the jobs form a cycle: {' -> '.join(members)}", ("jobs", members[0], "needs"))
    return found


def _needs(name: str, job: Mapping[str, Any], jobs: Jobs, report: Report) -> tuple[str, ...]:
    data = job.get("needs") or []
    at: Path = ("jobs", name, "needs")
    listed = [data] if isinstance(data, str) else data
    if not isinstance(listed, list) or not all(isinstance(n, str) for n in listed):
        report.error("needs takes the name of a job, or a list of them", at)
        return ()
    for i, need in enumerate(listed):
        if need not in jobs:
            report.error(f"there is no job {need!r}", at if isinstance(data, str) else (*at, i))
    return tuple(dict.fromkeys(n for n in listed if n in jobs))


class Conditions:
    """Works out `when` of each job. A job whose needs were left out is left out, too, as GitHub has it."""

    def __init__(
        self, needs: Mapping[str, tuple[str, ...]], tasks: Mapping[str, str], params: Parameters, report: Report
    ) -> None:
        self.needs, self.tasks, self.params, self.report = needs, tasks, params, report
        self._may_be_left_out: set[str] = set()

    def in_order(self) -> list[str]:
        """The jobs so that each comes behind what it needs."""
        return list(TopologicalSorter(self.needs).static_order())

    def of(self, job: str, data: Any) -> Any:
        """The condition of a job, None where there is none; asked in the order of `in_order`."""
        source = text_of(data).strip().removeprefix("${{").removesuffix("}}").strip()
        if source == "always()":
            return parse_text("${{ always() }}")
        if source == "failure()":
            self._may_be_left_out.add(job)
            failed = [f"failed(tasks.{self.tasks[n]})" for n in self._above(job)]
            return parse_text("${{ " + " || ".join(failed) + " }}") if failed else False
        if source == "false":
            self._may_be_left_out.add(job)
            return False
        terms = [f"succeeded(tasks.{self.tasks[n]})" for n in self.needs[job] if n in self._may_be_left_out]
        if source not in ("", "success()", "true"):
            why = "say on each run whether it holds"
            if "always()" in source or "failure()" in source or "cancelled()" in source:
                why = "its needs must have succeeded besides, other than on GitHub"
            at: Path = ("jobs", job, "if")
            tests = read_tests(source)
            simple = (
                None
                if tests is None
                else tests.in_cel(self.params.kind_of, lambda value: self.params.value_of(value, at).text)
            )
            terms.insert(0, simple or self.params.condition(source, at, why).text)
        if not terms:
            return None
        self._may_be_left_out.add(job)
        return parse_text("${{ " + " && ".join(terms) + " }}")

    def _above(self, job: str) -> list[str]:
        """Every job that comes before one, nearest first."""
        found: dict[str, None] = {}
        waiting = list(self.needs[job])
        while waiting:
            need = waiting.pop(0)
            if need not in found:
                found[need] = None
                waiting.extend(self.needs[need])
        return list(found)
