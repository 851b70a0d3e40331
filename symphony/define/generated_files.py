"""Files that are made from the code: written, or checked to be fresh, by a command per kind."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


def write_or_check(texts: Mapping[Path, str], arguments: Sequence[str], *, command: str) -> int:
    """Write the files; with ``--check`` say which are out of date, and write nothing.

    Args:
        texts: what each file must hold.
        arguments: of the command.
        command: what writes them, for people: a module.

    Returns:
        The exit code: 1 where a file is out of date.
    """
    if "--check" not in arguments:
        for file, text in texts.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return 0
    stale = [file.name for file, text in texts.items() if not file.is_file() or file.read_text("utf-8") != text]
    if stale:
        sys.stderr.write(f"out of date: {', '.join(stale)}; run python -m {command}\n")
    return 1 if stale else 0
