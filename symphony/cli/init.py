"""``symphony init``: a small project that runs at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from symphony.cli.terminal import write
from symphony.errors import UsageError


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where; made when it is not there.")] = Path("."),
) -> None:
    """Write a small project that runs at once.

    A melody, a player, a test, a CI workflow. Never overwrites a file.
    """
    from importlib.util import find_spec  # only here
    from shlex import quote

    from symphony.cli.init_files import files_for

    files = files_for(_project_name(folder))
    taken = [name for name in files if (folder / name).exists()]
    if taken:
        raise UsageError(
            f"{folder / taken[0]} exists already, and init overwrites nothing; choose another folder: symphony init DIR"
        )
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    write(f"Wrote {', '.join(files)}.\n\nNext:\n")
    steps = [
        "symphony check first",
        "symphony run first",
        "symphony run first -p name=Symphony",
        "symphony show last",
        *([] if find_spec("pytest") else ["pip install pytest"]),
        "symphony test",
        "pytest",
    ]
    if folder.resolve() != Path.cwd():
        steps.insert(0, f"cd {quote(str(folder))}")
    write("\n".join(f"  {step}" for step in steps))


def _project_name(folder: Path) -> str:
    """A name that packaging allows, from the folder's."""
    letters = [c if c.isascii() and c.isalnum() else "-" for c in folder.resolve().name.lower()]
    return "".join(letters).strip("-") or "melodies"
