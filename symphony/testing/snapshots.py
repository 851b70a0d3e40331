"""Compares values with what was kept of them beside the tests, and keeps them anew when asked."""

from __future__ import annotations

import difflib
import hashlib
import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

from symphony.testing.snapshot_forms import Form, form_of

FOLDER = "__snapshots__"
SUFFIXES = (".txt", ".json", ".csv")
MOST_LINES = 200
"""How many lines of a difference are shown."""


def on_ci() -> bool:
    """Whether this is a build server, by the environment variable ``CI``: there, a missing snapshot fails."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


class Snapshots:
    """The snapshots of one test; call it with a value, and with a name where the test takes several.

    Args:
        test_file: the file of the test: snapshots lie in ``__snapshots__`` beside it.
        test: the name of the test.
        update: whether to write what differs or is missing.
        ci: whether a missing snapshot fails; None: as the environment variable ``CI`` says. Elsewhere it is written.

    Attributes:
        written: the files that were written.
    """

    def __init__(self, test_file: Path, test: str, *, update: bool = False, ci: bool | None = None) -> None:
        stem = test_file.name.removesuffix(".yaml").removesuffix(".yml").removesuffix(".py")
        self._folder, self._test = test_file.parent / FOLDER / stem, _file_name(test)
        self._update, self._ci = update, on_ci() if ci is None else ci
        self._seen: Counter[str] = Counter()
        self.written: list[Path] = []

    def __call__(self, value: Any, name: str = "") -> None:
        """Check that a value is as it was kept.

        Raises:
            AssertionError: it differs, with the difference; or nothing was kept, on a build server.
            UsageError: the value has no form that could be kept.
        """
        __tracebackhide__ = True  # pytest then points at the test
        problem = self.problem(value, name)
        if problem is not None:
            raise AssertionError(problem)

    def problem(self, value: Any, name: str = "") -> str | None:
        """Say how a value differs from what was kept, or return None where it does not, or was kept now."""
        form, path = form_of(value), self._path(name)
        kept = [file for suffix in SUFFIXES if (file := path.parent / (path.name + suffix)).is_file()]
        here = path.parent / (path.name + form.suffix)
        same = kept == [here] and here.read_bytes() == form.text.encode()
        if same:
            return None
        if self._update or (not kept and not self._ci):
            self._write(here, form, [file for file in kept if file != here])
            return None
        if not kept:
            return f"there is no snapshot {_shown(here)}: run the test on your machine, look at it, and commit it"
        return _difference(kept[0], here, form)

    def _path(self, name: str) -> Path:
        self._seen[name] += 1
        number = f".{self._seen[name]}" if self._seen[name] > 1 else ""
        return self._folder / (self._test + (f".{_file_name(name)}" if name else "") + number)

    def _write(self, path: Path, form: Form, former: list[Path]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        for file in former:  # of another kind of value
            file.unlink()
        path.write_bytes(form.text.encode())
        self.written.append(path)


def _file_name(name: str) -> str:
    """A name as a file can have it; names that differ stay different."""
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", name)[:100].lstrip(".") or "_"
    if plain == name.replace(" ", "_"):
        return plain
    return f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def _shown(path: Path) -> str:
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def _difference(kept: Path, here: Path, form: Form) -> str:
    if kept != here:
        return f"the snapshot {_shown(kept)} holds a {kept.suffix} value, and this is a {here.suffix} one; {_ADVICE}"
    before, after = here.read_bytes().decode("utf-8", "replace"), form.text
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), "kept", "now", lineterm=""))
    if not lines:
        lines = ["only line ends differ"]
    more = [f"… and {len(lines) - MOST_LINES} more lines"] if len(lines) > MOST_LINES else []
    return "\n".join([f"the value differs from the snapshot {_shown(here)}; {_ADVICE}", *lines[:MOST_LINES], *more])


_ADVICE = "if that is right, write it anew: symphony test --update, or pytest --snapshot-update"
