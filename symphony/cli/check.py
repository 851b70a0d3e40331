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
    files: Annotated[
        list[str], typer.Argument(metavar="FILE", help="Melodies, plans, names of melodies, or folders of them.")
    ],
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
    from symphony import bootstrap  # the engine; loaded by the commands that need it

    format = "json" if json else format
    ok = _report(bootstrap.gathered(files), format, imports=not no_import, env=env)
    raise typer.Exit(0 if ok else 2)


def compile_(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE", help="Melodies: files, file.py:name, names, or folders.")
    ],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where the plan goes [default: stdout].")
    ] = None,
    only_check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 3 when a plan is not up to date.")
    ] = False,
    format: Format = "text",
    json: Annotated[bool, typer.Option("--json", help="Short for --format json.")] = False,
    env: Env = None,
) -> None:
    """Compile melodies into plans.

    A plan is a file that can be read, hashed, compared and run; it is the same under every environment. Those of several
    melodies go beside them, NAME.plan.json.
    """
    format = "json" if json else format
    from symphony import bootstrap  # the engine; loaded by the commands that need it
    from symphony.cli.own_stdout import own_stdout

    found = bootstrap.gathered(files)
    if len(found) > 1 and output is not None:
        raise UsageError(
            f"-o names one file, and {len(found)} melodies were given: without it each plan goes beside its melody"
        )
    with own_stdout():
        checked = [bootstrap.check(file, env=env) for file in found]
    if not all(c.plan is not None and c.ok for c in checked):
        _report(found, format, env=env)
        raise typer.Exit(2)
    plans = {file: c.plan.to_text() for file, c in zip(found, checked, strict=True) if c.plan is not None}
    if only_check:
        for file, text in plans.items():
            _refuse_difference(file, output, text)
    elif len(plans) > 1:
        for file, text in plans.items():
            _write_plan(_beside(file), text)
    elif output is not None:
        _write_plan(output, plans[found[0]])
    elif format == "text":
        _warn(checked[0])
        write(plans[found[0]])
        return
    _report(found, format, env=env)


def _beside(file: str) -> Path:
    """Where the plan of a melody goes: ``melodies/first.plan.json``; of one of several in a file with its name."""
    path, colon, name = file.partition(":")
    return Path(path).with_suffix(f".{name}.plan.json" if colon else ".plan.json")


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


def _write_plan(output: Path, text: str) -> None:
    from symphony.cli.output_file import write_atomically  # only where a file is written

    write_atomically(output, text.encode())
    say(f"wrote {output}")


def _refuse_difference(file: str, output: Path | None, text: str) -> None:
    path = output or _beside(file)
    if not path.is_file():
        raise UsageError(f"--check compares with a plan file, and {path} is not there; name it with -o")
    if path.read_text(encoding="utf-8") != text:
        raise RefusedError(f"{path} is not up to date with {file}. Write it anew: symphony compile {file} -o {path}")
