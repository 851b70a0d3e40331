"""What counts as one line of a log: the text of a record, and the level that a line is shown from."""

from __future__ import annotations

import logging

LONGEST = 64 * 1024
"""A longer line is cut."""
LEVELS = ("debug", "info", "warning", "error", "critical")


def message_of(record: logging.LogRecord) -> str:
    """The text of a record with its traceback; arguments that do not fit their format must not end a body."""
    try:
        message = record.getMessage()
    except Exception:  # noqa: BLE001  whatever the arguments do when they are turned into text
        message = str(record.msg)
    if record.exc_info:
        message += "\n" + logging.Formatter().formatException(record.exc_info)
    return message


def cut(message: str) -> str:
    """A line, shortened where it is longer than `LONGEST` characters."""
    if len(message) <= LONGEST:
        return message
    return f"{message[:LONGEST]}… {len(message) - LONGEST:,} more characters were not kept"


def reaches(level: str, least: str) -> bool:
    """Whether a level is at least another; one that nobody knows counts as ``info``."""
    return _rank(level) >= _rank(least)


def _rank(level: str) -> int:
    return LEVELS.index(level) if level in LEVELS else LEVELS.index("info")
