"""The report of an import: what was not understood or had to change, each with its place."""

from __future__ import annotations

from dataclasses import dataclass, field

from symphony.define.yaml_locate import YamlPlaces
from symphony.model.diagnostic import Diagnostic, Severity
from symphony.model.melody import Melody
from symphony.model.source import Path, Span

SHOWN = 3
"""How many of many like things a note names."""
_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that whoever imports should know.

    Attributes:
        severity: an error stops the import; a warning was not understood; a note is meant the same in another form.
        message: a sentence.
        file: the path of the file as people know it.
        span: the place; None where there is none.
        path: the keys that lead to the place.
    """

    severity: Severity
    message: str
    file: str
    span: Span | None
    path: Path = ()

    @property
    def key_path(self) -> str:
        """The keys as one text: ``jobs.build.steps[2].run``."""
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return "".join(steps).removeprefix(".")

    def one_line(self) -> str:
        """The note for people: ``ci.yml:3:5: warning: message (jobs.build)``."""
        place = f"{self.file}:{self.span.line}:{self.span.column}" if self.span else self.file
        return f"{place}: {self.severity}: {self.message}" + (f" ({self.key_path})" if self.path else "")


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import.

    Attributes:
        melody: the melody; None exactly where the notes hold an error.
        notes: the report, in the order of the file.
    """

    melody: Melody | None
    notes: tuple[Note, ...]

    @property
    def understood(self) -> bool:
        """Whether everything of the file has its like in the melody."""
        return all(note.severity is Severity.NOTE for note in self.notes)


@dataclass(slots=True)
class _Tally:
    severity: Severity
    at: Path
    subjects: dict[str, None] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        more = len(self.subjects) - SHOWN
        return ", ".join([*self.subjects][:SHOWN]) + (f" and {more:,} more" if more > 0 else "")


class Report:
    """Collects notes while a file is read. Like notes can be counted instead of told one by one."""

    def __init__(self, file: str, places: YamlPlaces | None = None) -> None:
        self.file, self.places = file, places
        self._notes: list[Note] = []
        self._tallies: dict[str, _Tally] = {}

    def error(self, message: str, at: Path = (), *, key: bool = False) -> None:
        """Note what stops the import; `key` points at the name of the part."""
        self._add(Severity.ERROR, message, at, key=key)

    def warning(self, message: str, at: Path = (), *, key: bool = False, span: Span | None = None) -> None:
        """Note what was not understood; `span` overrides the place of `at`."""
        self._add(Severity.WARNING, message, at, key=key, span=span)

    def note(self, message: str, at: Path = (), *, key: bool = False, span: Span | None = None) -> None:
        """Note what is meant the same in another form."""
        self._add(Severity.NOTE, message, at, key=key, span=span)

    def tally(self, severity: Severity, message: str, subject: str, at: Path) -> None:
        """Count one more like thing. They become one note, which names the first and stands at the first's place."""
        self._tallies.setdefault(message, _Tally(severity, at)).subjects[subject] = None

    def diagnosed(self, problem: Diagnostic) -> None:
        """Take over a problem of reading the text."""
        message = problem.message + (f": {problem.hint}" if problem.hint else "")
        self._notes.append(Note(Severity.ERROR, message, self.file, problem.span))

    @property
    def failed(self) -> bool:
        """Whether an error was noted."""
        return any(note.severity is Severity.ERROR for note in self._notes)

    def result(self, melody: Melody | None) -> Imported:
        """The end of an import. A melody beside an error is dropped."""
        for message, tally in self._tallies.items():
            self._add(tally.severity, f"{message}: {tally.shown}", tally.at)
        self._tallies.clear()
        notes = sorted(dict.fromkeys(self._notes), key=_place)
        return Imported(None if self.failed else melody, tuple(notes))

    def _add(self, severity: Severity, message: str, at: Path, *, key: bool = False, span: Span | None = None) -> None:
        if span is None and self.places is not None:
            span = (self.places.key_of(at) if key else None) or self.places.locate(at)
        self._notes.append(Note(severity, message, self.file, span, at))


def _place(note: Note) -> tuple[int, int, int]:
    span = note.span or Span(0, 0, 0, 0)
    return span.line, span.column, _ORDER[note.severity]
