"""``symphony doctor``: whether the surroundings are as Symphony needs them."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

import typer

from symphony.cli.call_options import Json, State, project_here
from symphony.cli.terminal import size_text, write, write_document, write_table
from symphony.errors import SymphonyError

if TYPE_CHECKING:
    from symphony.config.project import Project

OLDEST = (3, 11)
LITTLE_BYTES = 500_000_000
FAULTY = 4
EXTRAS = {
    "dask": "distributed",
    "prefect": "prefect",
    "s3": "s3fs",
    "search": "tantivy",
    "conductor": "torch",
    "board": "starlette",
    "signing": "cryptography",
    "arrays": "pyarrow",
    "watch": "watchfiles",
}
"""Each optional part with a package that it brings."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `state` is ``ok``, ``warning``, ``missing`` (optional) or ``failed``."""

    name: str
    state: str
    detail: str


def doctor(json: Json = False, state: State = None) -> None:
    """Check the surroundings.

    Exits with 4 when something that is needed fails.
    """
    findings = list(examine(project_here(state)))
    ok = all(f.state != "failed" for f in findings)
    if json:
        write_document(
            {"ok": ok, "findings": [{"name": f.name, "state": f.state, "detail": f.detail} for f in findings]}
        )
    else:
        write_table(("what", "state", "detail"), [(f.name, f.state, f.detail) for f in findings])
        write("everything needed is there" if ok else "something needed fails; see the lines marked 'failed'")
    raise typer.Exit(0 if ok else FAULTY)


def examine(project: Project) -> Iterator[Finding]:
    """Look at everything. Nothing stays behind but the store, which is opened as any run would."""
    yield _python()
    yield Finding("project", "ok", str(project.root))
    yield _guarded("state folder", lambda: _writable(project))
    yield _guarded("disk", lambda: _space(project))
    yield _guarded("store", lambda: _store(project))
    git = shutil.which("git")
    yield Finding("git", "ok" if git else "warning", git or "not on PATH; git.* players and 'diff REV:path' need it")
    yield from _executors()
    for extra, package in EXTRAS.items():
        found = find_spec(package) is not None
        yield Finding(
            extra, "ok" if found else "missing", "" if found else f"optional: pip install 'symphony[{extra}]'"
        )


def _executors() -> Iterator[Finding]:
    """The executors that are there; one that cannot be loaded is no reason not to run on another."""
    from symphony.cli.executors import known_executors  # loads the executors

    for found in known_executors():
        if found["state"] != "not installed":
            state = "ok" if found["state"] == "installed" else "warning"
            yield Finding(f"executor {found['executor']}", state, found["from"])


def _python() -> Finding:
    good = sys.version_info[:2] >= OLDEST
    return Finding("python", "ok" if good else "failed", f"{platform.python_version()} at {sys.executable}")


def _guarded(name: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except (SymphonyError, OSError) as error:
        return Finding(name, "failed", " ".join(str(error).split()))


def _writable(project: Project) -> Finding:
    folder = project.state
    while not folder.exists():
        folder = folder.parent
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return Finding("state folder", "failed", f"{folder} cannot be written: {reason}; name another with --state")
    return Finding("state folder", "ok", str(project.state))


def _space(project: Project) -> Finding:
    folder = project.state if project.state.exists() else project.root
    free = shutil.disk_usage(folder).free
    state = "ok" if free >= LITTLE_BYTES else "warning"
    return Finding(
        "disk", state, f"{size_text(free)} free" + ("" if state == "ok" else "; runs stop when the disk is full")
    )


def _store(project: Project) -> Finding:
    if not os.access(project.root, os.W_OK) and not project.state.exists():
        return Finding("store", "failed", f"{project.root} is read-only; set SYMPHONY_STATE to a folder that is not")
    from symphony import bootstrap  # the engine; loaded by the commands that need it

    bootstrap.open_project_store(project)
    return Finding("store", "ok", "opens")
