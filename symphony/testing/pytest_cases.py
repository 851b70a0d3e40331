"""Files of YAML test cases as pytest sees them: a collector per file, a test per case."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from symphony.errors import SymphonyError
from symphony.testing.case_reading import ReadCases, read_cases
from symphony.testing.case_running import run_case
from symphony.testing.pytest_plugin import UPDATE


class NotAsExpectedError(AssertionError):
    """A case did not give what it expects; the message says what, with the lines of the file."""


class CaseFileCollector(pytest.File):
    """A file of test cases."""

    def collect(self) -> Iterator[pytest.Item]:
        """The cases, in the order of the file.

        Raises:
            CollectError: the file is wrong; tells every problem with its place.
        """
        try:
            read = read_cases(self.path)
        except SymphonyError as error:
            raise self.CollectError(str(error)) from None
        for index, case in enumerate(read.document.cases):
            yield CaseItem.from_parent(self, name=case.name, read=read, index=index)


class CaseItem(pytest.Item):
    """One test case."""

    def __init__(self, *, read: ReadCases, index: int, **rest: Any) -> None:
        super().__init__(**rest)
        self._read, self._index = read, index

    def runtest(self) -> None:
        """Run the case.

        Raises:
            NotAsExpectedError: something is not as expected.
        """
        problems = run_case(self._read, self._index, update=bool(self.config.getoption(UPDATE)))
        if problems:
            raise NotAsExpectedError("\n".join(problems))

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """What is not as expected, without the way through Symphony's own code."""
        if isinstance(excinfo.value, NotAsExpectedError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the case stands."""
        return self.path, self._read.line(("cases", self._index)) - 1, self.name
