"""Tells for places in a bash script whether a variable that stands there is expanded."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

_HEREDOC = re.compile(r"<<(-?)[ \t]*(?:'([^'\n]+)'|\"([^\"\n]+)\"|\\?([A-Za-z_]\w*))")


class Place(StrEnum):
    """What stands around a place."""

    EXPANDED = "expanded"
    SINGLE = "in single quotes"
    COMMENT = "in a comment"
    LITERAL = "in text that bash does not expand"


def places_of(script: str, positions: Iterable[tuple[int, int]]) -> list[Place]:
    """What stands around each stretch [start, end) of a script; stretches come in order and are not looked into."""
    reader = _Reader(script, dict(positions))
    reader.read()
    return reader.found


class _Reader:
    """Goes through a script once. Only what decides about quotes is understood, not the language."""

    def __init__(self, script: str, stretches: dict[int, int]) -> None:
        self.script, self.stretches = script, stretches
        self.found: list[Place] = []
        self.at = 0
        self.open = ["$"]
        """What is open, innermost last: ``$`` a command, ``(`` a parenthesis in it, ``"`` double quotes."""
        self.heredocs: list[tuple[str, bool, bool]] = []

    def read(self) -> None:
        while self.at < len(self.script):
            if not self._stretch(Place.EXPANDED):
                self._in_double() if self.open[-1] == '"' else self._in_command()

    def _stretch(self, place: Place) -> bool:
        end = self.stretches.get(self.at)
        if end is None:
            return False
        self.found.append(place)
        self.at = end
        return True

    def _in_double(self) -> None:
        character = self.script[self.at]
        if character == "\\":
            self.at += 1
        elif character == '"':
            self.open.pop()
        elif self.script.startswith("$(", self.at):
            self.open.append("(")
            self.at += 1
        self.at += 1

    def _in_command(self) -> None:
        character = self.script[self.at]
        heredoc = _HEREDOC.match(self.script, self.at) if character == "<" else None
        if self.script.startswith("<<<", self.at):
            self.at += 3
        elif heredoc is not None:
            word = heredoc[2] or heredoc[3] or heredoc[4]
            quoted = heredoc[4] is None or "\\" in heredoc[0]
            self.heredocs.append((word, quoted, heredoc[1] == "-"))
            self.at = heredoc.end()
        elif character == "#" and (self.at == 0 or self.script[self.at - 1] in " \t\n;&|("):
            self._until("\n", Place.COMMENT, escapes=False)
        elif self.script.startswith("$'", self.at):
            self.at += 2
            self._until("'", Place.LITERAL, escapes=True)
            self.at += 1
        elif character == "'":
            self.at += 1
            self._until("'", Place.SINGLE, escapes=False)
            self.at += 1
        else:
            self._plain(character)

    def _plain(self, character: str) -> None:
        self.at += 2 if character == "\\" else 1
        if character in ('"', "("):
            self.open.append(character)
        elif character == ")" and self.open[-1] == "(":
            self.open.pop()
        elif character == "\n":
            for word, quoted, tabs in self.heredocs:
                self._body(word, Place.LITERAL if quoted else Place.EXPANDED, tabs=tabs)
            self.heredocs.clear()

    def _body(self, word: str, place: Place, *, tabs: bool) -> None:
        while self.at < len(self.script):
            end = self.script.find("\n", self.at)
            line = self.script[self.at : end if end >= 0 else len(self.script)]
            if (line.lstrip("\t") if tabs else line) == word:
                self.at += len(line)
                return
            self._until("\n", place, escapes=False)
            self.at += 1

    def _until(self, stop: str, place: Place, *, escapes: bool) -> None:
        while self.at < len(self.script) and self.script[self.at] != stop:
            if not self._stretch(place):
                self.at += 2 if escapes and self.script[self.at] == "\\" else 1
