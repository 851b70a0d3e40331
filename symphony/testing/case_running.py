"""Runs a test case of a file and says what is not as expected, each with the line that expects it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from symphony.bootstrap.checking import catalog_of
from symphony.compiler.literals import misfit
from symphony.config.project import CASE_SUFFIXES
from symphony.define.catalog import ProjectCatalog
from symphony.errors import CompileError, SymphonyError, UsageError
from symphony.model.names import did_you_mean
from symphony.model.port_type import PortType
from symphony.model.signature import Signature
from symphony.runtime.coerce import coerce
from symphony.testing.case_models import Answer, Case, Matcher, exception_named
from symphony.testing.case_reading import ReadCases
from symphony.testing.clock import FakeClock
from symphony.testing.melody_result import MelodyResult
from symphony.testing.melody_run import melody_near, run_melody
from symphony.testing.snapshot_forms import plain_data
from symphony.testing.snapshots import Snapshots
from symphony.testing.stubs import in_turn


def run_case(
    read: ReadCases, index: int, *, update: bool = False, ci: bool | None = None, env: str | None = None
) -> list[str]:
    """Run one case of a file; gives what is not as expected, nothing where all is.

    Args:
        update: whether snapshots that differ are written anew.
        env: the environment that it runs in, by name.
        ci: whether a missing snapshot is a problem; None: as the environment variable ``CI`` says.
    """
    case, place = read.document.cases[index], ("cases", index)
    try:
        melody = _melody_of(read)
        with _environment(case.env):
            result = run_melody(
                melody, case.params, near=read.file, env=env, stubs=_stubs(read, case, melody),
                clock=FakeClock() if case.clock == "jumping" else None,
            )  # fmt: skip
            return list(
                _Comparison(read, index, result, Snapshots(read.file, case.name, update=update, ci=ci)).problems()
            )
    except CompileError as error:
        return [f"{read.at(('melody',))}: the melody does not compile:\n{error}"]
    except SymphonyError as error:
        return [f"{read.at(_about(case, error, place))}: {error}"]


def _about(case: Case, error: SymphonyError, place: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """The part of a case that an error is about: the stub or parameter that it names, else the case."""
    for key, names in (("stubs", case.stubs), ("params", case.params)):
        for name in names:
            if re.search(rf"(?<![\w.:]){re.escape(name)}(?![\w.:])", str(error)):
                return (*place, key, name)
    return place


def _melody_of(read: ReadCases) -> str:
    """The melody that a file tests: the one it names, else the one it is named after."""
    if read.document.melody is not None:
        return str(melody_near(read.document.melody, read.file))
    stem = next(read.file.name.removesuffix(s) for s in CASE_SUFFIXES if read.file.name.endswith(s))
    for folder in (read.file.parent, read.file.parent.parent):
        for suffix in (".yaml", ".yml", ".py"):
            if (folder / f"{stem}{suffix}").is_file():
                return str(folder / f"{stem}{suffix}")
    found = melody_near(stem, read.file)
    if found == stem:
        raise UsageError(
            f"there is no melody {stem!r} beside {read.file.name}, above it or in melodies/: say melody: FILE"
        )
    return str(found)


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


# stubs ---------------------------------------------------------------------------------------------------------------


def _stubs(read: ReadCases, case: Case, melody: str) -> dict[str, Any]:
    """The stubs of a case, with values of the types that the players give."""
    catalog = catalog_of(melody) if case.stubs else ProjectCatalog(())
    found = {}
    for name, answer in case.stubs.items():
        found[name] = _answer(answer, catalog.find(name), read.file.parent)
    return found


def _answer(answer: Answer, signature: Signature | None, folder: Path) -> Any:
    if answer.in_turn is not None:
        return in_turn(*(_answer(one, signature, folder) for one in answer.in_turn))
    if answer.raises is not None:
        kind = exception_named(answer.raises.type)
        assert kind is not None
        return kind(answer.raises.message)
    if signature is None:  # the run says that there is no such player
        return answer.returns
    if not signature.several:
        return _typed(answer.returns, signature.outputs[0].type, signature.name, folder)
    if not isinstance(answer.returns, dict):
        return answer.returns
    types = {port.name: port.type for port in signature.outputs}
    return {n: _typed(v, types.get(n, PortType("any")), signature.name, folder) for n, v in answer.returns.items()}


def _typed(value: Any, wanted: PortType, player: str, folder: Path) -> Any:
    """A value of a YAML file as a player gives it: text as bytes or a path where the output is one.

    Raises:
        UsageError: it does not fit.
    """
    if isinstance(value, str) and misfit(b"", wanted) is None:
        return value.encode()
    problem = misfit(value, wanted)
    if problem is not None:
        raise UsageError(f"the stub of {player} does not fit its output: {problem}")
    return coerce(value, wanted, folder)


# expectations --------------------------------------------------------------------------------------------------------


class _Comparison:
    """Compares a result with what a case expects."""

    def __init__(self, read: ReadCases, index: int, result: MelodyResult, snapshots: Snapshots) -> None:
        self._read, self._place, self._result, self._snapshots = read, ("cases", index), result, snapshots
        self._expect = read.document.cases[index].expect

    def problems(self) -> Iterator[str]:
        """What is not as expected."""
        ended = list(self._of(("state",), lambda: self._result.assert_state(self._expect.ends)))
        yield from ended
        yield from self._tasks()
        yield from self._errors()
        yield from self._calls()
        if not ended:
            yield from self._outputs()

    def _of(self, key: tuple[str, ...], check: Any) -> Iterator[str]:
        try:
            check()
        except AssertionError as error:
            yield self._located(key, str(error))

    def _located(self, key: tuple[str, ...], message: str) -> str:
        return f"{self._read.at((*self._place, 'expect', *key))}: " + message.replace("\n", "\n  ")

    def _tasks(self) -> Iterator[str]:
        tasks = self._result.tasks
        for name, state in self._expect.tasks.items():
            if name not in tasks:
                hint = did_you_mean(name, tasks, what="tasks", limit=30)
                yield self._located(("tasks", name), f"there is no task {name!r}: {hint}")
            elif str(tasks[name].state) != state:
                told = self._result.told(name)
                yield self._located(("tasks", name), f"the task {name}: should be {state}, is {told}")

    def _outputs(self) -> Iterator[str]:
        outputs = self._result.run.outputs
        for name, expected in self._expect.outputs.items():
            if name not in outputs:
                hint = did_you_mean(name, outputs, what="outputs") or "the melody has none"
                yield self._located(("outputs", name), f"there is no output {name!r}: {hint}")
                continue
            problem = self._compared(outputs[name], expected, name)
            if problem is not None:
                yield self._located(("outputs", name), f"the output {name}: {problem}")

    def _errors(self) -> Iterator[str]:
        errors = self._result.errors
        for name, expected in self._expect.errors.items():
            if name not in errors:
                failed = ", ".join(errors) or "none"
                yield self._located(("errors", name), f"the task {name!r} did not fail; failed: {failed}")
                continue
            problem = _difference(errors[name], expected)
            if problem is not None:
                yield self._located(("errors", name), f"the error of {name}: {problem}")

    def _calls(self) -> Iterator[str]:
        stubs = self._result.stubs
        for name, count in self._expect.calls.items():
            if name not in stubs:
                hint = did_you_mean(name, stubs, what="stubs") or "the case has no stubs"
                yield self._located(("calls", name), f"calls of {name!r} are only counted where it has a stub: {hint}")
            else:
                yield from self._of(("calls", name), lambda n=name, c=count: stubs[n].assert_count(c))

    def _compared(self, value: Any, expected: Matcher, name: str) -> str | None:
        return self._snapshots.problem(value, name) if expected.kind == "snapshot" else _difference(value, expected)


def _difference(value: Any, expected: Matcher) -> str | None:
    """Say how a value is not what is expected, or return None where it is."""
    found = plain_data(value)
    if expected.kind == "equals":
        wanted = plain_data(expected.equals)
        return None if _same(found, wanted) else f"should be {_shown(wanted)}, is {_shown(found)}"
    text = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False, sort_keys=True)
    if expected.kind == "matches":
        assert expected.matches is not None
        return None if re.search(expected.matches, text) else f"should match {expected.matches!r}, is {_shown(found)}"
    if expected.kind == "contains":
        return (
            None
            if _contains(found, expected.contains)
            else f"should contain {_shown(expected.contains)}, is {_shown(found)}"
        )
    return "snapshots are of outputs; use equals, matches or contains"


def _same(found: Any, wanted: Any) -> bool:
    """Whether plain data is equal; true is not 1."""
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    if isinstance(found, Mapping) and isinstance(wanted, Mapping):
        return found.keys() == wanted.keys() and all(_same(found[n], wanted[n]) for n in found)
    if isinstance(found, list) and isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(_same, found, wanted))
    return bool(found == wanted)


def _contains(found: Any, part: Any) -> bool:
    if isinstance(found, str):
        return isinstance(part, str) and part in found
    if isinstance(found, list):
        parts: Iterable[Any] = part if isinstance(part, list) else [part]
        return all(any(_same(element, one) for element in found) for one in parts)
    if isinstance(found, Mapping) and isinstance(part, Mapping):
        return all(name in found and _same(found[name], value) for name, value in part.items())
    return False


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 400 else f"{text[:397]}..."
