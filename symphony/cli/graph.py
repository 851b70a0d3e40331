"""``symphony graph``: a melody or plan as a picture."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from symphony.cli.call_options import State
from symphony.cli.terminal import has_colour, say, write
from symphony.errors import CompileError, UsageError
from symphony.model.names import did_you_mean

if TYPE_CHECKING:
    from symphony.compiler.graph import Graph
    from symphony.model.melody import Melody
    from symphony.model.plan import Plan

FORMATS = ("text", "mermaid", "dot", "svg", "json")


def graph(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A melody or plan: a file, file.py:name, or a name.")],
    format: Annotated[
        str | None,
        typer.Option("--format", metavar="|".join(FORMATS), help="The form of the drawing [default: text, or by -o]."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where it goes [default: stdout].")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Draw every node of a large graph.")] = False,
    run: Annotated[
        str | None, typer.Option("--run", metavar="RUN", help="Colour the tasks by their state in this run.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Short for --format json.")] = False,
    state: State = None,
) -> None:
    """Draw a melody or plan."""
    chosen = "json" if json else _format(format, output)
    from symphony.compiler.graph import graph_of  # drawing starts here; --help needs none of it

    drawn = _drawn(graph_of(_definition(file), _states(run, state)), chosen, full=full, to_file=output is not None)
    if output is None:
        write(drawn)
        return
    from symphony.cli.output_file import write_atomically  # only with -o

    write_atomically(output, drawn.encode())
    say(f"wrote {output}")


def _format(format: str | None, output: Path | None) -> str:
    if format is None:
        suffixes = {
            ".mmd": "mermaid",
            ".mermaid": "mermaid",
            ".dot": "dot",
            ".gv": "dot",
            ".svg": "svg",
            ".json": "json",
        }
        return suffixes.get(output.suffix, "text") if output else "text"
    if format not in FORMATS:
        raise UsageError(f"unknown format {format!r}: {did_you_mean(format, FORMATS, what='formats')}")
    return format


def _definition(file: str) -> Plan | Melody:
    """The plan, or the melody when it does not compile but can be read: a broken melody can be looked at."""
    from symphony import bootstrap  # the engine; loaded by the commands that need it
    from symphony.cli.own_stdout import own_stdout

    with own_stdout():
        checked = bootstrap.check(file)
    definition = checked.plan or checked.melody
    if definition is None:
        raise CompileError(checked.diagnostics)
    if not checked.ok:
        say(f"{file} has problems; 'symphony check {file}' lists them")
    return definition


def _states(run: str | None, state: Path | None) -> Mapping[str, str]:
    if run is None:
        return {}
    from symphony import bootstrap  # only with --run
    from symphony.cli.call_options import project_here, store_of

    store = store_of(project_here(state))
    return {t["task"]: t["state"] for t in bootstrap.show(store, bootstrap.find_run(store, run))["tasks"]}


def _drawn(graph: Graph, format: str, *, full: bool, to_file: bool) -> str:
    from symphony.compiler.draw_dot import draw_dot  # drawing; --help needs none of it
    from symphony.compiler.draw_json import draw_json
    from symphony.compiler.draw_mermaid import draw_mermaid
    from symphony.compiler.draw_svg import draw_svg
    from symphony.compiler.draw_text import draw_text

    if format == "text":
        return draw_text(graph, colour=not to_file and has_colour(sys.stdout))
    if format == "mermaid":
        return draw_mermaid(graph, full=full)
    if format == "svg":
        return draw_svg(graph, full=full)
    return draw_dot(graph) if format == "dot" else draw_json(graph)
