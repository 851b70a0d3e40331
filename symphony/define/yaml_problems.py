"""The codes of problems that reading YAML finds, and the list that collects them with their places."""

from __future__ import annotations

from typing import Protocol

from symphony.model.diagnostic import Diagnostic
from symphony.model.source import Path, Span

TITLES: dict[str, str] = {
    "SYM100": "the file is no YAML",
    "SYM101": "the file is no text",
    "SYM102": "the key is unknown",
    "SYM103": "a key is missing",
    "SYM104": "the key stands twice",
    "SYM105": "a key is not text",
    "SYM106": "the value is of the wrong kind",
    "SYM107": "the file is past a limit",
    "SYM108": "the tag is not allowed",
    "SYM109": "the file holds several documents",
    "SYM110": "the anchor or alias leads nowhere",
    "SYM111": "the file holds no melody",
    "SYM112": "the name is not allowed",
    "SYM113": "the version is no version",
    "SYM114": "the duration is no duration",
    "SYM115": "the size is no size",
    "SYM116": "there is no such type",
    "SYM117": "the value is none of those allowed",
    "SYM118": "the number is out of range",
    "SYM120": "the task does not say what it does",
    "SYM121": "the key does not go with this kind of task",
    "SYM122": "the key is reserved",
    "SYM123": "the script holds an expression",
    "SYM124": "the output lies outside the work folder",
    "SYM125": "the input would change how the shell works",
    "SYM126": "the condition is no condition",
    "SYM127": "each does not name its lists",
    "SYM128": "no expression can stand here",
}
"""Every code of this room with its title. Codes from 140 on belong to compiling."""


MOST = 200
"""Problems listed of one file. Whoever has more mends these first."""


class Places(Protocol):
    """Where the parts of a document are."""

    def locate(self, path: Path) -> Span | None:
        """The span of a part, or of its nearest parent that is there."""

    def key_of(self, path: Path) -> Span | None:
        """The span of the key that names a part."""


class Problems:
    """The problems found so far in one file.

    Attributes:
        task: the task that is being read, or None; goes into every problem noted.
    """

    def __init__(self, file: str, places: Places | None = None) -> None:
        self.file, self.places = file, places
        self.task: str | None = None
        self._found: list[Diagnostic] = []
        self._more = False

    def add(
        self, code: str, message: str, at: Path = (), *, hint: str = "", key: bool = False, span: Span | None = None
    ) -> None:
        """Note a problem at a part of the document; `key` points at the name of the part, `span` overrides both."""
        if self.overflow():
            return
        if span is None and self.places is not None:
            span = (self.places.key_of(at) if key else None) or self.places.locate(at)
        self._found.append(Diagnostic(code, message, hint=hint, file=self.file, span=span, task=self.task))

    def overflow(self) -> bool:
        """Whether one more problem is too many to be listed; that there is one is remembered."""
        self._more = self._more or len(self._found) >= MOST
        return self._more

    def __len__(self) -> int:
        return len(self._found)

    def sorted(self) -> tuple[Diagnostic, ...]:
        """All problems in the order of the file, each once; a last one says where there are more than are listed."""
        found = sorted(dict.fromkeys(self._found), key=Diagnostic.sort_key)
        if self._more:
            found.append(
                Diagnostic("SYM107", f"… and more: {MOST} problems of a file are listed", file=self.file,
                           span=found[-1].span, hint="mend these first")
            )  # fmt: skip
        return tuple(found)
