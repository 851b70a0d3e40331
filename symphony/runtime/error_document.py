"""An error as plain data, as journal, listeners and documents tell it."""

from __future__ import annotations

import os
import traceback
from typing import Any

from symphony.errors import SymphonyError
from symphony.runtime.call_errors import OutcomeError

OWN_FILES = os.sep + os.path.join("symphony", "runtime") + os.sep
"""What is in the path of every file of the runtime: frames in these are not shown where there are others."""


def error_document(error: BaseException) -> dict[str, Any]:
    """An error as plain data: type, message, and the traceback from the body on."""
    if isinstance(error, OutcomeError):
        return dict(error.document)
    frames = traceback.extract_tb(error.__traceback__)
    kept = [f for f in frames if OWN_FILES not in f.filename]
    lines = ["Traceback (most recent call last):\n", *traceback.format_list(kept or frames)]
    lines += traceback.format_exception_only(type(error), error)
    message = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    return {
        "type": type(error).__name__,
        "message": message,
        "traceback": "".join(lines) if not isinstance(error, SymphonyError) else "",
    }


def error_types(error: BaseException) -> tuple[str, ...]:
    """The names of an error's class and of its bases, nearest first."""
    return error.types if isinstance(error, OutcomeError) else tuple(c.__name__ for c in type(error).__mro__)
