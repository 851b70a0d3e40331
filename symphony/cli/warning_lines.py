"""Tells Symphony's warnings in lines of their own, without the file and the line of code that Python adds."""

from __future__ import annotations

import warnings
from typing import TextIO

_as_usual = warnings.showwarning


def tell_warnings_plainly() -> None:
    """From now on warnings whose class is Symphony's are one line on stderr; all others look as ever."""
    warnings.showwarning = _told


def _told(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, file: TextIO | None = None,
    line: str | None = None,
) -> None:  # fmt: skip
    if not category.__module__.startswith("symphony."):
        _as_usual(message, category, filename, lineno, file, line)
        return
    from symphony.cli.terminal import say  # hardly a command warns

    say(f"warning: {message}")
