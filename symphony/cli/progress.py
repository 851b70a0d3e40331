"""What a run says while it runs: a bar on a terminal, few plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from symphony.cli.failure_text import error_line, failure_line, failure_text
from symphony.cli.terminal import seconds_text
from symphony.compiler.text_width import printable
from symphony.model.event import Event, EventKind
from symphony.model.quantities import counted
from symphony.model.states import FINAL, TaskState

WHOLE = 3
"""How many failed elements of a task are told with their traceback; of the others one line is told."""
WORTH_GUESSING_S = 2.0
"""Of runs that took less, nobody wants to know how long is left."""
EVERY_S = 10.0
"""How often plain lines say how far a run is, at most."""


class Tally:
    """Counts tasks from events. Elements of ``each`` count as one task together. Safe to use from any thread."""

    def __init__(self) -> None:
        self.total = 0
        self.done: set[str] = set()
        self.running: dict[str, float] = {}
        self.failed: set[str] = set()
        self.told: set[str] = set()
        """The calls whose failure was told."""
        self._whole: dict[str, int] = {}
        self._elements: dict[str, tuple[int, int]] = {}
        """Of tasks with ``each`` that run: how many elements have ended, and how many there are."""
        self._lock = threading.Lock()

    def take(self, event: Event) -> None:
        """Count one event."""
        with self._lock:
            if event.kind is EventKind.RUN_STARTED and event.data:
                self.total = int(event.data.get("tasks", 0))
            elif event.kind is EventKind.TASK_STARTED:
                self.running.setdefault(_counted_as(event.task, self._elements), event.at)
            elif event.kind is EventKind.TASK_EXPANDED:
                self._elements[event.task] = 0, int((event.data or {}).get("count", 0))
            elif event.kind is EventKind.TASK_ENDED:
                self._ended(event)

    def _ended(self, event: Event) -> None:
        self._elements.pop(event.task, None)
        group = _counted_as(event.task, self._elements)
        if group == event.task:
            self.running.pop(event.task, None)
        elif event.task == f"{group}{event.task[len(group) :].partition(']')[0]}]":
            ended, count = self._elements[group]
            self._elements[group] = ended + 1, count
        state = TaskState((event.data or {}).get("state", TaskState.SUCCEEDED))
        if "[" not in event.task and state in FINAL:
            self.done.add(event.task)
            if state is TaskState.FAILED:
                self.failed.add(event.task)

    def news(self, event: Event) -> str | None:
        """What is worth a line of its own: the start of the run, what tasks say, retries, and each failure once."""
        data = event.data or {}
        if event.kind is EventKind.RUN_STARTED:
            return f"run {event.run} started"
        if event.kind is EventKind.TASK_RETRYING:
            return printable(f"{event.task} is tried again: {error_line(data.get('error'))}")
        if event.kind is EventKind.LOG:
            return said_line(event.task, data)
        if event.kind is EventKind.TASK_ERROR and event.task not in self.told:
            return self._failure(event.task, data.get("error"))
        return None

    def _failure(self, task: str, error: Any) -> str:
        name = task.rpartition("[")[0] or task
        with self._lock:
            self.told.add(task)
            self._whole[name] = self._whole.get(name, 0) + 1
            whole = self._whole[name] <= WHOLE
        return failure_text(task, error) if whole else failure_line(task, error)

    def summary(self) -> str:
        """How far it is, in words: ``3 of 12 tasks done, running: stats, page``."""
        with self._lock:
            names = [self._named(name) for name in sorted(self.running, key=self.running.__getitem__)]
            done, failed, total = len(self.done), len(self.failed), max(self.total, len(self.done))
        text = f"{done} of {counted(total, 'task')} done" + (f", {failed} failed" if failed else "")
        return text + (f", running: {_some(names)}" if names else "")

    def _named(self, name: str) -> str:
        ended, count = self._elements.get(name, (0, 0))
        return f"{name} {ended}/{count}" if count else name


@contextmanager
def shown_progress(
    tally: Tally, usual_s: Callable[[str], float | None] = lambda run: None
) -> Iterator[Callable[[Event], None]]:
    """Give a function that takes the events of a run and shows them on stderr while the block lasts.

    Args:
        usual_s: how long a run takes, from earlier ones, in seconds; asked once, and on a terminal only.
    """
    if sys.stderr.isatty():
        with _bar(tally, usual_s) as take:
            yield take
    else:
        yield _plain(tally)


def _plain(tally: Tally) -> Callable[[Event], None]:
    last = [time.monotonic()]

    def take(event: Event) -> None:
        tally.take(event)
        line = tally.news(event)
        if line is None and event.kind is EventKind.TASK_ENDED and time.monotonic() - last[0] >= EVERY_S:
            last[0] = time.monotonic()
            line = tally.summary()
        if line:
            with suppress(OSError):  # nobody reads any more; the run goes on
                (sys.stdout if _is_printed(event) else sys.stderr).write(f"{line}\n")

    return take


@contextmanager
def _bar(tally: Tally, usual_s: Callable[[str], float | None]) -> Iterator[Callable[[Event], None]]:
    from rich.console import Console  # only on a terminal; loading rich takes longer than a small run
    from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn, TimeElapsedColumn
    from rich.text import Text

    class Left(ProgressColumn):
        """How long it is likely to take still."""

        def render(self, task: Task) -> Text:
            return Text(left_text(task.elapsed or 0.0, task.fields.get("usual_s")))

    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        BarColumn(bar_width=24),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        Left(),
    )
    with Progress(*columns, console=console, transient=True, redirect_stdout=False, refresh_per_second=8) as progress:
        row = progress.add_task("starting", total=None)

        def take(event: Event) -> None:
            tally.take(event)
            if event.kind is EventKind.RUN_STARTED:
                progress.update(row, usual_s=usual_s(event.run))
            line = tally.news(event)
            if line and _is_printed(event) and not sys.stdout.isatty():
                with suppress(OSError):
                    sys.stdout.write(f"{line}\n")
            elif line and event.kind is not EventKind.RUN_STARTED:
                console.print(line, markup=False, highlight=False, soft_wrap=True)
            progress.update(row, description=tally.summary(), completed=len(tally.done), total=tally.total or None)

        yield take


def left_text(elapsed_s: float, usual_s: float | None) -> str:
    """How long a run is likely to take still, judged by the last one; empty where that says nothing."""
    if usual_s is None or usual_s < WORTH_GUESSING_S:
        return ""
    if elapsed_s < usual_s:
        return f"about {seconds_text(usual_s - elapsed_s)} left"
    return f"longer than last time ({seconds_text(usual_s)})"


def _counted_as(task: str, elements: Container[str]) -> str:
    """The task with ``each`` whose elements are counted, for an element of it or a task inside; else the task itself."""
    group = task.partition("[")[0]
    return group if group != task and group in elements else task


def _is_printed(event: Event) -> bool:
    """Whether a body has written this to stdout, where people may have led it to a file."""
    return event.kind is EventKind.LOG and (event.data or {}).get("origin") == "stdout"


def said_line(task: str, line: Mapping[str, Any]) -> str:
    """What a task has printed or logged, on one line: ``stats[3] | warning: no rows``."""
    level = str(line.get("level", "info"))
    return printable(f"{task} | {'' if level == 'info' else f'{level}: '}{line.get('message', '')}".rstrip())


def _some(names: list[str], most: int = 3) -> str:
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
