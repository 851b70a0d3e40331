"""``symphony test``: runs the tests of melodies; those in YAML itself, those in Python by pytest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from symphony.cli.call_options import Env, Json
from symphony.cli.terminal import say, write, write_document
from symphony.config.project import CASE_SUFFIXES
from symphony.errors import CompileError, UsageError

if TYPE_CHECKING:
    from symphony.cli.case_outcomes import Outcome
    from symphony.cli.name_filter import Chooses


def run_tests(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH", help="Files of tests, or folders with such [default: the current folder]."),
    ] = None,
    choose: Annotated[
        str,
        typer.Option(
            "-k", metavar="EXPRESSION", help="Only tests with these parts in their names: 'report and not slow'."
        ),
    ] = "",
    env: Env = None,
    update: Annotated[bool, typer.Option("--update", help="Write snapshots that differ anew.")] = False,
    junit: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="Write the results as JUnit XML.")
    ] = None,
    json: Json = False,
) -> None:
    """Run the tests of melodies.

    Test cases in YAML (first.test.yaml) need nothing else; tests in Python are handed to pytest. Exit 1 when a test fails.
    """
    from symphony.cli.name_filter import name_filter  # only this command needs these
    from symphony.cli.pytest_run import has_pytest, lack_of_pytest

    chosen, begun = name_filter(choose), perf_counter()
    cases, python = _tests_at(paths or ["."])
    outcomes = list(_run_cases(cases, chosen, env=env, update=update, quiet=json))
    unable = bool(python) and not has_pytest()
    if unable and not outcomes:
        raise lack_of_pytest(python)
    if python and not unable:
        outcomes += _run_python(paths or [], choose=choose, env=env, update=update, quiet=json)
    _report(outcomes, perf_counter() - begun, json=json, junit=junit)
    if unable:
        raise lack_of_pytest(python)


def _tests_at(places: Sequence[str]) -> tuple[list[Path], list[Path]]:
    """The files of tests, those in YAML and those in Python, each once.

    Raises:
        UsageError: there is no such file or no test.
    """
    from symphony.bootstrap.gathering import tests_below  # only this command needs it

    found: dict[Path, None] = {}
    for place in places:
        path = Path(place.partition("::")[0])
        if not path.exists():
            raise UsageError(f"there is no file {str(path)!r}: name files of tests or folders")
        if path.is_file() and not path.name.endswith((*CASE_SUFFIXES, ".py")):
            raise UsageError(
                f"{path} is no test: files of tests are called NAME.test.yaml, test_NAME.py or NAME_test.py"
            )
        found.update(dict.fromkeys(tests_below(path) if path.is_dir() else [path]))
    if not found:
        raise UsageError(
            f"there are no tests at {', '.join(places)}: looked for *.test.yaml, test_*.py and *_test.py. Begin with a "
            "file first.test.yaml beside the melody first.yaml"
        )
    return [f for f in found if f.suffix != ".py"], [f for f in found if f.suffix == ".py"]


def _run_cases(
    files: Sequence[Path], chosen: Chooses, *, env: str | None, update: bool, quiet: bool
) -> Iterator[Outcome]:
    """Run the cases of YAML files, and tell of each as it ends."""
    from symphony.cli.case_outcomes import line_of

    for file in files:
        shown = False
        for outcome in _outcomes_of(file, chosen, env=env, update=update):
            if not quiet:
                if not shown:
                    write(outcome.file)
                write(line_of(outcome))
                shown = True
            yield outcome


def _outcomes_of(file: Path, chosen: Chooses, *, env: str | None, update: bool) -> Iterator[Outcome]:
    from symphony.cli.case_outcomes import FAILED, PASSED, Outcome
    from symphony.cli.own_stdout import own_stdout
    from symphony.compiler.report_text import report_text
    from symphony.testing.case_reading import read_cases, shown_path
    from symphony.testing.case_running import run_case

    try:
        read = read_cases(file)
    except CompileError as error:
        yield Outcome(shown_path(file), "the file", FAILED, 0.0, report_text(error.diagnostics, colour=False))
        return
    for index, case in enumerate(read.document.cases):
        if not chosen(f"{file.name} {case.name}"):
            continue
        begun = perf_counter()
        with own_stdout():
            problems = run_case(read, index, update=update, env=env)
        line = read.line(("cases", index))
        state = FAILED if problems else PASSED
        yield Outcome(shown_path(file), case.name, state, perf_counter() - begun, "\n".join(problems), line)


def _run_python(places: Sequence[str], *, choose: str, env: str | None, update: bool, quiet: bool) -> list[Outcome]:
    """Run the Python tests: at the places that were named, as pytest would find them there."""
    from symphony.cli.pytest_run import run_pytest

    named = [place for place in places if not place.endswith(CASE_SUFFIXES)]
    return run_pytest(named, choose=choose, env=env, update=update, quiet=quiet)


def _report(outcomes: Sequence[Outcome], seconds: float, *, json: bool, junit: Path | None) -> None:
    from symphony.cli.case_outcomes import FAILED, document_of, failures_text, junit_of, summary_of
    from symphony.cli.output_file import write_atomically

    if junit is not None:
        write_atomically(junit, junit_of(outcomes).encode())
        say(f"wrote {junit}")
    if json:
        write_document(document_of(outcomes, seconds))
    else:
        cases = [o for o in outcomes if o.file.endswith(CASE_SUFFIXES)]  # pytest has told its own
        failures = failures_text(cases)
        write((f"\n{failures}\n" if failures else "") + f"\n{summary_of(outcomes, seconds)}")
    if not outcomes:
        raise UsageError("no test has a name that -k chooses")
    if any(o.state == FAILED for o in outcomes):
        raise typer.Exit(1)
