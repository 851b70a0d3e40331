"""``symphony check`` and ``symphony compile``: problems of melodies, and plans."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from symphony.cli.call_options import Env
from symphony.cli.terminal import has_colour, say, write
from symphony.errors import RefusedError, UsageError
from symphony.model.quantities import counted

Format = Annotated[
    str, typer.Option("--format", metavar="text|json|github|sarif|junit", help="The form of the report.")
]


def check(
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Melodies, plans, or names of melodies.")],
    format: Format = "text",
    json: Annotated[bool, typer.Option("--json", help="Short for --format json.")] = False,
    no_import: Annotated[
        bool, typer.Option("--no-import", help="Read players from their source; execute nothing of the project.")
    ] = False,
    env: Env = None,
) -> None:
    """Check melodies without running anything.

    Writes nothing. Exits with 2 when something is wrong.
    """
    format = "json" if json else format
    ok = _report(files, format, imports=not no_import, env=env)
    raise typer.Exit(0 if ok else 2)


def compile_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A melody: a file, file.py:name, or a name.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where the plan goes [default: stdout].")
    ] = None,
    only_check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 3 when the plan is not up to date.")
    ] = False,
    format: Format = "text",
    json: Annotated[bool, typer.Option("--json", help="Short for --format json.")] = False,
    env: Env = None,
) -> None:
    """Compile a melody into a plan.

    A plan is a file that can be read, hashed, compared and run. It is the same under every environment.
    """
    format = "json" if json else format
    from symphony import bootstrap  # the engine; loaded by the commands that need it
    from symphony.cli.own_stdout import own_stdout

    with own_stdout():
        checked = bootstrap.check(file, env=env)
    if checked.plan is None or not checked.ok:
        _report([file], format, env=env)
        raise typer.Exit(2)
    text = checked.plan.to_text()
    if only_check:
        _refuse_difference(file, output, text)
        _report([file], format, env=env)
    elif output is None and format == "text":
        _warn(checked)
        write(text)
    else:
        _write_plan(output, text)
        _report([file], format, env=env)


def _report(files: list[str], format: str, *, imports: bool = True, env: str | None = None) -> bool:
    """Report the problems of all files on stdout; returns whether there are no errors."""
    from symphony import bootstrap  # the engine; loaded by the commands that need it
    from symphony.cli.own_stdout import own_stdout
    from symphony.cli.version import VERSION
    from symphony.compiler.codes import ENVIRONMENT_TITLES, TITLES
    from symphony.compiler.report_formats import FORMATS, Surroundings, report

    if format not in FORMATS:
        report(format, ())  # raises, naming the formats
    with own_stdout():
        checked = [bootstrap.check(file, imports=imports, env=env) for file in files]
    found = [d for c in checked for d in c.diagnostics]
    plan = checked[0].plan if len(checked) == 1 else None
    about = Surroundings(
        files=files,
        plan_hash=plan.hash if plan else None,
        version=VERSION,
        titles=TITLES | ENVIRONMENT_TITLES,
        colour=has_colour(sys.stdout),
    )
    text = report(format, found, about)
    ok = all(c.ok for c in checked)
    write(text)
    if format == "text" and ok:
        for file, c in zip(files, checked, strict=True):
            write(
                f"{file}: ok" + (f", {counted(len(c.plan.tasks), 'task')}, plan {c.plan.hash[:12]}" if c.plan else "")
            )
    return ok


def _warn(checked: object) -> None:
    from symphony.compiler.report_text import report_text  # only when a plan goes to stdout

    text = report_text(getattr(checked, "diagnostics", ()), colour=has_colour(sys.stderr))
    if text:
        say(text)


def _write_plan(output: Path | None, text: str) -> None:
    if output is not None:
        from symphony.cli.output_file import write_atomically  # nothing to write without -o

        write_atomically(output, text.encode())
        say(f"wrote {output}")


def _refuse_difference(file: str, output: Path | None, text: str) -> None:
    path = output or Path(file).with_suffix(".plan.json")
    if not path.is_file():
        raise UsageError(f"--check compares with a plan file, and {path} is not there; name it with -o")
    if path.read_text(encoding="utf-8") != text:
        raise RefusedError(f"{path} is not up to date with {file}. Write it anew: symphony compile {file} -o {path}")
