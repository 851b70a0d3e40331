"""``symphony run`` and ``symphony resume``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from symphony.cli.call_options import (
    Env,
    Json,
    RunReference,
    State,
    parse_params,
    project_here,
    project_of,
    read_params,
    store_of,
)
from symphony.errors import UsageError
from symphony.model.quantities import parse_duration_s

Texts = list[str]
INTERRUPTED = 130


def run(
    melody: Annotated[str, typer.Argument(metavar="MELODY", help="A melody or plan: a file, file.py:name, or a name.")],
    param: Annotated[
        Texts | None, typer.Option("-p", "--param", metavar="NAME=VALUE", help="A parameter; repeat it.")
    ] = None,
    params: Annotated[Path | None, typer.Option("--params", metavar="FILE", help="Parameters as JSON or YAML.")] = None,
    output: Annotated[
        Texts | None, typer.Option("-o", "--output", metavar="NAME=PATH", help="Write an output there; repeat it.")
    ] = None,
    env: Env = None,
    executor: Annotated[
        str | None,
        typer.Option("--executor", metavar="NAME", help="Where it runs [default: as the environment says, else pit]."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, metavar="N", help="How many calls at a time.")
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option("--processes", min=1, metavar="N", help="How many calls at a time in processes of their own."),
    ] = None,
    json: Json = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would run and why; run nothing.")] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Serve nothing; results replace the old ones.")] = False,
    fail_fast: Annotated[
        bool | None,
        typer.Option(
            "--fail-fast/--no-fail-fast", help="Cancel the rest at the first failure [default: as the melody says]."
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Check that calls leave their inputs as they were.")] = False,
    durability: Annotated[
        str | None,
        typer.Option("--durability", metavar="process|power", help="What results survive: a kill, or a power cut too."),
    ] = None,
    timeout: Annotated[
        str | None, typer.Option("--timeout", metavar="TIME", help="Cancel what is not done by then: 90s, 20m, 2h.")
    ] = None,
    state: State = None,
    only: Annotated[
        Texts | None,
        typer.Option("--only", metavar="TASK", help="Only this task, and what it needs that is not kept; repeat it."),
    ] = None,
    until: Annotated[
        Texts | None, typer.Option("--until", metavar="TASK", help="This task and all that it needs; repeat it.")
    ] = None,
    force: Annotated[
        Texts | None, typer.Option("--force", metavar="TASK", help="Run this task and its dependants again; repeat it.")
    ] = None,
    tag: Annotated[
        Texts | None, typer.Option("--tag", metavar="TAG", help="A label for 'symphony runs --tag'; repeat it.")
    ] = None,
    matrix: Annotated[
        Path | None,
        typer.Option("--matrix", metavar="FILE", help="A run per row of parameters: YAML, JSON or CSV."),
    ] = None,
    junit: Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Write the tasks as JUnit XML.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Run again whenever a file of the project changes.")] = False,
) -> None:
    """Run a melody or a plan.

    With --matrix several times; the worst end counts. A summary goes to $GITHUB_STEP_SUMMARY where that is set.
    """
    if durability not in (None, "process", "power"):
        raise UsageError(
            f"--durability {durability!r}: valid are process (survives a kill) and power (survives a power cut)"
        )
    from symphony.cli.output_file import parse_targets  # kept from --help

    targets = parse_targets(output or [])
    given, texts = read_params(params), parse_params(param or [])
    project = project_of(melody, state)
    options: dict[str, Any] = {
        "env": env, "executor": executor, "durability": durability, "workers": workers, "processes": processes,
        "no_cache": no_cache, "project": project,
        "fail_fast": fail_fast, "strict": strict, "only": tuple(only or ()), "until": tuple(until or ()), "limit_s": _limit(timeout),
        "force": tuple(force or ()), "tags": tuple(tag or ()),
        "params": given, "raw_params": texts,
    }  # fmt: skip
    if dry_run:
        _predict(melody, options, json=json)
    elif watch:
        from symphony.cli.watch import watched  # only with --watch

        watched(project, [word for word in sys.argv[1:] if word != "--watch"])
    elif matrix is not None:
        raise typer.Exit(_run_matrix(melody, options, matrix, targets, junit, json=json))
    else:
        raise typer.Exit(_run(melody, options, targets, junit, json=json))


def resume(
    run: RunReference = "last",
    env: Annotated[str | None, typer.Option("--env", metavar="NAME", help="Another environment than before.")] = None,
    executor: Annotated[
        str | None, typer.Option("--executor", metavar="NAME", help="Another executor than before.")
    ] = None,
    json: Json = False,
    state: State = None,
) -> None:
    """Go on with a run where it stopped.

    Id, parameters and executor stay. What is recorded stands, the rest is run.
    """
    from symphony import bootstrap  # the engine; loaded by the commands that need it
    from symphony.cli.terminal import write_document

    project = project_here(state)

    def start(on_event: Callable[[Any], None]) -> Any:
        return bootstrap.resume(run, project=project, env=env, executor=executor, on_event=on_event)

    code, document, _ = _finish(start, project, {}, json=json)
    if json:
        write_document(document)
    raise typer.Exit(code)


def _limit(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return parse_duration_s(text)
    except ValueError as error:
        raise UsageError(f"--timeout {text!r}: {error}") from error


def _run(melody: str, options: dict[str, Any], targets: dict[str, Path], junit: Path | None, *, json: bool) -> int:
    from symphony.cli.terminal import write_document  # kept from --help

    if targets:
        _check_targets(melody, options["project"], targets)
    code, *finished = _finish(_starting(melody, options), options["project"], targets, json=json)
    if junit is not None or os.environ.get("GITHUB_STEP_SUMMARY"):
        from symphony.cli.run_reports import write_reports  # only where somebody wants them

        write_reports([(finished[0], finished[1])], junit)
    if json:
        write_document(finished[0])
    return code


def _starting(melody: str, options: dict[str, Any]) -> Callable[..., Any]:
    from symphony import bootstrap  # the engine; loaded by the commands that need it

    return lambda on_event: bootstrap.run(melody, **options, on_event=on_event)


def _run_matrix(
    melody: str, options: dict[str, Any], matrix: Path, targets: dict[str, Path], junit: Path | None, *, json: bool
) -> int:  # fmt: skip
    """A run per row, one after the other; a row that fails does not keep the next from running."""
    from symphony.cli.matrix import read_matrix  # only with --matrix
    from symphony.cli.run_reports import write_reports
    from symphony.cli.terminal import say, write_document

    if targets:
        raise UsageError("-o names one file, and --matrix gives many outputs; get them with: symphony artifacts get")
    rows, finished, codes = read_matrix(matrix), [], []
    try:
        for number, row in enumerate(rows, 1):
            say(f"row {number} of {len(rows)}: {', '.join(f'{n}={v}' for n, v in (row.values | row.texts).items())}")
            given = {
                "params": {n: v for n, v in options["params"].items() if n not in row.texts} | row.values,
                "raw_params": {n: v for n, v in options["raw_params"].items() if n not in row.values} | row.texts,
                "tags": (*options["tags"], f"row-{number}"),
            }
            code, document, tasks = _finish(_starting(melody, options | given), options["project"], {}, json=json)
            finished.append((document, tasks))
            codes.append(code)
            if code == INTERRUPTED:
                break
    finally:
        write_reports(finished, junit)
    if json:
        write_document({"runs": [document for document, _ in finished]})
    say(f"{sum(code == 0 for code in codes)} of {len(rows)} rows succeeded")
    return max(codes)


def _check_targets(melody: str, project: Any, targets: dict[str, Path]) -> None:
    """Find out before the run whether the outputs asked for exist."""
    from symphony import bootstrap  # only with -o
    from symphony.cli.output_file import check_targets

    plan = bootstrap.check(melody, project=project).plan
    if plan is not None:
        check_targets(targets, plan.outputs)


def _finish(start: Callable[..., Any], project: Any, targets: dict[str, Path], *, json: bool) -> tuple[int, Any, Any]:
    """Run with progress, then say and write what came of it; returns the exit code, the document and the tasks."""
    from symphony.cli.collector import collect_as_usual  # kept from --help
    from symphony.cli.interrupt import orderly_interrupts
    from symphony.cli.output_file import write_value
    from symphony.cli.own_stdout import own_stdout
    from symphony.cli.progress import Tally, shown_progress
    from symphony.cli.run_summary import say_summary
    from symphony.cli.terminal import say
    from symphony.runtime.document import run_document

    def usual_s(run: str) -> float | None:
        from symphony import bootstrap  # loaded already: the run has started

        return bootstrap.usual_seconds(store_of(project), run)

    collect_as_usual()
    tally = Tally()
    with own_stdout(json), orderly_interrupts(), shown_progress(tally, usual_s) as on_event:
        result = start(on_event)
    for name, path in targets.items():
        if name not in result.artifacts:
            say(f"{path} was not written: the run gave no {name}")
            continue
        write_value(path, result.outputs[name])
        say(f"wrote {path}")
    document = run_document(result, store_of(project), project.root)
    say_summary(document, result.tasks, told=tally.told, stream=sys.stderr if json else sys.stdout)
    if result.abandoned:
        say(f"could not be stopped and were left behind: {', '.join(result.abandoned)}")
    return int(result.exit_code), document, result.tasks


def _predict(melody: str, options: dict[str, Any], *, json: bool) -> None:
    from symphony import bootstrap  # the engine; loaded by the commands that need it
    from symphony.cli.decisions import decisions_document, write_decisions
    from symphony.cli.own_stdout import own_stdout
    from symphony.cli.terminal import write_document

    with own_stdout(json):
        decisions = bootstrap.dry_run(melody, **options)
    if json:
        write_document(decisions_document(decisions))
    else:
        write_decisions(decisions)
