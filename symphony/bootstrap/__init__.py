"""The one place where concrete parts meet: load, compile, run, resume, explain. Nothing is loaded before it is used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from symphony.bootstrap.asking import cancel as cancel
    from symphony.bootstrap.asking import find_run as find_run
    from symphony.bootstrap.asking import log_lines_after as log_lines_after
    from symphony.bootstrap.asking import logs as logs
    from symphony.bootstrap.asking import profile as profile
    from symphony.bootstrap.asking import replay as replay
    from symphony.bootstrap.asking import runs as runs
    from symphony.bootstrap.asking import show as show
    from symphony.bootstrap.asking import show_task as show_task
    from symphony.bootstrap.asking import usual_seconds as usual_seconds
    from symphony.bootstrap.asking import usual_task_seconds as usual_task_seconds
    from symphony.bootstrap.asking import why as why
    from symphony.bootstrap.checking import Checked as Checked
    from symphony.bootstrap.checking import catalog_of as catalog_of
    from symphony.bootstrap.checking import check as check
    from symphony.bootstrap.checking import compile as compile
    from symphony.bootstrap.checking import compile_with as compile_with
    from symphony.bootstrap.checking import load as load
    from symphony.bootstrap.deploying import deploy as deploy
    from symphony.bootstrap.executors import EXTRA_EXECUTORS as EXTRA_EXECUTORS
    from symphony.bootstrap.executors import executor_named as executor_named
    from symphony.bootstrap.finding import find_definition as find_definition
    from symphony.bootstrap.finding import project_of as project_of
    from symphony.bootstrap.finding import shipped_melodies as shipped_melodies
    from symphony.bootstrap.gathering import gathered as gathered
    from symphony.bootstrap.identities import identities_of as identities_of
    from symphony.bootstrap.importing import import_file as import_file
    from symphony.bootstrap.pins import verify_pins as verify_pins
    from symphony.bootstrap.running import dry_run as dry_run
    from symphony.bootstrap.running import resume as resume
    from symphony.bootstrap.running import run as run
    from symphony.bootstrap.running import run_async as run_async
    from symphony.bootstrap.stores import open_project_store as open_project_store
    from symphony.bootstrap.stores import open_store_to_look as open_store_to_look

_NAMES = {
    "asking": (
        "cancel",
        "find_run",
        "log_lines_after",
        "logs",
        "profile",
        "replay",
        "runs",
        "show",
        "show_task",
        "usual_seconds",
        "usual_task_seconds",
        "why",
    ),
    "checking": ("Checked", "catalog_of", "check", "compile", "compile_with", "load"),
    "deploying": ("deploy",),
    "finding": ("find_definition", "project_of", "shipped_melodies"),
    "gathering": ("gathered",),
    "identities": ("identities_of",),
    "importing": ("import_file",),
    "pins": ("verify_pins",),
    "executors": ("EXTRA_EXECUTORS", "executor_named"),
    "running": ("dry_run", "resume", "run", "run_async"),
    "stores": ("open_project_store", "open_store_to_look"),
}
"""The public names, by the module where they are found."""
_HOMES = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
