"""``symphony diff``: two melodies or plans compared by meaning."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from symphony.cli.call_options import State
from symphony.cli.terminal import has_colour, write
from symphony.errors import CompileError, UsageError
from symphony.model.names import did_you_mean

if TYPE_CHECKING:
    from symphony.compiler.diff import Difference
    from symphony.compiler.diff_forecast import Forecast
    from symphony.model.plan import Plan

FORMATS = ("text", "json", "markdown", "mermaid", "html")
DIFFERENT = 3


def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="A file, file.py:name, plan, name, or REVISION:path.")],
    after: Annotated[str, typer.Argument(metavar="B", help="What A is compared with: the same forms.")],
    format: Annotated[
        str, typer.Option("--format", metavar="|".join(FORMATS), help="The form of the report.")
    ] = "text",
    json: Annotated[bool, typer.Option("--json", help="Short for --format json.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Draw every node of a large picture.")] = False,
    state: State = None,
) -> None:
    """Compare two melodies or plans by meaning.

    Says what a next run would make and be served, and how long that takes, from the last run of the first.
    Exits with 0 when they are equal, with 3 when not.
    """
    chosen = "json" if json else format
    if chosen not in FORMATS:
        raise UsageError(f"unknown format {chosen!r}: {did_you_mean(chosen, FORMATS, what='formats')}")
    from symphony.compiler.diff import compare  # comparing starts here; --help needs none of it

    old, new = plan_at(before), plan_at(after)
    difference = compare(old, new)
    foreseen = None if chosen == "mermaid" else _foreseen(old, new, difference, state)
    write(_report(difference, old, new, foreseen, chosen, full=full))
    raise typer.Exit(0 if difference.equal else DIFFERENT)


def plan_at(place: str) -> Plan:
    """Compile what a place names: a file as it is, or as it was at a revision of git.

    Raises:
        CompileError: the melody there does not compile.
        UsageError: there is nothing there.
    """
    from symphony.cli.revision import plan_at_revision, split_revision  # git is asked only when a revision is named

    found = split_revision(place)
    return _compiled(place) if found is None else plan_at_revision(*found)


def _compiled(target: str) -> Plan:
    from symphony import bootstrap  # the engine; loaded by the commands that need it
    from symphony.cli.own_stdout import own_stdout

    with own_stdout():
        checked = bootstrap.check(target)
    if checked.plan is None:
        raise CompileError(checked.diagnostics)
    return checked.plan


def _foreseen(old: Plan, new: Plan, difference: Difference, state: Path | None) -> Forecast:
    from symphony import bootstrap  # only here: the journal knows how long tasks took
    from symphony.cli.call_options import project_here, store_of
    from symphony.compiler.diff_forecast import forecast

    return forecast(old, new, difference, bootstrap.usual_task_seconds(store_of(project_here(state)), old.melody))


def _report(
    difference: Difference, old: Plan, new: Plan, foreseen: Forecast | None, format: str, *, full: bool
) -> str:  # fmt: skip
    from symphony.compiler.draw_diff import draw_diff_mermaid  # reports; --help needs none of them
    from symphony.compiler.report_diff import report_diff_json, report_diff_markdown, report_diff_text

    if format == "json":
        return report_diff_json(difference, foreseen)
    if format == "text":
        return report_diff_text(difference, foreseen, colour=has_colour(sys.stdout))
    if format == "html":
        from symphony.compiler.report_diff_html import report_diff_html  # only here

        return report_diff_html(old, new, difference, foreseen, full=full)
    picture = draw_diff_mermaid(old, new, difference, full=full)
    return picture if format == "mermaid" else report_diff_markdown(difference, foreseen, mermaid=picture)
