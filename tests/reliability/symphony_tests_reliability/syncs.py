"""What a trace of system calls says about the disk: which files were written and not yet forced onto it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

_LINE = re.compile(r"^(?P<thread>\d+) +(?P<call>\w+)\((?P<rest>.*)$")
_RESUMED = re.compile(r"^(?P<thread>\d+) +<\.\.\. (?P<call>\w+) resumed>")
_FILE = re.compile(r"^\d+<(?P<path>[^>]*)>")
_RENAME = re.compile(r'^"(?P<old>[^"]*)", "(?P<new>[^"]*)"')
CALLS = "write,pwrite64,fsync,fdatasync,rename"


@dataclass
class Syncs:
    """The state of a disk over a trace.

    Attributes:
        dirty: files and folders whose last change was not forced onto the disk.
        renamed_dirty: files that got their name before their bytes were forced onto the disk.
        count: how often something was forced onto the disk.
        at_words: what was dirty each time that stdout was written to.
    """

    state: str
    dirty: set[str] = field(default_factory=set)
    renamed_dirty: list[str] = field(default_factory=list)
    count: int = 0
    at_words: list[set[str]] = field(default_factory=list)
    _waiting: dict[str, str] = field(default_factory=dict)

    def read(self, line: str) -> None:
        """Take note of one line: a write counts from its begin, forcing onto the disk only from its end."""
        if resumed := _RESUMED.match(line):
            if resumed["call"] in ("fsync", "fdatasync"):
                self._synced(self._waiting.pop(resumed["thread"], ""))
            return
        found = _LINE.match(line)
        if not found:
            return
        call, rest = found["call"], found["rest"]
        file = _FILE.match(rest)
        if call == "rename" and (names := _RENAME.match(rest)) and names["new"].startswith(f"{self.state}/objects/"):
            self._renamed(names["old"], names["new"])
        elif file and call in ("write", "pwrite64"):
            self._written(file["path"], rest)
        elif file and call in ("fsync", "fdatasync"):
            if "<unfinished" in rest:
                self._waiting[found["thread"]] = file["path"]
            else:
                self._synced(file["path"])

    def _written(self, path: str, rest: str) -> None:
        if rest.startswith("1<"):
            self.at_words.append(set(self.dirty))
        elif path.startswith((f"{self.state}/symphony.db", f"{self.state}/tmp/")) and not path.endswith("-shm"):
            self.dirty.add(path)

    def _renamed(self, old: str, new: str) -> None:
        if old in self.dirty:
            self.renamed_dirty.append(new)
        self.dirty.add(str(Path(new).parent))

    def _synced(self, path: str) -> None:
        self.count += 1
        self.dirty.discard(path)


def syncs(trace: Path, state: Path) -> Syncs:
    """Read a trace that was written with `CALLS`."""
    found = Syncs(str(state))
    for line in trace.read_text(errors="replace").splitlines():
        found.read(line)
    return found
