"""Writes a failure for people: what went wrong in the first line, then where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from symphony.compiler.text_width import printable
from symphony.runtime.error_text import error_parts

LONGEST_LINE = 300


def failure_text(task: str, error: Mapping[str, Any] | None) -> str:
    """The whole failure: ``stats failed: ValueError: no rows``, and the lines of code that led there."""
    said, frames = error_parts(error)
    lines = [f"{task} failed: {said[0]}", *(f"    {line}" for line in [*said[1:], *frames])]
    return "\n".join(printable(line.rstrip()) for line in lines)


def failure_line(task: str, error: Mapping[str, Any] | None) -> str:
    """The failure in one line."""
    return printable(f"{task} failed: {error_line(error)}")


def error_line(error: Mapping[str, Any] | None) -> str:
    """What went wrong, in one line."""
    return error_parts(error)[0][0][:LONGEST_LINE]
