"""Calls the body of a player with a context, outside any run."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event as Flag
from typing import Any

from symphony.define.player import Player
from symphony.errors import UsageError
from symphony.model.names import did_you_mean
from symphony.runtime.context import RunContext

LOGGER = "symphony.testing"
"""The logger that gets what a body logs, so that pytest's ``caplog`` sees it."""


def run_player(player: Player[..., Any], /, **inputs: Any) -> Any:
    """Call a player as a run would: with a context, an empty work folder, and awaited if it is async.

    Paths that the body returns from its work folder can be read until the process ends. Nothing is cached.

    Raises:
        UsageError: it is no player, an input is missing, or the player has no such input.
        Exception: whatever the body raises.
    """
    return call_in_folder(player, inputs)[0]


def call_in_folder(player: Player[..., Any], inputs: Mapping[str, Any]) -> tuple[Any, Path]:
    """Call a player; gives what it returned, and the work folder that it was lent."""
    _check(player, inputs)
    context = _context_for(player)
    arguments = dict(inputs)
    if player.context_parameter is not None:
        arguments[player.context_parameter] = context
    result = player.function(**arguments)
    if inspect.iscoroutine(result):
        result = asyncio.run(result)
    return result, context.workdir


def _check(player: Player[..., Any], inputs: Mapping[str, Any]) -> None:
    if not isinstance(player, Player):
        raise UsageError(f"a player is needed, not {player!r}: decorate it with @operator, @instrument or @motif")
    signature = player.signature
    names = [port.name for port in signature.inputs]
    for name in inputs:
        if name not in names:
            raise UsageError(f"{signature.name} has no input {name!r}: {did_you_mean(name, names, what='inputs')}")
    for port in signature.inputs:
        if port.required and port.name not in inputs:
            raise UsageError(f"{signature.name} needs the input {port.name!r}: {port.type}")


def _context_for(player: Player[..., Any]) -> RunContext:
    name = player.function.__name__
    return RunContext(run_id="test", task_id=name, attempt=1, task=name, index=0, temporary=_folder(), stop=Flag(),
                      log=_log, progress=_nobody_listens)  # fmt: skip


@lru_cache(maxsize=1)
def _kept() -> TemporaryDirectory[str]:
    """One folder for the whole process, removed when it ends: results may lie inside."""
    return TemporaryDirectory(prefix="symphony-testing-")


def _folder() -> Path:
    return Path(_kept().name)


def _log(line: dict[str, Any]) -> None:
    level = logging.getLevelNamesMapping()[line["level"].upper()]
    logging.getLogger(LOGGER).log(level, "%s", line["message"])


def _nobody_listens(done: float, total: float | None) -> None:
    """Progress is for people who watch a run."""
