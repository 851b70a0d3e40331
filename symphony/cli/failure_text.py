"""Writes a failure for people: what went wrong in the first line, then where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from symphony.compiler.text_width import printable

LONGEST_LINE = 300


def failure_text(task: str, error: Mapping[str, Any] | None) -> str:
    """The whole failure: ``stats failed: ValueError: no rows``, and the lines of code that led there."""
    said, frames = _parts(error or {})
    lines = [f"{task} failed: {said[0]}", *(f"    {line}" for line in [*said[1:], *frames])]
    return "\n".join(printable(line.rstrip()) for line in lines)


def failure_line(task: str, error: Mapping[str, Any] | None) -> str:
    """The failure in one line."""
    return printable(f"{task} failed: {error_line(error)}")


def error_line(error: Mapping[str, Any] | None) -> str:
    """What went wrong, in one line."""
    return _parts(error or {})[0][0][:LONGEST_LINE]


def _parts(error: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """What was said, at least one line, and the frames of the traceback, which are indented by two."""
    lines = str(error.get("traceback") or "").splitlines()[1:]
    frames = 0
    while frames < len(lines) and lines[frames].startswith("  "):
        frames += 1
    said = lines[frames:] or f"{error.get('type') or 'error'}: {error.get('message') or ''}".splitlines()
    return said, [line[2:] for line in lines[:frames]]
