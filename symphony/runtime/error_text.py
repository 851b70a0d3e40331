"""Takes a recorded error apart for people: what was said, then the lines of code that led there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from symphony.runtime.error_document import OWN_FILES


def error_parts(error: Mapping[str, Any] | None) -> tuple[list[str], list[str]]:
    """What was said, at least one line, and the frames of the traceback; none where only Symphony's own are there.

    Args:
        error: type, message and traceback.
    """
    error = error or {}
    lines = str(error.get("traceback") or "").splitlines()[1:]
    ends = 0
    while ends < len(lines) and lines[ends].startswith("  "):  # frames are indented, what was said is not
        ends += 1
    said = lines[ends:] or f"{error.get('type') or 'error'}: {error.get('message') or ''}".splitlines()
    frames = [line[2:] for line in lines[:ends]]
    files = [line for line in frames if line.startswith('File "')]
    return said, [] if all(OWN_FILES in line for line in files) else frames
