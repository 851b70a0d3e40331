"""``symphony convert``: the same melody in the other language."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from symphony.cli.call_options import project_here
from symphony.cli.terminal import say, write
from symphony.errors import UsageError
from symphony.model.names import did_you_mean

FORMS = ("yaml", "python")


def convert(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A melody: a file, file.py:name, or a name.")],
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="|".join(FORMS), help="The language [default: by -o, else the other one]."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where it goes [default: stdout].")
    ] = None,
) -> None:
    """Write a melody in YAML or in Python; both mean the same."""
    form = _form(to, output, file)
    from symphony import bootstrap  # the engine; loaded by the commands that need it
    from symphony.cli.own_stdout import own_stdout

    with own_stdout():
        melody = bootstrap.load(file)
    if form == "yaml":
        from symphony.define.yaml_writer import to_yaml  # one of the two writers is needed

        text = to_yaml(melody)
    else:
        from symphony.define.python_writer import to_python

        with own_stdout():  # finding a player of the project imports its module
            text = to_python(melody, bootstrap.catalog_of(file))
    if output is None:
        write(text)
        return
    from symphony.cli.output_file import write_atomically  # only with -o

    write_atomically(output, text.encode())
    say(f"wrote {output}")


def _form(to: str | None, output: Path | None, file: str) -> str:
    if to is None:
        if output is not None and output.suffix in (".py", ".yaml", ".yml"):
            return "python" if output.suffix == ".py" else "yaml"
        from symphony import bootstrap  # finds what a name stands for

        found = bootstrap.find_definition(file, project_here())
        return "yaml" if Path(found.partition(":")[0]).suffix == ".py" else "python"
    if to not in FORMS:
        raise UsageError(f"--to {to!r}: {did_you_mean(to, FORMS, what='forms')}")
    return to
