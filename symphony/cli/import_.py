"""``symphony import``: a workflow of another tool as a melody."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from symphony.cli.terminal import say, write

if TYPE_CHECKING:
    from symphony.define.importers.report import Imported

NOT_UNDERSTOOD = 3


def import_(
    foreign: Annotated[
        Path, typer.Argument(metavar="FILE", help="A WfFormat instance or a workflow of GitHub Actions.")
    ],
    from_: Annotated[
        str | None, typer.Option("--from", metavar="wfformat|github", help="The format [default: by the content].")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where the melody goes [default: stdout].")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 3 when something was not understood; write all the same.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document: the melody and the notes.")] = False,
) -> None:
    """Make a melody of another tool's workflow.

    What was not understood is told on stderr, with its place. Exits with 2 when no melody could be made.
    """
    from symphony.define.importers.front_door import import_text  # the readers; loaded by the commands that need them
    from symphony.define.yaml_writer import to_yaml

    found = import_text(foreign.read_bytes(), str(foreign), from_)
    text = None if found.melody is None else to_yaml(found.melody)
    for note in found.notes:
        say(note.one_line())
    if text is not None and output is not None:
        from symphony.cli.output_file import write_atomically  # only with -o

        write_atomically(output, text.encode())
        say(f"wrote {output}")
    if json:
        from json import dumps  # the option's name hides the module

        write(dumps(_document(found, text), ensure_ascii=False, indent=2))
    elif text is not None and output is None:
        write(text)
    raise typer.Exit(2 if text is None else NOT_UNDERSTOOD if strict and not found.understood else 0)


def _document(found: Imported, text: str | None) -> dict[str, Any]:
    return {
        "melody": text,
        "notes": [
            {
                "severity": str(note.severity),
                "message": note.message,
                "file": note.file,
                "line": note.span.line if note.span else None,
                "column": note.span.column if note.span else None,
                "path": note.key_path,
            }
            for note in found.notes
        ],
    }
