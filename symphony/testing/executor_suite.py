"""Tests that every executor must pass, to inherit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import pytest

from symphony.bootstrap.executors import traits_of
from symphony.bootstrap.running import resume, run
from symphony.errors import CompileError
from symphony.runtime.contract import Traits
from symphony.runtime.result import RunResult
from symphony.store.store import Store
from symphony.testing.executor_cases.case import KEPT, ROAD_OPTIONS, Case, Road
from symphony.testing.executor_cases.stage import Stage

MODULES = (
    "values", "graphs", "lists", "conditions", "failures", "ending", "files", "hiding", "coroutines", "processes", "arrays",
    "resources", "caching", "resuming", "telling",
)  # fmt: skip
"""Where the cases lie, under `symphony.testing.executor_cases`."""


def every_case() -> Iterator[Case]:
    """Every case of the suite, in order."""
    for module in MODULES:
        yield from import_module(f"symphony.testing.executor_cases.{module}").cases


def _parameters() -> list[Any]:
    return [pytest.param(case, road, id=f"{case.name}-{road}") for case in every_case() for road in case.roads]


class ExecutorSuite:
    """What an executor promises, as tests. Inherit under a name that begins with ``Test``, and say which one is meant.

    Attributes:
        executor: the name of its entry point.
        options: options of its constructor.

    Example:
        ```python
        class TestMyExecutor(ExecutorSuite):
            executor = "mine"
            options = {"address": "tcp://127.0.0.1:8786"}
        ```
    """

    executor: ClassVar[str]
    options: ClassVar[Mapping[str, Any]] = {}

    lose_a_worker: ClassVar[Any] = None
    """Override with a method that kills one worker of a running executor; without it only bodies kill their workers."""

    @pytest.mark.parametrize(("case", "road"), _parameters())
    def test_case(self, case: Case, road: Road, tmp_path: Path) -> None:
        """One melody, run one way."""
        missing = _missing(case, _traits_of(self.executor))
        with self._stage(tmp_path, road) as stage:
            if missing:
                _must_be_refused(stage, case, missing)
            else:
                case.play(stage)

    @contextmanager
    def _stage(self, folder: Path, road: Road) -> Iterator[Stage]:
        (folder / "pyproject.toml").write_text("[tool.symphony]\n")
        kept = road in KEPT
        with Store.open(folder / ".symphony") if kept else nullcontext() as store:
            resumes = partial(resume, executor=self.executor, **self._own_options())
            yield Stage(folder, self._run, resumes, ROAD_OPTIONS[road], store, self.lose_a_worker)

    def _run(self, target: Any, params: Mapping[str, Any], **options: Any) -> RunResult:
        """Run on the executor under test: the one place that knows how an executor and its options are named."""
        return run(target, params, executor=self.executor, **self._own_options(), **options)

    def _own_options(self) -> dict[str, Any]:
        return {"executor_options": dict(self.options)} if self.options else {}


@cache
def _traits_of(executor: str) -> Traits:
    traits = traits_of(executor)
    assert isinstance(traits, Traits), f"the traits of {executor!r} must be Traits, not {traits!r}"
    return traits


def _missing(case: Case, traits: Traits) -> list[str]:
    """What a case needs and the executor does not have."""
    resources = {f"resource:{name}" for name in traits.resources}
    return [need for need in case.needs if not (need in resources or getattr(traits, need, False))]


def _must_be_refused(stage: Stage, case: Case, missing: list[str]) -> None:
    """What an executor cannot do is an error before anything runs."""
    try:
        stage.run(case.melody)
    except CompileError:
        return
    pytest.skip(f"the executor lacks {', '.join(missing)}, and nothing refuses melodies that need it")
