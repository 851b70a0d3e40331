"""The tree of commands. A command's module is loaded when the command, or the list of all, is asked for."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from symphony.cli.usage_text import usage_error
from symphony.cli.version import VERSION
from symphony.errors import UsageError
from symphony.model.names import did_you_mean

COMMANDS: dict[str, str] = {
    "init": "init:init",
    "check": "check:check",
    "compile": "check:compile_",
    "test": "testing:run_tests",
    "run": "run:run",
    "resume": "run:resume",
    "cancel": "cancel:cancel",
    "runs": "runs:runs",
    "show": "runs:show",
    "logs": "logs:logs",
    "why": "runs:why",
    "profile": "profile:profile",
    "replay": "replay:replay",
    "deploy": "deploy:deploy",
    "open": "open:open_",
    "diff": "diff:diff",
    "graph": "graph:graph",
    "convert": "convert:convert",
    "import": "import_:import_",
    "players": "players:players",
    "artifacts": "artifacts:app",
    "store": "store:app",
    "config": "config:app",
    "executors": "executors:executors",
    "doctor": "doctor:doctor",
    "completion": "completion:completion",
}
"""Each command's ``module:attribute`` below ``symphony.cli``, in the order of the help."""


class LazyGroup(TyperGroup):
    """A group whose commands are imported on use."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load one command.

        Raises:
            UsageError: there is no such command; names the nearest.
        """
        if cmd_name not in COMMANDS:
            raise UsageError(
                f"unknown command {cmd_name!r}: {did_you_mean(cmd_name, COMMANDS, what='commands', limit=30)}"
            )
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        return _command(cmd_name, getattr(import_module(f"symphony.cli.{module}"), attribute))

    def invoke(self, ctx: Any) -> Any:
        """Run the command. A closed pipe is kept from the library, which would call it a failure."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _PipeClosedError from error


class _PipeClosedError(Exception):
    """Carries a closed pipe past the command library."""


def _command(name: str, target: Any) -> Any:
    if isinstance(target, typer.Typer):
        return typer.main.get_command(target)
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(name)(target)
    return typer.main.get_command(app)


app = typer.Typer(
    cls=LazyGroup, name="symphony", add_completion=False, rich_markup_mode=None, no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)  # fmt: skip


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(f"symphony {VERSION}")
        raise typer.Exit


@app.callback()
def symphony(
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_say_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Workflow as code: melodies are checked, compiled into plans, run, and never computed twice."""


def run_program(words: Sequence[str]) -> int:
    """Run the command that the words name and return its exit code.

    Raises:
        SymphonyError: the command failed; the entry point says how.
        BrokenPipeError: whoever read the output is gone.
    """
    try:
        code = typer.main.get_command(app).main(list(words), prog_name="symphony", standalone_mode=False)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except _PipeClosedError as closed:
        raise BrokenPipeError from closed
    except Exception as error:
        if isinstance(error.__cause__, KeyboardInterrupt | EOFError):
            raise KeyboardInterrupt from error
        if type(error).__name__ == "NoArgsIsHelpError":
            sys.stderr.write(f"{error}\n")
            return UsageError.exit_code
        wrong = usage_error(error, words)
        if wrong is None:
            raise
        raise wrong from error
    return code if isinstance(code, int) else 0
