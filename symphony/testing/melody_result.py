"""What a tested melody gave, with checks whose messages say what was there instead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from symphony.model.artifact import Artifact
from symphony.model.names import did_you_mean
from symphony.model.states import RunState, TaskState
from symphony.runtime.error_text import error_parts
from symphony.runtime.result import RunResult, TaskResult
from symphony.testing.stubs import StubCalls

V = TypeVar("V")
_OWN = str(Path("symphony", "testing"))
MOST_TASKS = 40
"""How many tasks a message lists."""


class _Named(Mapping[str, V]):
    """A mapping whose missing names are told with the nearest one. Asking for one is a failed assertion."""

    def __init__(self, entries: Mapping[str, V], what: str, context: str = "") -> None:
        self._entries, self._what, self._context = entries, what, context

    def __getitem__(self, name: str) -> V:
        if name not in self._entries:
            hint = did_you_mean(name, self._entries, what=f"{self._what}s", limit=30) or f"there is no {self._what}"
            raise AssertionError(f"{self._context}there is no {self._what} {name!r}: {hint}")
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return repr(dict(self._entries))


class MelodyResult:
    """What a tested melody gave.

    Attributes:
        melody: the name of the melody.
        state: how the run ended; a text such as ``succeeded``.
        tasks: every task by its path: ``page``, ``stats[3]``, ``child.x``.
        stubs: the calls of each stub, by the player's name.
        run: the result as `symphony.run` gives it.
    """

    def __init__(self, run: RunResult, stubs: Mapping[str, StubCalls]) -> None:
        self.run, self.melody, self.state = run, run.melody, run.state
        self.tasks: Mapping[str, TaskResult] = _Named(run.tasks, "task", f"{run.melody}: ")
        self.stubs: Mapping[str, StubCalls] = _Named(stubs, "stub")

    def __repr__(self) -> str:
        return f"<{self.melody}: {self.state}; {self._states()}>"

    @property
    def outputs(self) -> Mapping[str, Any]:
        """The outputs by name, loaded when they are asked for; null where what they refer to was left out.

        Raises:
            AssertionError: the run did not succeed, so that outputs may be missing.
        """
        self.assert_succeeded()
        return _Named(self.run.outputs, "output", f"{self.melody}: ")

    @property
    def artifacts(self) -> Mapping[str, Artifact]:
        """The references of the outputs by name: digest, type, size."""
        return self.run.artifacts

    @property
    def errors(self) -> Mapping[str, str]:
        """What failed tasks ended with, by task: ``ValueError: nobody is there``."""
        found = {str(f["task"]): "\n".join(error_parts(f["error"])[0]) for f in self.run.failures}
        return _Named(found, "failed task", f"{self.melody}: ")

    def assert_succeeded(self) -> None:
        """Check that the run succeeded.

        Raises:
            AssertionError: it did not; tells the errors.
        """
        __tracebackhide__ = True  # pytest then points at the test
        self.assert_state(RunState.SUCCEEDED)

    def assert_state(self, state: str) -> None:
        """Check how the run ended: ``succeeded``, ``failed`` or ``cancelled``.

        Raises:
            AssertionError: it ended otherwise; tells the errors and the states of the tasks.
        """
        __tracebackhide__ = True  # pytest then points at the test
        _check_word(state, [str(s) for s in RunState], "states of a run")
        if str(self.state) != str(state):
            errors = "".join(f"\n  {_indented(self._failure(f))}" for f in self.run.failures[:10])
            raise AssertionError(
                f"the run of {self.melody} should end {state}, and it ended {self.state}{errors}\ntasks: {self._states()}"
            )

    def assert_states(self, states: Mapping[str, str] | None = None, /, **more: str) -> None:
        """Check the states of tasks: ``result.assert_states(page="skipped")``; tasks that are not named do not count.

        Raises:
            AssertionError: tasks ended otherwise; tells every one of them, and why it ended so.
        """
        __tracebackhide__ = True  # pytest then points at the test
        wrong = []
        for name, state in {**(states or {}), **more}.items():
            _check_word(state, [str(s) for s in TaskState], "states of a task")
            if name not in self.tasks:
                wrong.append(f"{name}: there is no such task: {did_you_mean(name, self.tasks, what='tasks', limit=30)}")
            elif str(self.tasks[name].state) != str(state):
                wrong.append(f"{name}: should be {state}, is {self.told(name)}")
        if wrong:
            lines = "".join(f"\n  {line}" for line in wrong)
            raise AssertionError(f"tasks of {self.melody} are not as they should be:{lines}\nall: {self._states()}")

    def assert_outputs(self, outputs: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        """Check values of outputs; outputs that are not named do not count.

        Raises:
            AssertionError: outputs differ; tells every one of them with both values.
        """
        __tracebackhide__ = True  # pytest then points at the test
        wrong = []
        for name, value in {**(outputs or {}), **more}.items():
            found = self.outputs[name]
            if found != value or type(found) is not type(value):
                wrong.append(f"{name}: should be {value!r}, is {found!r}")
        if wrong:
            lines = "".join(f"\n  {line}" for line in wrong)
            raise AssertionError(f"outputs of {self.melody} are not as they should be:{lines}")

    # words -------------------------------------------------------------------------------------------------------

    def _failure(self, failure: Mapping[str, Any]) -> str:
        said, frames = error_parts(failure["error"])
        if all(_OWN in line for line in frames if line.startswith("File ")):
            frames = []  # only the stub's own
        return "\n".join([f"{failure['task'] or 'the run'}: {said[0]}", *said[1:], *frames])

    def told(self, name: str) -> str:
        """How a task ended, and why: ``skipped (when)``, ``failed (ValueError: no rows)``."""
        task = self.tasks[name]
        because = error_parts(task.error)[0][0] if task.error else task.note
        return f"{task.state} ({because})" if because else str(task.state)

    def _states(self) -> str:
        names: Sequence[str] = list(self.tasks)
        more = f", and {len(names) - MOST_TASKS} more" if len(names) > MOST_TASKS else ""
        return ", ".join(f"{name} {self.tasks[name].state}" for name in names[:MOST_TASKS]) + more


def _indented(text: str) -> str:
    return text.replace("\n", "\n    ")


def _check_word(word: str, known: Sequence[str], what: str) -> None:
    if str(word) not in known:
        raise AssertionError(f"{word!r} is none of the {what}: {did_you_mean(str(word), known)} ({', '.join(known)})")
