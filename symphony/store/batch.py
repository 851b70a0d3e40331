"""What waits for the next group commit. Everything in it can be read before it is written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from symphony.store.encoded import Encoded
from symphony.store.slices import CallRow

StatRow = tuple[str, int, int, int, int, int, str]
"""Path, size, time of change of content, of status, inode, time of the check (nanoseconds), digest."""


@dataclass(slots=True)
class Batch:
    """Entries that are written together.

    Attributes:
        artifacts: by digest and codec.
        keys: the packed entry of each key, whether it replaces an older one, and the run that computed it.
        calls: records of calls as rows, in the order in which they were given.
        logs: run and line.
        running: by run, the calls that run now.
        stats: rows of the stat cache by path.
        count: how many entries were given.
        size_bytes: about how large the batch is.
        sequence: the number of the last entry.
        full: whether the writer was told that it is full.
    """

    artifacts: dict[tuple[str, str], Encoded] = field(default_factory=dict)
    keys: dict[str, tuple[bytes, bool, str]] = field(default_factory=dict)
    calls: list[CallRow] = field(default_factory=list)
    logs: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    running: dict[str, Any] = field(default_factory=dict)
    stats: dict[str, StatRow] = field(default_factory=dict)
    count: int = 0
    size_bytes: int = 0
    sequence: int = 0
    full: bool = False

    def add_artifacts(self, rows: Sequence[Encoded]) -> None:
        """Add values; equal ones count once."""
        artifacts = self.artifacts
        for row in rows:
            artifact = row.artifact
            artifacts[artifact.digest, artifact.codec] = row

    def add_key(self, key: str, entry: bytes, *, replace: bool, run: str = "") -> None:
        """Add the entry of a key. The first of a key stays, except where the new one replaces it."""
        if replace or key not in self.keys:
            self.keys[key] = entry, replace, run

    @property
    def runs(self) -> set[str]:
        """The runs that something is written for."""
        return {row[0] for row in self.calls} | {run for run, _ in self.logs} | self.running.keys()

    def without(self, runs: Collection[str]) -> Batch:
        """This batch without what would be written for some runs."""
        return replace(
            self, keys={k: e for k, e in self.keys.items() if e[2] not in runs}, calls=[c for c in self.calls if c[0] not in runs],
            logs=[line for line in self.logs if line[0] not in runs],
            running={run: told for run, told in self.running.items() if run not in runs},
        )  # fmt: skip

    def followed_by(self, later: Batch) -> Batch:
        """This batch and a later one as one; both are used up."""
        self.artifacts.update(later.artifacts)
        for key, (entry, replaces, run) in later.keys.items():
            self.add_key(key, entry, replace=replaces, run=run)
        self.calls += later.calls
        self.logs += later.logs
        self.running.update(later.running)
        self.stats.update(later.stats)
        self.count += later.count
        self.size_bytes += later.size_bytes
        self.sequence = max(self.sequence, later.sequence)
        return self
